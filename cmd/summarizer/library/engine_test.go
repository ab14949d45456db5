package main

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"summarizer/esbridge"
	"summarizer/summaries"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is an engine with a host that keeps what it is given.
type rig struct {
	*engine
	t    *testing.T
	got  []*summaries.Summary
	hold bool // acknowledge nothing
}

func newRig(t *testing.T, config string) *rig {
	t.Helper()
	c, err := parseConfig([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := c.aggregator()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Boottime = nil // beside a fake clock the real one would tell of a sleep
	ring, err := c.ring(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	e, err := startEngine(cfg, ring)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{engine: e, t: t}
	go e.outbox.serve(r.take)
	return r
}

func (r *rig) take(seq uint64, frame []byte) {
	s, err := summaries.DecodeFrame(frame)
	if err != nil || s.Seq != seq {
		r.t.Errorf("frame %d: %v", seq, err)
		return
	}
	r.got = append(r.got, s)
	if !r.hold {
		if got := r.outbox.acknowledge(seq); got != success {
			r.t.Errorf("acknowledging %d: %v", seq, got)
		}
	}
}

// sum is the events and the dropped ones of all summaries.
func (r *rig) sum() (events, dropped uint64) {
	for _, s := range r.got {
		events += s.Events
		dropped += s.Ledger.QueueDropped
	}
	return events, dropped
}

var writer = esbridge.Process{PID: 1 << 23, Executable: []byte("/bin/writer")}

func (r *rig) write(kind esbridge.Kind, path string) result {
	return r.foldEvent(&esbridge.Event{Kind: kind, Count: 1, Path: []byte(path)}, &writer)
}

// TestDropped: while a thread that folds is suspended, others wait for a time and not longer;
// then their batch counts as dropped, by kind, and the ledger has it too.
func TestDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "")
		r.turn.take(untilDone) // and is suspended
		start := time.Now()
		var results []result
		for i := range 2 * batchSize {
			results = append(results, r.write(esbridge.Kind(i%2), "/f"))
		}
		if waited := time.Since(start); waited != 2*maxWait {
			t.Errorf("waited %v", waited)
		}
		for i, got := range results {
			if want := i%batchSize == batchSize-1; (got == errDropped) != want {
				t.Errorf("event %d: %v", i, got)
			}
		}
		r.turn.release()
		r.write(esbridge.Write, "/f")
		s := r.stats()
		if s.given != 2*batchSize+1 || s.dropped[esbridge.Create] != batchSize || s.dropped[esbridge.Write] != batchSize {
			t.Errorf("%+v", s)
		}
		if got := r.close(time.Minute); got != success {
			t.Error(got)
		}
		if events, dropped := r.sum(); events != 1 || dropped != 2*batchSize {
			t.Errorf("%d events, %d dropped", events, dropped)
		}
	})
}

// TestOneOutstanding: a host that does not acknowledge is called once; windows merge, and
// nothing is lost when it acknowledges at last.
func TestOneOutstanding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, `{"window": "1s"}`)
		r.hold = true
		for range 20 {
			r.write(esbridge.Write, "/f")
			time.Sleep(time.Second) // of the fake clock
			synctest.Wait()
		}
		s := r.stats()
		if len(r.got) != 1 || s.frames != 1 || s.waiting != 2 || s.merged == 0 || s.outstanding != r.got[0].Seq {
			t.Errorf("called %d times, %+v", len(r.got), s.outboxStats)
		}
		r.hold = false
		first := r.got[0].Seq
		for i, seq := range []uint64{first + 1, 0, first, first} {
			if got := r.outbox.acknowledge(seq); (got == success) != (i == 2) {
				t.Errorf("acknowledging %d: %v", seq, got)
			}
		}
		if got := r.close(time.Minute); got != success {
			t.Error(got)
		}
		if events, _ := r.sum(); events != 20 {
			t.Errorf("%d events in %d frames", events, len(r.got))
		}
		for i := 1; i < len(r.got); i++ {
			if r.got[i].FirstSeq != r.got[i-1].Seq+1 {
				t.Errorf("frame %d begins with %d, after %d", i, r.got[i].FirstSeq, r.got[i-1].Seq)
			}
		}
	})
}

