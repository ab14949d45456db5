package window

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"summarizer/summaries"
)

const base = int64(1.7e18)

// recording plays events into a Watermark the way an aggregator does: two piles, shifted when
// a pane closes.
type recording struct {
	t          *testing.T
	w          *Watermark
	open, next []int64 // event times
	panes      []Pane
	held       [][]int64 // by pane: event times
	late       uint64
	clamped    uint64
	misplaced  uint64 // events in another pane than that of their time
	max        int    // panes closed by one event
}

func play(t *testing.T, c Config, lateness time.Duration, times ...int64) *recording {
	r := &recording{t: t, w: NewWatermark(c, lateness)}
	for _, at := range times {
		before := len(r.panes)
		p := r.w.Observe(at, 1, r.closed)
		r.max = max(r.max, len(r.panes)-before)
		if p.Next {
			r.next = append(r.next, at)
		} else {
			r.open = append(r.open, at)
		}
		r.late += p.Late
		r.clamped += p.Clamped
	}
	r.w.Flush(summaries.SourceEnded, r.closed)
	return r
}

func (r *recording) closed(p Pane) {
	if len(r.open) == 0 {
		r.t.Errorf("pane %+v is empty", p)
	}
	for _, at := range r.open {
		if at < p.Start || at >= p.End {
			r.misplaced++
		}
	}
	r.panes, r.held = append(r.panes, p), append(r.held, r.open)
	r.open, r.next = r.next, nil
}

// check is what holds for every input.
func (r *recording) check(events int) {
	r.t.Helper()
	n := len(r.open) + len(r.next)
	if n != 0 {
		r.t.Errorf("%d events left behind", n)
	}
	for _, held := range r.held {
		n += len(held)
	}
	if n != events {
		r.t.Errorf("%d events in panes, want %d", n, events)
	}
	hop := int64(r.w.c.Hop)
	for i, p := range r.panes {
		if p.End-p.Start != hop || p.Start%hop != 0 || i > 0 && p.Start < r.panes[i-1].End {
			r.t.Errorf("pane %d is %+v", i, p)
		}
		if want := summaries.Closed; i < len(r.panes)-1 && p.Reason != want {
			r.t.Errorf("pane %d ended because %v", i, p.Reason)
		}
	}
	if r.late+r.clamped < r.misplaced {
		r.t.Errorf("%d late, %d clamped, but %d in the wrong pane", r.late, r.clamped, r.misplaced)
	}
	if r.max > 2 {
		r.t.Errorf("one event closed %d panes", r.max)
	}
}

// Events at most the allowed lateness out of order, without gaps above MaxJump, each gap
// ended by its earliest event: each lands in the pane of its time, and the panes are exactly
// those that have events.
func TestWatermarkIsExactWithinLateness(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 3))
		c := randomConfig(rng)
		lateness := min(c.Hop, DefaultLateness)
		now, begins, panes := base, int64(0), map[int64]int{}
		var times []int64
		for range 400 {
			now += rng.Int64N(int64(c.Hop) / 4)
			if rng.IntN(50) == 0 || len(times) == 0 {
				now += rng.Int64N(int64(MaxJump / 2))
				begins = now
			}
			at := max(now-rng.Int64N(int64(lateness)), begins)
			times = append(times, at)
			panes[c.Start(at)]++
		}
		r := play(t, c, DefaultLateness, times...)
		r.check(len(times))
		if r.late+r.clamped+r.misplaced != 0 || len(r.panes) != len(panes) {
			t.Fatalf("seed %d: %d late, %d clamped, %d misplaced; %d panes of %d", seed, r.late, r.clamped, r.misplaced, len(r.panes), len(panes))
		}
		for i, p := range r.panes {
			if len(r.held[i]) != panes[p.Start] {
				t.Fatalf("seed %d: pane %d holds %d, want %d", seed, p.Start, len(r.held[i]), panes[p.Start])
			}
		}
	}
}

