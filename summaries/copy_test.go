package summaries

import (
	"encoding/json"
	"testing"

	"summarizer/esbridge"
)

// TestCopyAgainstModel: at any moment of a random workload a copy, fitted and spent, says
// exactly what was folded until then; the original counts on as if nobody had copied it; and
// a used tree makes as good a copy as a new one.
func TestCopyAgainstModel(t *testing.T) {
	for _, seed := range seeds(t, 9) {
		limits := []Limits{small, {Origins: 8, Programs: 64, Processes: 256, Paths: 2048, PathBytes: 2048 * 64}, DefaultLimits}[seed%3]
		w, m := newWorkload(seed), newModel()
		tree, dst := NewTree(limits, DefaultWatch, &testKey), NewTree(limits, nil, &testKey)
		for range 5 {
			foldRandom(tree, m, w, int(w.rng.Int32N(5000)))
			tree.CopyTo(dst)
			dst.check(t)
			if a, b := snapshotJSON(t, tree), snapshotJSON(t, dst); a != b {
				t.Fatalf("seed %d: the copy says\n%.300s\nthe original\n%.300s", seed, b, a)
			}
			foldBoth(t, tree, dst, m, w)
			s := testHead()
			if err := dst.Fit(s, MinFrameSize<<(seed%4)); err != nil {
				t.Fatal(err)
			}
			dst.check(t)
			tree.check(t)
			s.Ledger.Folded, s.Ledger.Received = m.events, m.events
			m.check(t, s)
			overTheWire(t, s, MinFrameSize<<(seed%4))
			if seed%2 == 0 {
				dst.Reset()
			}
		}
		s := testHead()
		tree.Snapshot(s)
		s.Ledger.Folded, s.Ledger.Received = m.events, m.events
		m.check(t, s)
		m.checkShares(t, s, limits)
	}
}

// foldBoth shows that a copy is whole: both trees, fed the same, fold the same rows up.
func foldBoth(t *testing.T, tree, dst *Tree, m *model, w *workload) {
	t.Helper()
	var p esbridge.Process
	var e esbridge.Event
	for range 2000 {
		w.next(&p, &e)
		m.fold(&e)
		tree.Fold(&e, e.Last)
		dst.Fold(&e, e.Last)
	}
	if a, b := snapshotJSON(t, tree), snapshotJSON(t, dst); a != b {
		t.Fatalf("fed the same, the copy says\n%.300s\nthe original\n%.300s", b, a)
	}
}

func snapshotJSON(t *testing.T, tree *Tree) string {
	t.Helper()
	s := testHead()
	tree.Snapshot(s)
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCopyAllocatesNothing: neither into an empty tree nor into a used one.
func TestCopyAllocatesNothing(t *testing.T) {
	tree, dst := NewTree(small, DefaultWatch, &testKey), NewTree(small, nil, &testKey)
	foldRandom(tree, newModel(), newWorkload(4), 20000)
	if n := testing.AllocsPerRun(10, func() { tree.CopyTo(dst) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestCopyOfOtherLimits panics rather than to make a tree that overruns its tables.
func TestCopyOfOtherLimits(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("trees of different limits were copied")
		}
	}()
	NewTree(small, nil, &testKey).CopyTo(NewTree(DefaultLimits, nil, &testKey))
}

// TestSetWatch: the prefixes given last decide which rows fold last.
func TestSetWatch(t *testing.T) {
	tree := NewTree(small, []string{"/a"}, &testKey)
	tree.SetWatch([]string{"/b"})
	p := esbridge.Process{PID: 1, Executable: []byte("/bin/x"), Origin: []byte("system")}
	for _, path := range []string{"/a/1", "/b/1"} {
		tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: []byte(path)}, 1)
	}
	if tree.paths[0].watched || !tree.paths[1].watched {
		t.Error("the old prefixes are still watched")
	}
}

// BenchmarkCopy is what a checkpoint makes folding wait for: a copy of tables that are full
// to the last row.
func BenchmarkCopy(b *testing.B) {
	for name, program := range map[string]int{"full": 512, "one program": 1} {
		b.Run(name, func(b *testing.B) {
			tree, dst := NewTree(DefaultLimits, DefaultWatch, &testKey), NewTree(DefaultLimits, nil, &testKey)
			fill := newWorkload(1)
			fill.origins, fill.programs, fill.processes, fill.paths, fill.depth, fill.skew = 4, program, 5000, 1<<20, 8, 0
			foldRandom(tree, newModel(), fill, 1<<17)
			for len(tree.paths) < tree.maxPathCost*9/10 {
				foldRandom(tree, newModel(), fill, 16)
			}
			b.ReportAllocs()
			for b.Loop() {
				tree.CopyTo(dst)
			}
			b.ReportMetric(float64(len(tree.paths)), "paths")
			b.ReportMetric(float64(DefaultLimits.Processes*11/8-len(tree.freeProcesses)), "processes")
		})
	}
}