// TestCloseTimesOut: a host that never acknowledges keeps close for as long as it asked for.
func TestCloseTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "")
		r.hold = true
		r.write(esbridge.Write, "/f")
		start := time.Now()
		if got := r.close(3 * time.Second); got != errTimeout || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", got, time.Since(start))
		}
		if r.close(0) != errHandle || r.flush() != errHandle || r.write(esbridge.Write, "/f") != errHandle ||
			r.foldMessage(1, nil, 1) != errHandle {
			t.Error("it is not closed")
		}
	})
}

// TestFlush: what was folded before a flush is in a frame after it, and numbers go on.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, `{"window": "1h"}`)
		for i := range 3 {
			r.write(esbridge.Write, "/f")
			if got := r.flush(); got != success {
				t.Fatal(got)
			}
			synctest.Wait()
			if events, _ := r.sum(); events != uint64(i+1) || len(r.got) != i+1 || r.got[i].Seq != uint64(i+1) {
				t.Fatalf("%d events in %d frames after flush %d", events, len(r.got), i)
			}
		}
		if r.run.before != nil && r.run.before.before != nil {
			t.Error("runs that are over are kept")
		}
		r.close(time.Minute)
	})
}

// TestRefreshes: of rolling windows the host is given the newest, and every tile.
func TestRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, `{"window": "4s", "hop": "1s"}`)
		for range 12 {
			r.write(esbridge.Write, "/f")
			time.Sleep(time.Second)
			synctest.Wait()
		}
		r.close(time.Minute)
		var tiles, refreshes uint64
		for _, s := range r.got {
			if s.Window.Tile {
				tiles += s.Events
			} else {
				refreshes++
			}
		}
		if tiles != 12 || refreshes < 6 {
			t.Errorf("%d events in tiles, %d refreshes", tiles, refreshes)
		}
	})
}

// TestThreads folds from many goroutines while windows are flushed.
func TestThreads(t *testing.T) {
	r := newRig(t, `{"window": "100ms", "frame_size": 16384}`)
	const threads, each = 8, 3000
	var wg sync.WaitGroup
	for i := range threads {
		wg.Go(func() {
			for range each {
				r.write(esbridge.Kind(i), strings.Repeat("/d", i+1))
			}
		})
	}
	for range 5 {
		if got := r.flush(); got != success {
			t.Error(got)
		}
	}
	wg.Wait()
	if got := r.close(time.Hour); got != success {
		t.Error(got)
	}
	s := r.stats()
	events, lost := r.sum()
	var dropped uint64
	for _, n := range s.dropped {
		dropped += n
	}
	if s.given != threads*each || events+lost != s.given || lost != dropped {
		t.Errorf("given %d, %d in frames, %d dropped there, %d in stats", s.given, events, lost, dropped)
	}
}

// TestMuteSelf: what this process does is left out, and counted.
func TestMuteSelf(t *testing.T) {
	for config, muted := range map[string]uint64{`{"window": "1h"}`: 1, `{"window": "1h", "mute_self": false}`: 0} {
		r := newRig(t, config)
		self := writer
		self.PID = pid()
		r.foldEvent(&esbridge.Event{Kind: esbridge.Write, Count: 1}, &self)
		r.write(esbridge.Write, "/f")
		r.close(time.Hour)
		got := r.got[len(r.got)-1]
		has := slices.ContainsFunc(got.Muted, func(m summaries.MuteRule) bool { return strings.HasPrefix(m.Rule, "self: pid=") })
		if got.Ledger.Muted != muted || got.Events != 2-muted || has != (muted == 1) {
			t.Errorf("%s: %d events, muted %+v", config, got.Events, got.Muted)
		}
	}
}
