package summaries

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"summarizer/esbridge"
)

var errorLimits = Limits{Origins: 4, Programs: 16, Processes: 16, Paths: 512, PathBytes: 512 * maxRowPath}

// heavyOrders say whether event i of n, of which a flood makes the others, is a heavy one.
var heavyOrders = map[string]func(rng *rand.Rand, i, n, heavy int) bool{
	"all first":    func(_ *rand.Rand, i, _, heavy int) bool { return i < heavy },
	"all last":     func(_ *rand.Rand, i, n, heavy int) bool { return i >= n-heavy },
	"spread":       func(_ *rand.Rand, i, n, heavy int) bool { return i%(n/heavy) == 0 },
	"in bursts":    func(_ *rand.Rand, i, n, heavy int) bool { return i%(n/heavy*10) < 10 },
	"half and end": func(_ *rand.Rand, i, n, heavy int) bool { return i >= n/2 && i < n/2+heavy/2 || i >= n-heavy/2-1 },
	"at random":    func(rng *rand.Rand, _, n, heavy int) bool { return rng.IntN(n) < heavy+heavy/4 },
}

// busyDirectories is a flood of as many directories as a share has rows, one after the other; each gets
// so many new files that it soon ranks above a heavy path.
var busyDirectories = flood{"busy directories", func(i int, p *esbridge.Process, e *esbridge.Event) {
	e.Path = fmt.Appendf(nil, "/tmp/x/%d/%d", i/400, i)
}}

// TestHeavyPathIsListed: a path with more than 2 × events / share of its process is listed,
// whenever its events come and however the flood around them is made. Four processes share
// the table, so the share of each is a quarter of it.
func TestHeavyPathIsListed(t *testing.T) {
	const n, processes = 12000, 4
	share := errorLimits.Paths / processes
	heavy := 2*n/share + 1
	tree := NewTree(errorLimits, nil, &testKey)
	path := []byte("/home/a/heavy")
	for _, f := range append([]flood{busyDirectories}, floods[1:]...) {
		for order, isHeavy := range heavyOrders {
			tree.Reset()
			rng := rand.New(rand.NewPCG(1, 4))
			var p esbridge.Process
			var truth [processes]uint64
			for i := range n * processes {
				e := esbridge.Event{Process: &p, Kind: esbridge.Write, Count: 1}
				f.fold(i, &p, &e)
				who := i % processes
				evil(&p, who, 1)
				if isHeavy(rng, i/processes, n, heavy) {
					e.Path = path
					truth[who]++
				}
				tree.Fold(&e, 1)
			}
			s := testHead()
			tree.Snapshot(s)
			for i := range s.Origins[0].Programs[0].Processes {
				q := &s.Origins[0].Programs[0].Processes[i]
				evil(&p, int(q.PID), 1)
				row, bound := find(s, &esbridge.Event{Process: &p, Path: path}), 2*q.Events/uint64(share)
				if q.UnlistedMax > bound {
					t.Errorf("%s, %s: unlisted_max is %d, want at most %d", f.name, order, q.UnlistedMax, bound)
				}
				if n := truth[q.PID]; n > bound && (row == nil || n < row.Events || n > row.Events+row.MissedMax) {
					t.Errorf("%s, %s: row %+v of a path with %d events, more than %d", f.name, order, row, n, bound)
				}
			}
		}
	}
}

// subtrees are floods of one process that keep to a directory, and which.
var subtrees = map[string]func(i int) []byte{
	"/private/tmp/x/": func(i int) []byte { return fmt.Appendf(nil, "/private/tmp/x/%d", i) },
	"/private/var/":   func(i int) []byte { return fmt.Appendf(nil, "/private/var/%d/f", i) },
	"/Users/a/docs/":  func(i int) []byte { return fmt.Appendf(nil, "/Users/a/docs/%d/%d/%d.doc", i%7, i%1000, i) },
	"/deep/": func(i int) []byte {
		return append(append([]byte("/deep"), bytes.Repeat([]byte("/d"), i%300)...), fmt.Sprint("/", i)...)
	},
	"/long/": func(i int) []byte {
		return append(append([]byte("/long"), bytes.Repeat([]byte("/level"), 600)...), fmt.Sprint("/", i)...)
	},
}

