package aggregator

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// maxPane is what the state of an open window may take at the default limits.
const maxPane = 24 << 20

// TestPaneMemory: all that an open window will ever use is allocated with it, and is at most
// maxPane.
func TestPaneMemory(t *testing.T) {
	cfg := Config{Key: sketch.Key{1}}.withDefaults()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := newPane(&cfg, cfg.window().Hop)
	runtime.ReadMemStats(&after)
	size := after.TotalAlloc - before.TotalAlloc
	t.Logf("an open window takes %d bytes (%.1f MiB)", size, float64(size)/(1<<20))
	if size > maxPane {
		t.Errorf("an open window takes %d bytes, at most %d are allowed", size, maxPane)
	}
	runtime.KeepAlive(p)
}

// TestNoGrowth: after thousands of windows of everything at once no more memory is in use
// than after the first thousand.
func TestNoGrowth(t *testing.T) {
	if plainly(t) {
		return
	}
	const settled, last, perWindow = 1000, 10_000, 4
	cfg := testConfig
	cfg.Window = 100 * time.Millisecond
	cfg.Limits = summaries.Limits{Origins: 4, Programs: 16, Processes: 16, Paths: 64, PathBytes: 64 * 64}
	synctest.Test(t, func(t *testing.T) {
		a, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var windows, events uint64
		var inUse [2]uint64
		var frame []byte
		src := &storm{pause: cfg.Window / perWindow, batches: perWindow * (last + 1)}
		err = a.Run(t.Context(), src, func(s *summaries.Summary) (err error) {
			frame, err = summaries.AppendFrame(frame[:0], s, cfg.FrameSize)
			events += s.Events
			switch windows++; windows {
			case settled:
				inUse[0] = heapInUse()
			case last:
				inUse[1] = heapInUse()
			}
			return err
		})
		if err != nil || windows < last || events != src.events {
			t.Fatalf("%d windows with %d events of %d: %v", windows, events, src.events, err)
		}
		t.Logf("%d bytes in use after %d windows, %d after %d", inUse[0], settled, inUse[1], last)
		if inUse[1] > inUse[0]+inUse[0]/50 {
			t.Errorf("%d bytes in use after %d windows, %d after %d: more than 2 %% were added", inUse[0], settled, inUse[1], last)
		}
	})
}

// heapInUse is what the heap holds after a collection, in bytes.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first one found unreachable is swept by now
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
