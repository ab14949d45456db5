package aggregator

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// TestClockSteps: a clock that is set forward and back, sleep of hours and batches that come
// late never lose or double an event, and never make a burst of summaries.
func TestClockSteps(t *testing.T) {
	for seed := range uint64(4) {
		for _, hop := range []time.Duration{10 * time.Second, time.Second} {
			synctest.Test(t, func(t *testing.T) { stepClocks(t, seed, hop) })
		}
	}
}

func stepClocks(t *testing.T, seed uint64, hop time.Duration) {
	rng := rand.New(rand.NewPCG(seed, 5))
	cfg := testConfig
	cfg.Hop = hop
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	now := window.Reading{Wall: epoch + rng.Int64N(1e12), Mono: 1, Boot: 1}
	l := newLive(a, false, now)
	var counted uint64
	reasons := map[summaries.EndReason]int{}
	done := make(chan error)
	go func() {
		done <- l.summarize(func(s *summaries.Summary) error {
			if s.Window.Tile {
				counted += s.Events
			}
			reasons[s.Window.EndReason]++
			checkFrame(t, s, cfg.FrameSize)
			return nil
		})
	}()
	const batches = 400
	for range batches {
		jump(rng, &now)
		e := event(0, "/a")
		e.Arrival = now.Wall - rng.Int64N(1e9)
		e.First, e.Last = e.Arrival, e.Arrival
		l.take(0, &esbridge.Batch{Events: []esbridge.Event{e, e}, Now: now.Wall}, now)
		if rng.IntN(4) > 0 {
			synctest.Wait() // else the next boundary may find the summarizer busy
		}
	}
	l.finish(summaries.Shutdown, now)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if counted != 2*batches {
		t.Errorf("seed %d hop %v: tiles count %d events, want %d", seed, hop, counted, 2*batches)
	}
	all := 0
	for _, n := range reasons {
		all += n
	}
	if all > 2*batches {
		t.Errorf("seed %d hop %v: %d summaries of %d batches", seed, hop, all, batches)
	}
	for _, r := range []summaries.EndReason{summaries.Closed, summaries.Sleep, summaries.ClockStep} {
		if reasons[r] == 0 || reasons[summaries.Shutdown] != 1 {
			t.Errorf("seed %d hop %v: windows ended by %v", seed, hop, reasons)
		}
	}
}

// jump moves the clocks as they may move between two batches of a live source.
func jump(rng *rand.Rand, now *window.Reading) {
	awake := rng.Int64N(2e9)
	now.Wall, now.Mono, now.Boot = now.Wall+awake, now.Mono+awake, now.Boot+awake
	switch rng.IntN(20) {
	case 0: // asleep
		hours := rng.Int64N(20 * 3600e9)
		now.Wall, now.Boot = now.Wall+hours, now.Boot+hours
	case 1: // set forward
		now.Wall += rng.Int64N(3600e9)
	case 2: // set back
		now.Wall -= rng.Int64N(3600e9)
	}
}
