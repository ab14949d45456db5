package summaries

import (
	"fmt"
	"testing"

	"summarizer/esbridge"
)

// family is a stream of events in which member i of family f writes its file j.
type family struct {
	name    string
	members int // as many as the share of one family of four
	files   int // per member, as many as its share
	process func(f, i int, p *esbridge.Process)
}

var shareLimits = Limits{Origins: 4, Programs: 64, Processes: 64, Paths: 256, PathBytes: 256 * minUnit}

// exactFamilies are four at each level, with tables of 64, 64 and 256 rows.
var exactFamilies = []family{
	{"programs of origins", 16, 4, func(f, i int, p *esbridge.Process) {
		p.PID, p.Executable, p.Origin = 1, fmt.Appendf(nil, "/bin/%d", i), fmt.Appendf(nil, "user:%d", f)
	}},
	{"processes of programs", 16, 4, func(f, i int, p *esbridge.Process) {
		p.PID, p.Executable, p.Origin = int32(i), fmt.Appendf(nil, "/bin/%d", f), []byte("system")
	}},
	{"paths of processes", 1, 64, func(f, i int, p *esbridge.Process) {
		p.PID, p.Version, p.Executable, p.Origin = int32(f), uint64(i), []byte("/bin/x"), []byte("system")
	}},
}

// TestExactlyAtShare: three families with exactly C/F members keep all rows at every level,
// whether the fourth is one above its share or floods, and whether it comes before, after or
// among them.
func TestExactlyAtShare(t *testing.T) {
	for _, fam := range exactFamilies {
		for _, more := range []int{1, 3000} {
			for _, order := range []string{"before", "after", "among"} {
				t.Run(fmt.Sprint(fam.name, ", ", more, " more ", order), func(t *testing.T) {
					tree, m := NewTree(shareLimits, nil, &testKey), newModel()
					fam.run(tree, m, order, more)
					tree.check(t)
					s := testHead()
					tree.Snapshot(s)
					s.Ledger.Folded, s.Ledger.Received = m.events, m.events
					m.check(t, s)
					if rows, want := m.checkShares(t, s, shareLimits), 3*fam.members*fam.files; rows < want {
						t.Errorf("the share covers %d file rows, want %d", rows, want)
					}
				})
			}
		}
	}
}

// run folds the families, the fourth with more members, or files of one member, than its share.
func (fam family) run(tree *Tree, m *model, order string, more int) {
	write := func(f, n int) {
		var p esbridge.Process
		i, j := n/fam.files, n%fam.files
		if fam.members == 1 {
			i, j = 0, n
		}
		fam.process(f, i, &p)
		e := esbridge.Event{Process: &p, Kind: esbridge.Write, Count: 1, Path: fmt.Appendf(nil, "/home/%d", j), First: 1, Last: 1}
		tree.Fold(&e, 1)
		m.fold(&e)
	}
	share := fam.members * fam.files
	offend := func() {
		for n := range share + more {
			write(3, n)
		}
	}
	if order == "before" {
		offend()
	}
	for n := range share {
		for f := range 3 {
			write(f, n)
		}
		if order == "among" {
			for k := n * (share + more) / share; k < (n+1)*(share+more)/share; k++ {
				write(3, k)
			}
		}
	}
	if order == "after" {
		offend()
	}
}

// TestStormsAtBoundaries: the quiet write is the last event of a window or the first of the
// next one, in the middle of a storm. Each window lists it, and so does their merge.
func TestStormsAtBoundaries(t *testing.T) {
	const n, windows = 8000, 3
	tree := NewTree(DefaultLimits, DefaultWatch, &testKey)
	for _, f := range []flood{floods[1], floods[3], floods[4], storms[0], storms[2]} {
		t.Run(f.name, func(t *testing.T) {
			var all []*Summary
			for w := range windows {
				tree.Reset()
				var p esbridge.Process
				var e esbridge.Event
				once := func(i int) {
					witness(i, 0, &p, &e)
					tree.Fold(&e, 1)
				}
				once(0)
				for i := range n {
					e = esbridge.Event{Process: &p, Kind: esbridge.Write, Count: 1}
					f.fold(w*n+i, &p, &e)
					tree.Fold(&e, 1)
				}
				once(1)
				s := testHead()
				if err := tree.Fit(s, DefaultFrameSize); err != nil {
					t.Fatal(err)
				}
				checkWitness(t, s, 0, 1)
				checkWitness(t, s, 1, 1)
				s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
				all = append(all, overTheWire(t, s, DefaultFrameSize))
			}
			merged, err := Merge(&testKey, DefaultFrameSize, all...)
			if err != nil {
				t.Fatal(err)
			}
			checkWitness(t, merged, 0, windows)
			checkWitness(t, merged, 1, windows)
		})
	}
}

func checkWitness(t *testing.T, s *Summary, i int, events uint64) {
	t.Helper()
	var p esbridge.Process
	var e esbridge.Event
	witness(i, 0, &p, &e)
	if row := find(s, &e); row == nil || row.Events != events || row.MissedMax != 0 {
		t.Errorf("witness %d: row %+v, want %d events exactly", i, row, events)
	}
}
