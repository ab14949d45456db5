package window

import (
	"math/rand/v2"
	"testing"
	"time"

	"summarizer/summaries"
)

var second = Config{Window: 10 * time.Second, Hop: time.Second}

// at is a reading of clocks that agree, s seconds after some moment.
func at(s float64) Reading {
	ns := int64(s * 1e9)
	return Reading{Wall: 1.8e18 + ns, Mono: 5e9 + ns, Boot: 7e9 + ns}
}

func wall(s float64) int64 { return at(s).Wall }

func TestClock(t *testing.T) {
	shift := func(r Reading, wall, boot float64) Reading {
		r.Wall += int64(wall * 1e9)
		r.Boot += int64(boot * 1e9)
		return r
	}
	noBoot := func(r Reading) Reading { r.Boot = 0; return r }
	for _, c := range []struct {
		name   string
		from   Reading
		to     Reading
		pane   Pane // zero: still open
		starts int64
	}{
		{"time passes", at(0.2), at(0.9), Pane{}, wall(0)},
		{"boundary", at(0.9), at(1), Pane{wall(0), wall(1), summaries.Closed}, wall(1)},
		{"stopped for an hour", at(0.9), at(3600.5), Pane{wall(0), wall(1), summaries.Closed}, wall(3600)},
		{"slewed", at(0.2), shift(at(0.3), 0.4, 0), Pane{}, wall(0)},
		{"slewed back over the start", at(0.2), shift(at(0.3), -0.4, 0), Pane{}, wall(0)},
		{"slewed while stopped", at(0.9), shift(at(3600.5), 1.8, 0), Pane{wall(0), wall(1), summaries.Closed}, wall(3602)},
		{"set forward", at(0.2), shift(at(0.4), 100, 0), Pane{wall(0), wall(0.4), summaries.ClockStep}, wall(100)},
		{"set back", at(0.2), shift(at(0.4), -100, 0), Pane{wall(0), wall(0.4), summaries.ClockStep}, wall(-100)},
		{"set back within the pane", at(0.7), shift(at(0.9), -0.6, 0), Pane{wall(0), wall(0.9), summaries.ClockStep}, wall(0)},
		{"slept", at(0.2), shift(at(0.4), 5000, 5000), Pane{wall(0), wall(0.4), summaries.Sleep}, wall(5000)},
		{"slept and set back", at(0.2), shift(at(0.4), 10, 5000), Pane{wall(0), wall(0.4), summaries.Sleep}, wall(10)},
		{"slept while late", at(0.2), shift(at(7), 50, 50), Pane{wall(0), wall(1), summaries.Sleep}, wall(57)},
		{"ahead, boot unknown", noBoot(at(0.2)), noBoot(shift(at(0.4), 100, 0)), Pane{wall(0), wall(0.4), summaries.Sleep}, wall(100)},
		{"back, boot unknown", noBoot(at(0.2)), noBoot(shift(at(0.4), -9, 0)), Pane{wall(0), wall(0.4), summaries.ClockStep}, wall(-9)},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := NewClock(second, c.from)
			pane, over := k.Tick(c.to)
			if pane != c.pane || over != (c.pane != Pane{}) || k.Start() != c.starts {
				t.Errorf("%+v, %v, then %d; want %+v, then %d", pane, over, k.Start(), c.pane, c.starts)
			}
			if pane, over := k.Tick(c.to); over {
				t.Errorf("the same reading again ends %+v", pane)
			}
		})
	}
}

// Whatever the clocks do: at most one pane per tick, the panes reported are those that were
// open, none is empty of time or longer than a hop, and as long as nothing steps they follow
// each other without overlap. After each tick the open pane holds the wall clock, but for
// slews below tolerance.
func TestClockNeverBursts(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		now := at(rng.Float64() * 100)
		k := NewClock(second, now)
		lastEnd := int64(0)
		for range 500 {
			now = moved(rng, now)
			open := k.Start()
			pane, over := k.Tick(now)
			if !over {
				if k.Start() != open || now.Wall >= open+int64(second.Hop) || now.Wall < open-int64(2*time.Second) {
					t.Fatalf("seed %d: pane %d still open at %d", seed, open, now.Wall)
				}
				continue
			}
			if pane.Start != open || pane.End <= pane.Start || pane.End > open+int64(second.Hop) {
				t.Fatalf("seed %d: %+v ended, open was %d", seed, pane, open)
			}
			if pane.Reason == summaries.Closed && (pane.Start < lastEnd && lastEnd != 0 || k.Start() < pane.End) {
				t.Fatalf("seed %d: %+v overlaps what ended at %d", seed, pane, lastEnd)
			}
			if k.Start() != second.Start(now.Wall) {
				t.Fatalf("seed %d: next pane at %d, wall clock %d", seed, k.Start(), now.Wall)
			}
			if lastEnd = pane.End; pane.Reason != summaries.Closed {
				lastEnd = 0
			}
		}
	}
}

// moved is a later reading: mostly a fraction of a second, sometimes a pause, sleep, step or slew.
func moved(rng *rand.Rand, r Reading) Reading {
	d := rng.Int64N(4e8)
	if rng.IntN(20) == 0 {
		d = rng.Int64N(1e13)
	}
	r.Wall, r.Mono, r.Boot = r.Wall+d, r.Mono+d, r.Boot+d
	switch rng.IntN(20) {
	case 0:
		s := rng.Int64N(1e13)
		r.Wall, r.Boot = r.Wall+s, r.Boot+s
	case 1:
		r.Wall += rng.Int64N(2e12) - 1e12
	case 2:
		r.Wall -= rng.Int64N(4e8)
	}
	return r
}
