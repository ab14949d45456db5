package aggregator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a source that delivers given batches; a live one sleeps between them.
type script struct {
	batches []esbridge.Batch
	every   time.Duration
	live    bool
	err     error
}

func (s *script) Info() esbridge.Info { return esbridge.Info{Name: "script", Live: s.live} }

func (s *script) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	for i := range s.batches {
		if s.live {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(s.every):
			}
			now := time.Now().UnixNano()
			s.batches[i].Now = now
			for j := range s.batches[i].Events {
				e := &s.batches[i].Events[j]
				e.Arrival = now
				if e.Last == 0 {
					e.First, e.Last = now, now
				}
			}
		}
		if err := deliver(&s.batches[i]); err != nil {
			return err
		}
	}
	return s.err
}

var testConfig = Config{
	Window: 10 * time.Second, Key: sketch.Key{1}, FrameSize: summaries.MinFrameSize,
	Limits: summaries.Limits{Origins: 4, Programs: 16, Processes: 64, Paths: 256, PathBytes: 256 * 64},
}

// run returns all summaries of a source.
func run(t *testing.T, cfg Config, src esbridge.Source) []*summaries.Summary {
	t.Helper()
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var all []*summaries.Summary
	if err := a.Run(t.Context(), src, func(s *summaries.Summary) error {
		checkFrame(t, s, cfg.FrameSize)
		all = append(all, s)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// checkFrame holds a summary against laws 1 and 3: it fits, it adds up.
func checkFrame(t *testing.T, s *summaries.Summary, size int) {
	t.Helper()
	frame, err := summaries.AppendFrame(nil, s, size)
	if err != nil {
		t.Fatal(err)
	}
	if len(frame) != size {
		t.Fatalf("a frame of %d bytes, want %d", len(frame), size)
	}
	if _, err := summaries.DecodeFrame(frame); err != nil {
		t.Fatal(err)
	}
	if s.Ledger.Folded != s.Events {
		t.Fatalf("%d folded, %d events", s.Ledger.Folded, s.Events)
	}
}

// tileTotals sums what history would sum.
func tileTotals(all []*summaries.Summary) (events, received uint64) {
	for _, s := range all {
		if s.Window.Tile {
			events += s.Events
			received += s.Ledger.Received
		}
	}
	return events, received
}

var process = esbridge.Process{PID: 1, Executable: []byte("/bin/x"), Origin: []byte("system")}

func event(at int64, path string) esbridge.Event {
	return esbridge.Event{Kind: esbridge.Write, Process: &process, Path: []byte(path), Count: 1, First: at, Last: at}
}

const epoch = int64(1767322800e9) // a multiple of every window used here

// recording is a random recording of n events: mostly in order, with disorder, gaps and
// absurd times; cut into batches of random length.
func recording(rng *rand.Rand, n int) (batches []esbridge.Batch) {
	at := epoch
	for i := 0; i < n; {
		var b esbridge.Batch
		for range 1 + rng.IntN(200) {
			switch at += rng.Int64N(3e8); rng.IntN(400) {
			case 0:
				at += rng.Int64N(7200e9)
			case 1:
				b.Events = append(b.Events, event(rng.Int64(), "/absurd"))
			case 2:
				b.Events = append(b.Events, event(-rng.Int64(), "/absurd"))
			case 3:
				b.Events = append(b.Events, esbridge.Event{Process: &process, Path: []byte("relative"), Count: 1})
			default:
				b.Events = append(b.Events, event(at-rng.Int64N(1e9), fmt.Sprint("/f/", rng.IntN(900))))
			}
			i++
		}
		b.Tally.Ignored = uint64(rng.IntN(3))
		batches = append(batches, b)
	}
	return batches
}

func total(batches []esbridge.Batch) (n uint64) {
	for _, b := range batches {
		n += uint64(len(b.Events)) + b.Tally.Ignored
	}
	return n
}

// recut deals the same events into batches of another size.
func recut(batches []esbridge.Batch, size int) (out []esbridge.Batch) {
	var all esbridge.Batch
	for _, b := range batches {
		all.Events = append(all.Events, b.Events...)
		all.Tally.Add(&b.Tally)
	}
	for i := 0; i < len(all.Events); i += size {
		out = append(out, esbridge.Batch{Events: all.Events[i:min(i+size, len(all.Events))]})
	}
	out[0].Tally = all.Tally
	return out
}

// TestReplayConserves: a recording counts every event once, whatever its times, however it
// is cut into batches and for every hop; and the same one gives the same summaries.
func TestReplayConserves(t *testing.T) {
	for seed := range uint64(4) {
		batches := recording(rand.New(rand.NewPCG(seed, 0)), 3000)
		for _, hop := range []time.Duration{10 * time.Second, 2 * time.Second} {
			cfg := testConfig
			cfg.Hop = hop
			first := run(t, cfg, &script{batches: batches})
			events, received := tileTotals(first)
			if want := total(batches); received != want {
				t.Errorf("seed %d hop %v: tiles received %d, want %d", seed, hop, received, want)
			}
			for _, size := range []int{1, 17, 5000} {
				if e, r := tileTotals(run(t, cfg, &script{batches: recut(batches, size)})); e != events || r != received {
					t.Errorf("seed %d: in batches of %d: %d events of %d, want %d of %d", seed, size, e, r, events, received)
				}
			}
			if a, b := asJSON(t, first), asJSON(t, run(t, cfg, &script{batches: batches})); a != b {
				t.Errorf("seed %d: two replays differ", seed)
			}
			for i, s := range first {
				if s.Seq != uint64(i+1) {
					t.Errorf("summary %d has number %d", i+1, s.Seq)
				}
			}
		}
	}
}

func asJSON(t *testing.T, all []*summaries.Summary) string {
	t.Helper()
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReplayGapIsNoBurst: hours without events are no summaries.
func TestReplayGapIsNoBurst(t *testing.T) {
	all := run(t, testConfig, &script{batches: []esbridge.Batch{{Events: []esbridge.Event{
		event(epoch, "/a"), event(epoch+1e9, "/b"),
		event(epoch+36000e9, "/c"), event(epoch+36000e9, "/d"), event(epoch+36001e9, "/e"), event(epoch+36002e9, "/f"),
	}}}})
	if len(all) != 2 {
		t.Fatalf("%d summaries, want 2", len(all))
	}
}

// TestLive: a live source is folded by arrival; boundaries are aligned, windows are as long
// as configured, and no event is lost or doubled at them.
func TestLive(t *testing.T) {
	for _, hop := range []time.Duration{10 * time.Second, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			src := &script{live: true, every: 300 * time.Millisecond}
			for i := range 200 {
				src.batches = append(src.batches, esbridge.Batch{Events: []esbridge.Event{event(0, fmt.Sprint("/", i%7))}, Tally: esbridge.Tally{Muted: 1}})
			}
			cfg := testConfig
			cfg.Hop = hop
			cfg.Muted = []summaries.MuteRule{{Rule: "self", Counted: true}}
			all := run(t, cfg, src)
			if events, received := tileTotals(all); events != 200 || received != 400 {
				t.Errorf("hop %v: %d events of %d received, want 200 of 400", hop, events, received)
			}
			for i, s := range all {
				w := s.Window
				if last := i == len(all)-1; last != (w.EndReason == summaries.SourceEnded) || !last && w.End%int64(hop) != 0 {
					t.Errorf("hop %v: summary %d of %d is %+v", hop, i, len(all), w)
				}
				if w.End-w.Start > int64(cfg.Window) || w.Merged > uint32(cfg.Window/hop) {
					t.Errorf("hop %v: a window of %v, %d merged", hop, time.Duration(w.End-w.Start), w.Merged)
				}
				if s.Muted[0].Events != s.Ledger.Muted {
					t.Errorf("%d muted, the rule says %d", s.Ledger.Muted, s.Muted[0].Events)
				}
			}
			if hop == time.Second && len(all) < 55 {
				t.Errorf("%d summaries in a minute at a hop of a second", len(all))
			}
		})
	}
}

// TestSlowDeliver: while deliver is busy the open window grows; nothing queues, nothing is
// lost, and folding goes on.
func TestSlowDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{live: true, every: time.Second}
		for range 300 {
			src.batches = append(src.batches, esbridge.Batch{Events: []esbridge.Event{event(0, "/a")}})
		}
		a, err := New(testConfig)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var n, merged, calls uint64
		var sourceDone time.Duration
		err = a.Run(t.Context(), &ending{src, func() { sourceDone = time.Since(began) }}, func(s *summaries.Summary) error {
			time.Sleep(45 * time.Second)
			n += s.Events
			merged += uint64(s.Window.Merged)
			calls++
			return nil
		})
		if err != nil || n != 300 || calls > 8 || merged < 29 {
			t.Errorf("%d events in %d summaries of %d windows, %v; want 300 in at most 8 of about 30", n, calls, merged, err)
		}
		if sourceDone != 300*time.Second {
			t.Errorf("the source needed %v, want 300s: folding waited", sourceDone)
		}
	})
}

