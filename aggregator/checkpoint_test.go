package aggregator

import (
	"testing"
	"testing/synctest"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
)

var ignoreCheckpoint = func(*summaries.Summary) {}

// TestCheckpointHoldsWhatIsInNoTile: killed at any checkpoint, the tiles delivered until then
// and the checkpoint are all that had been folded, of every process; clocks jump meanwhile.
func TestCheckpointHoldsWhatIsInNoTile(t *testing.T) {
	for seed := range uint64(3) {
		for _, hop := range []time.Duration{10 * time.Second, 2 * time.Second, time.Second, 200 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig
				cfg.Hop, cfg.FrameSize, cfg.Checkpoint, cfg.LastSeq = hop, summaries.DefaultFrameSize, ignoreCheckpoint, seed*1000
				d := newDrive(t, seed, cfg)
				d.run(200, func() {})
				if len(d.cuts) < 30 {
					t.Errorf("seed %d hop %v: only %d checkpoints of 200 batches", seed, hop, len(d.cuts))
				}
			})
		}
	}
}

// TestCheckpointPace: whatever the hop, what was folded is in a tile or a checkpoint about a
// second later, and checkpoints are no more frequent than that.
func TestCheckpointPace(t *testing.T) {
	for _, hop := range []time.Duration{10 * time.Second, time.Second, 500 * time.Millisecond} {
		for _, every := range []time.Duration{10 * time.Millisecond, time.Second} {
			synctest.Test(t, func(t *testing.T) {
				const run = 60 * time.Second
				src := &script{live: true, every: every, batches: make([]esbridge.Batch, run/every)}
				for i := range src.batches {
					src.batches[i].Events = []esbridge.Event{event(0, "/a")}
				}
				cfg := testConfig
				cfg.Hop = hop
				last, longest, n := time.Now(), time.Duration(0), 0
				safe := func() { longest, last = max(longest, time.Since(last)), time.Now() }
				cfg.Checkpoint = func(s *summaries.Summary) {
					safe()
					n++
					if left := int64(hop) - s.Window.End%int64(hop); every < boundaryNear && left < int64(boundaryNear) {
						t.Errorf("hop %v: a checkpoint %v before a boundary", hop, time.Duration(left))
					}
				}
				a, err := New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(900 * time.Millisecond) // so that slow batches come shortly before a boundary
				last = time.Now()
				err = a.Run(t.Context(), src, func(s *summaries.Summary) error {
					if s.Window.Tile {
						safe()
					}
					return nil
				})
				allowed := checkpointEvery
				if every < boundaryNear {
					allowed += boundaryNear + 2*every
				}
				if err != nil || n < 40 || n > 60 || longest > allowed {
					t.Errorf("hop %v, a batch every %v: %d checkpoints, %v between two: %v", hop, every, n, longest, err)
				}
			})
		}
	}
}

// TestCheckpointOfUnevenBatches: batches that come about once a second, some a little early,
// bring a checkpoint each: none may wait for the one behind.
func TestCheckpointOfUnevenBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const batches = 60
		src := &script{live: true, every: 500 * time.Millisecond, batches: make([]esbridge.Batch, batches)}
		for i := range src.batches {
			src.batches[i].Events = []esbridge.Event{event(0, "/a")}
		}
		cfg := testConfig
		cfg.Hop = 10 * time.Second
		last, longest := time.Time{}, time.Duration(0)
		safe := func() {
			if !last.IsZero() { // the first batch comes at once
				longest = max(longest, time.Since(last))
			}
			last = time.Now()
		}
		cfg.Checkpoint = func(*summaries.Summary) { safe() }
		a, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		uneven := &between{src, func() { // makes it 1.003 s and 0.997 s in turns
			n++
			time.Sleep(500*time.Millisecond + time.Duration(n%2*2-1)*3*time.Millisecond)
		}}
		err = a.Run(t.Context(), uneven, func(s *summaries.Summary) error {
			if s.Window.Tile {
				safe()
			}
			return nil
		})
		if err != nil || longest > checkpointEvery+10*time.Millisecond {
			t.Errorf("%v between two checkpoints: %v", longest, err)
		}
	})
}

// TestCheckpointSkippedWhileBusy: a slow reader gets no checkpoints in between, no window is
// lost, and folding goes on.
func TestCheckpointSkippedWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{live: true, every: time.Second, batches: make([]esbridge.Batch, 300)}
		for i := range src.batches {
			src.batches[i].Events = []esbridge.Event{event(0, "/a")}
		}
		cfg := testConfig
		checkpoints, n := 0, uint64(0)
		cfg.Checkpoint = func(*summaries.Summary) { checkpoints++; time.Sleep(3 * time.Second) }
		a, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		began, ended := time.Now(), time.Duration(0)
		err = a.Run(t.Context(), &ending{src, func() { ended = time.Since(began) }}, func(s *summaries.Summary) error {
			n += s.Events
			time.Sleep(25 * time.Second)
			return nil
		})
		if err != nil || n != 300 || checkpoints == 0 || checkpoints > 100 || ended != 300*time.Second {
			t.Errorf("%d events, %d checkpoints, the source ended after %v: %v", n, checkpoints, ended, err)
		}
	})
}
