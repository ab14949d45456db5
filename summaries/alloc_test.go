package summaries

import (
	"bytes"
	"testing"

	"summarizer/esbridge"
)

// TestFloodsAllocateNothing: folding never allocates, whatever comes: not where every event is
// new, nor where a table is folded many times over.
func TestFloodsAllocateNothing(t *testing.T) {
	for _, f := range append(floods, storms...) {
		tree := NewTree(small, DefaultWatch, &testKey)
		events := make([]esbridge.Event, 5000)
		processes := make([]esbridge.Process, len(events))
		for i := range events {
			events[i] = esbridge.Event{Process: &processes[i], Kind: esbridge.Kind(i % esbridge.NumKinds), Count: 1}
			f.fold(i, &processes[i], &events[i])
			events[i].Path = bytes.Clone(events[i].Path)
		}
		if n := testing.AllocsPerRun(1, func() {
			for i := range events {
				tree.Fold(&events[i], int64(i))
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations in %d events", f.name, n, len(events))
		}
	}
}