// TestStormSubtreeIsNamed: where more processes want rows of paths than there are, those of the
// others, in which nearly all of the storm is, still say where it went.
func TestStormSubtreeIsNamed(t *testing.T) {
	const n = 30000
	limits := Limits{Origins: 4, Programs: 16, Processes: 256, Paths: 160, PathBytes: 160 * minUnit}
	tree := NewTree(limits, nil, &testKey)
	var p esbridge.Process
	for i := range n {
		evil(&p, i/3, 1)
		tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/tmp/x/%d", i)}, 1)
		if i%500 == 0 { // and some elsewhere
			tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/home/%d/log", i)}, 1)
		}
		evil(&p, 1, 1)
		p.Origin = fmt.Appendf(nil, "user:%d", i%3) // which want rows as well
		tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/var/%d", i)}, 1)
	}
	tree.check(t)
	s := testHead()
	for _, where := range []string{"in memory", "in a frame"} {
		if where == "in memory" {
			tree.Snapshot(s)
		} else if err := tree.Fit(s, MinFrameSize); err != nil {
			t.Fatal(err)
		}
		o := &findOrigin(s, "unsigned").Programs[0].Other
		named := uint64(0)
		for _, r := range o.Paths {
			if bytes.HasPrefix(r.Path, []byte("/tmp/x/")) {
				named += r.Events
			}
		}
		if named < o.Events*9/10 {
			t.Errorf("%s: %d of %d events of the others are said to be in /tmp/x/", where, named, o.Events)
		}
	}
}

// TestFloodSubtreeIsNamed: what a flood folded is in rows of directories within the subtree
// where it went, not above it, in memory, in a frame, and in the merge of two of them.
func TestFloodSubtreeIsNamed(t *testing.T) {
	const n = 20000
	tree := NewTree(errorLimits, nil, &testKey)
	for root, path := range subtrees {
		var frames []*Summary
		for w := range 2 {
			tree.Reset()
			var p esbridge.Process
			evil(&p, 1, 1)
			for i := range n {
				tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: path(w*n + i)}, 1)
				if i%1000 == 0 { // and some elsewhere
					tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/home/%d/log", i)}, 1)
				}
			}
			s := testHead()
			tree.Snapshot(s)
			checkSubtree(t, s, root, n, "in memory")
			if err := tree.Fit(s, DefaultFrameSize); err != nil {
				t.Fatal(err)
			}
			checkSubtree(t, s, root, n, "in a frame")
			s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
			frames = append(frames, s)
		}
		merged, err := Merge(&testKey, MinFrameSize, frames...)
		if err != nil {
			t.Fatal(err)
		}
		checkSubtree(t, merged, root, 2*n, "merged")
	}
}

// checkSubtree: the rows under root count 99 of 100 of the n events. The rest was in its own
// top directory when that folded, as any directory may that ranks low.
func checkSubtree(t *testing.T, s *Summary, root string, n uint64, where string) {
	t.Helper()
	rows := s.Origins[0].Programs[0].Processes[0].Paths
	sum, below := uint64(0), pathSums{}
	for i := range rows {
		if r := &rows[i]; bytes.HasPrefix(r.Path, []byte(root)) {
			sum += r.Events
		} else if r.Directory {
			below[string(r.Path)] = r.Events
		}
	}
	if sum < n*99/100 {
		t.Errorf("%s: %d of %d events are in rows under %s; directories elsewhere: %v", where, sum, n, root, below)
	}
}

// TestWatchedFloodBound: a flood under a watched prefix, whose rows fold last, does not lift
// the bound of the paths elsewhere above that of any other flood.
func TestWatchedFloodBound(t *testing.T) {
	const n = 20000
	tree := NewTree(errorLimits, []string{"/Users/*/.ssh"}, &testKey)
	var p esbridge.Process
	evil(&p, 1, 1)
	heavy := []byte("/Users/a/Documents/thesis.tex")
	for i := range n {
		tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/Users/a/.ssh/%d", i)}, 1)
		if i%10 == 0 {
			tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: heavy}, 1)
		}
	}
	s := testHead()
	tree.Snapshot(s)
	q := s.Origins[0].Programs[0].Processes[0]
	if most := 8 * q.Events / uint64(errorLimits.Paths); q.UnlistedMax > most {
		t.Errorf("unlisted_max is %d of %d events, want at most %d", q.UnlistedMax, q.Events, most)
	}
}