// ending calls done when the source inside ends.
type ending struct {
	esbridge.Source
	done func()
}

func (e *ending) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	defer e.done()
	return e.Source.Run(ctx, deliver)
}

// TestEnds: what was counted is delivered whatever ends the run, and says what did.
func TestEnds(t *testing.T) {
	broken := errors.New("broken")
	for _, live := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			src := &script{live: live, every: time.Second, err: broken, batches: []esbridge.Batch{{Events: []esbridge.Event{event(epoch, "/a")}}}}
			var last *summaries.Summary
			deliver := func(s *summaries.Summary) error { last = s; return nil }
			if err := mustNew(t).Run(t.Context(), src, deliver); !errors.Is(err, broken) || last.Window.EndReason != summaries.SourceEnded || last.Events != 1 {
				t.Errorf("live %v: after a failing source: %v, %+v", live, err, last.Window)
			}
			if err := mustNew(t).Run(t.Context(), src, func(*summaries.Summary) error { return broken }); !errors.Is(err, broken) {
				t.Errorf("live %v: a failing deliver gives %v", live, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src := &script{live: true, every: time.Second}
		for i := range 10 {
			src.batches = append(src.batches, esbridge.Batch{Events: []esbridge.Event{event(0, fmt.Sprint("/", i))}})
		}
		time.AfterFunc(3500*time.Millisecond, cancel)
		var last *summaries.Summary
		err := mustNew(t).Run(ctx, src, func(s *summaries.Summary) error { last = s; return nil })
		if err != nil || last.Window.EndReason != summaries.Shutdown || last.Events != 3 {
			t.Errorf("after cancel: %v, %d events, %+v", err, last.Events, last.Window)
		}
	})
}

func mustNew(t *testing.T) *Aggregator {
	t.Helper()
	a, err := New(testConfig)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAbsurdTimes: a live event of an absurd time is counted as clamped, and says nothing of
// how late events come.
func TestAbsurdTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{live: true, every: time.Second}
		for _, at := range []int64{-1 << 63, 1, 1<<63 - 1, 0} { // 0 becomes the time of arrival
			src.batches = append(src.batches, esbridge.Batch{Events: []esbridge.Event{event(at, "/a")}})
		}
		s := run(t, testConfig, src)[0]
		if l := s.Ledger; s.Events != 4 || l.Clamped != 3 || l.Late != 0 || l.MaxLag != 0 {
			t.Errorf("%d events, %d clamped, %d late, lag %v", s.Events, l.Clamped, l.Late, time.Duration(l.MaxLag))
		}
	})
}
