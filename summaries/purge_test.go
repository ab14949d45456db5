package summaries

import (
	"fmt"
	"testing"

	"summarizer/esbridge"
)

// TestPurge: two streams made to raise unlisted_max with few events. One process has the
// whole table for its share, so that no path with more than 2 × events / share may go.
func TestPurge(t *testing.T) {
	const share = 512
	for name, stream := range map[string]func(fold func(count uint64, path string)){
		// Old rows of 50 events hold the table. If rows were ranked by what they surely
		// counted alone, each purge would take one of 49 events that misses as much as all
		// those before it.
		"new rows just below old ones": func(fold func(uint64, string)) {
			for i := range share {
				fold(50, fmt.Sprintf("/old/%d", i))
			}
			for i := range 100 * share / 4 {
				if i%(share/4) == 0 {
					fold(49, fmt.Sprintf("/new/%d", i))
				} else {
					fold(1, fmt.Sprintf("/new/%d", i))
				}
			}
		},
		// Directories that outrank all files leave these few slots, until unlisted_max has
		// risen to what the directories count.
		"directories that outrank all files": func(fold func(uint64, string)) {
			for i := range 100 * share {
				fold(1, fmt.Sprintf("/d%d/%d", i%share, i))
			}
			for i := range 400 * share {
				fold(1, fmt.Sprintf("/d%d/n%d", i%share, i))
			}
		},
	} {
		tree := NewTree(Limits{Origins: 4, Programs: 16, Processes: 16, Paths: share, PathBytes: share * minUnit}, nil, &testKey)
		var p esbridge.Process
		evil(&p, 1, 1)
		stream(func(count uint64, path string) {
			tree.Fold(&esbridge.Event{Process: &p, Count: count, Path: []byte(path)}, 1)
		})
		s := testHead()
		tree.Snapshot(s)
		q := s.Origins[0].Programs[0].Processes[0]
		if most := 2 * q.Events / share; q.UnlistedMax > most {
			t.Errorf("%s: unlisted_max is %d of %d events, want at most %d", name, q.UnlistedMax, q.Events, most)
		} else {
			t.Logf("%s: unlisted_max is %d, at most %d are allowed", name, q.UnlistedMax, most)
		}
	}
}