// Any times at all: nothing is lost or counted in two panes, panes rise, none is empty, and
// whatever is in the wrong pane is in the ledger.
func TestWatermarkSurvivesAnyTimes(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 4))
		now := int64(1.7e18)
		times := make([]int64, 200)
		for i := range times {
			now += rng.Int64N(1e9)
			times[i] = now
			switch rng.IntN(30) {
			case 0:
				times[i] = int64(rng.Uint64()) // anything
			case 1:
				times[i] = Earliest + rng.Int64N(Latest-Earliest)
			case 2:
				now += rng.Int64N(1e14) - 2e13
			case 3:
				times[i] = now - rng.Int64N(1e13)
			case 4:
				times[i] = []int64{0, -1, -1 << 63, 1<<63 - 1, Earliest - 1, Latest + 1, Latest}[rng.IntN(7)]
			}
		}
		play(t, randomConfig(rng), time.Duration(rng.Int64N(4e9)), times...).check(len(times))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// steady is n events a tenth of a second apart from a number of seconds after base.
func steady(from float64, n int) (times []int64) {
	for i := range n {
		times = append(times, base+int64(from*1e9)+int64(i)*1e8)
	}
	return times
}

func TestWatermarkCases(t *testing.T) {
	year := int64(365 * 24 * time.Hour)
	join := func(parts ...[]int64) []int64 { return slices.Concat(parts...) }
	for _, c := range []struct {
		name          string
		times         []int64
		panes         int
		late, clamped uint64
	}{
		{"nothing", nil, 0, 0, 0},
		{"one absurd time in the middle", join(steady(0, 25), []int64{base + 60*year}, steady(2.5, 25)), 5, 0, 1},
		{"three absurd times in a row", join(steady(0, 25), []int64{base + 9*year, base + 9*year, base + 9*year}, steady(2.5, 25)), 5, 0, 3},
		{"absurd times that disagree", join(steady(0, 25), []int64{base + 9*year, base + 8*year, base + 7*year, base + 6*year, base + 5*year}, steady(2.5, 25)), 5, 0, 5},
		{"absurd times between good ones", join(steady(0, 10), []int64{base + year}, steady(1, 5), []int64{base + year}, steady(1.5, 5),
			[]int64{base + year, base + year}, steady(2, 10), []int64{base + year}, steady(3, 20)), 5, 0, 5},
		{"an absurd time first", join([]int64{base + 60*year}, steady(0, 50)), 5, 0, 1},
		{"no time first", join([]int64{0, 0}, steady(0, 50)), 5, 0, 2},
		{"nothing but no time", []int64{0, 0, -5}, 1, 0, 3},
		{"a gap of hours", join(steady(0, 30), steady(7200, 30)), 6, 0, Confirm - 1},
		{"a gap of minutes", join(steady(0, 30), steady(300, 30)), 6, 0, 0},
		{"an event from before the open pane", join(steady(0, 30), steady(0.5, 1), steady(3, 10)), 4, 1, 0},
		{"time set back by an hour", join(steady(3600, 30), steady(0, 30)), 3, 30, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := play(t, second, 500*time.Millisecond, c.times...)
			r.check(len(c.times))
			if len(r.panes) != c.panes || r.late != c.late || r.clamped != c.clamped {
				t.Errorf("%d panes, %d late, %d clamped; want %d, %d, %d", len(r.panes), r.late, r.clamped, c.panes, c.late, c.clamped)
			}
			if n := len(r.panes); n > 0 && r.panes[n-1].Reason != summaries.SourceEnded {
				t.Errorf("the last pane ended because %v", r.panes[n-1].Reason)
			}
		})
	}
}

func TestWatermarkWeighsEvents(t *testing.T) {
	w := NewWatermark(second, 0)
	none := func(p Pane) { t.Errorf("closed %+v", p) }
	if p := w.Observe(base+int64(time.Hour), 7, none); p != (Placement{Time: base + int64(time.Hour)}) {
		t.Errorf("first: %+v", p)
	}
	if p := w.Observe(base, 5, none); p != (Placement{Time: base, Clamped: 7}) {
		t.Errorf("earlier time before the first is confirmed: %+v", p)
	}
	if p := w.Observe(0, 3, none); p != (Placement{Time: base, Clamped: 3}) {
		t.Errorf("no time: %+v", p)
	}
	if p := w.Observe(base-1, 2, none); p != (Placement{Time: base, Late: 2}) {
		t.Errorf("late: %+v", p)
	}
}
