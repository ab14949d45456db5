package summaries

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestMergeAnyGrouping merges the same five windows in random orders and groupings. All that
// is a total must come out the same each time, the machine's distinct paths among it, whose
// sketches merge register by register; the bounds of each result hold against the model.
func TestMergeAnyGrouping(t *testing.T) {
	for _, seed := range seeds(t, 4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 6))
			m := newModel()
			parts := splitRandom(t, m, newWorkload(seed), 5, small)
			for i, s := range parts {
				s.Window.Start, s.Window.End = int64(i)*10e9, int64(i+1)*10e9
				s.Ledger.KernelDropped = uint64(1 << i)
			}
			var first *Summary
			for range 5 {
				got := mergeRandomly(t, rng, parts)
				m.check(t, got)
				if first == nil {
					first = got
				}
				checkSameTotals(t, got, first)
			}
		})
	}
}

// mergeRandomly merges all parts, some at a time.
func mergeRandomly(t *testing.T, rng *rand.Rand, parts []*Summary) *Summary {
	parts = append([]*Summary(nil), parts...)
	for len(parts) > 1 {
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		n := 2 + rng.IntN(len(parts)-1)
		merged, err := Merge(&testKey, MinFrameSize, parts[:n]...)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts[n:], overTheWire(t, merged, MinFrameSize))
	}
	return parts[0]
}

func checkSameTotals(t *testing.T, a, b *Summary) {
	t.Helper()
	a1, b1 := a.Ledger, b.Ledger
	a1.FoldedUp, b1.FoldedUp = FoldedUp{}, FoldedUp{} // how much folds depends on the grouping
	if a.Events != b.Events || a.Kinds != b.Kinds || a1 != b1 || a.Peak != b.Peak {
		t.Fatalf("another grouping, other totals: %d and %d events, ledgers %+v and %+v", a.Events, b.Events, a1, b1)
	}
	if a.FirstSeq != b.FirstSeq || a.Seq != b.Seq || a.Window.Start != b.Window.Start || a.Window.End != b.Window.End || a.Window.Merged != b.Window.Merged {
		t.Fatalf("another grouping, another window: %+v and %+v", a.Window, b.Window)
	}
	if !reflect.DeepEqual(a.Paths, b.Paths) {
		t.Fatalf("another grouping, other distinct paths: %d and %d", a.Paths.Estimate, b.Paths.Estimate)
	}
}

// TestMergePanesNotWorse: merging panes as they are and fitting once, against merging what
// was fitted before. Which rows a frame has room for differs, so a single bound may come out
// larger; but no bound of origins does, and of the processes that both list at least ten
// times as many know their paths better as know them worse. Seeds are fixed.
func TestMergePanesNotWorse(t *testing.T) {
	limits := Limits{Origins: 8, Programs: 64, Processes: 128, Paths: 1024, PathBytes: 1024 * minUnit}
	tree := NewTree(limits, nil, &testKey)
	better, worse := 0, 0
	for seed := range uint64(24) {
		w, m := newWorkload(seed), newModel()
		var panes, fitted []*Summary
		for range 4 {
			tree.Reset()
			foldRandom(tree, m, w, 2000)
			pane, frame := testHead(), testHead()
			tree.Snapshot(pane)
			if err := tree.Fit(frame, MinFrameSize); err != nil {
				t.Fatal(err)
			}
			for _, s := range []*Summary{pane, frame} {
				s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
			}
			panes, fitted = append(panes, pane), append(fitted, frame)
		}
		once, err := Merge(&testKey, MinFrameSize, panes...)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := Merge(&testKey, MinFrameSize, fitted...)
		if err != nil {
			t.Fatal(err)
		}
		m.check(t, once)
		m.check(t, twice)
		if a, b := m.othersBound(once), m.othersBound(twice); a > b {
			t.Errorf("seed %d: origins not listed had up to %d events by the panes, %d by the frames", seed, a, b)
		}
		smaller, larger := comparePathBounds(once, twice)
		better, worse = better+smaller, worse+larger
	}
	if worse*10 > better || better == 0 {
		t.Errorf("merged from panes, %d processes know their paths better and %d worse", better, worse)
	}
}

// comparePathBounds counts the processes listed in both whose unlisted_max is smaller in a,
// and those where it is smaller in b.
func comparePathBounds(a, b *Summary) (smaller, larger int) {
	bounds := func(s *Summary) map[string]uint64 {
		all := map[string]uint64{}
		for i := range s.Origins {
			o := &s.Origins[i]
			for j := range o.Programs {
				for k := range o.Programs[j].Processes {
					p := &o.Programs[j].Processes[k]
					all[fmt.Sprint(o.Name, string(o.Programs[j].Path), p.PID, p.Version)] = p.UnlistedMax
				}
			}
		}
		return all
	}
	inB := bounds(b)
	for p, bound := range bounds(a) {
		if other, ok := inB[p]; ok && bound < other {
			smaller++
		} else if ok && bound > other {
			larger++
		}
	}
	return smaller, larger
}
