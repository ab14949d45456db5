package summaries

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries/sketch"
)

var seedFlag = flag.Uint64("seed", 0, "seed of random workloads; 0 takes the time")

// seeds are those of n random trials; the first is printed so that a failure can be repeated.
func seeds(t *testing.T, n int) []uint64 {
	base := *seedFlag
	if base == 0 {
		base = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed=%d", base)
	all := make([]uint64, n)
	for i := range all {
		all[i] = base + uint64(i)
	}
	return all
}

var testKey = sketch.Key{1, 2, 3}

// small is a table in which everything runs short at once.
var small = Limits{Origins: 4, Programs: 16, Processes: 24, Paths: 96, PathBytes: 96 * 64}

func TestTreeAgainstModel(t *testing.T) {
	for _, seed := range seeds(t, 18) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { treeTrial(t, seed) })
	}
}

// treeTrial folds a random workload and fits it into a frame; seed%3 chooses the limits.
func treeTrial(t *testing.T, seed uint64) {
	limits := []Limits{small, {Origins: 8, Programs: 64, Processes: 256, Paths: 2048, PathBytes: 2048 * 64}, DefaultLimits}[seed%3]
	w, m := newWorkload(seed), newModel()
	tree := NewTree(limits, DefaultWatch, &testKey)
	foldRandom(tree, m, w, 20000)
	tree.check(t)
	s := testHead()
	tree.Snapshot(s)
	s.Ledger.Folded, s.Ledger.Received = m.events, m.events
	m.check(t, s)
	m.checkShares(t, s, limits)
	frameSize := MinFrameSize << (seed % 4)
	want := frameSharesOf(s, frameSize)
	if err := tree.Fit(s, frameSize); err != nil {
		t.Fatal(err)
	}
	tree.check(t)
	m.check(t, s)
	want.check(t, s)
	overTheWire(t, s, frameSize)
}

func testHead() *Summary {
	return &Summary{Window: Window{Start: 0, End: 10e9, Hop: 10e9, Merged: 1}, FirstSeq: 1, Seq: 1}
}

func foldRandom(tree *Tree, m *model, w *workload, n int) {
	var p esbridge.Process
	var e esbridge.Event
	for range n {
		w.next(&p, &e)
		m.fold(&e)
		tree.Fold(&e, e.Last)
	}
}

// check holds the tables of a tree against what they say of each other.
func (t *Tree) check(tb testing.TB) {
	tb.Helper()
	cost, bytes := 0, 0
	owned := map[int32]int{}
	sums := map[int32]uint64{}
	for i := range t.paths {
		r := &t.paths[i]
		if r.owner < 0 {
			continue
		}
		cost += int(r.cost)
		bytes += int(r.n)
		owned[r.owner] += int(r.cost)
		sums[r.owner] += r.events
		waits := t.moved && !t.processListed(r.owner) // for the next sweep
		if !waits && t.findPath(r.owner, t.bytesOf(r), r.hash) != int32(i) {
			tb.Fatalf("path row %d %q is not in the index", i, t.bytesOf(r))
		}
		if !t.processes[r.owner].used {
			tb.Fatalf("path row %d belongs to a free process", i)
		}
	}
	if room := withSlack(t.limits); t.limits.Paths > 0 && (cap(t.paths) != room.paths || cap(t.arena) != room.arena) {
		tb.Fatalf("the tables grew to %d path rows and %d bytes of their paths, from %+v", cap(t.paths), cap(t.arena), room)
	}
	if cost != t.pathCost {
		tb.Fatalf("path rows cost %d, the table says %d", cost, t.pathCost)
	}
	for i := range t.processes {
		p := &t.processes[i]
		if owned[int32(i)] != p.pathCost || sums[int32(i)]+p.root.events != p.events {
			tb.Fatalf("process row %d: paths cost %d and count %d+%d, it says %d and %d", i, owned[int32(i)], sums[int32(i)], p.root.events, p.pathCost, p.events)
		}
		chain, watched, rows := 0, 0, int32(0)
		for j := p.paths; j >= 0; j = t.paths[j].next {
			if t.paths[j].owner == int32(i) {
				chain += int(t.paths[j].cost)
				rows++
				if t.paths[j].watched {
					watched += int(t.paths[j].cost)
				}
			}
		}
		if chain != p.pathCost || rows != p.pathRows || watched != p.watchedCost {
			tb.Fatalf("process row %d reaches path rows of cost %d and %d, it says %d and %d", i, chain, watched, p.pathCost, p.watchedCost)
		}
	}
}
