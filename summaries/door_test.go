package summaries

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"summarizer/esbridge"
)

// doorway is a small tree that one process has to itself, with what is true of it.
type doorway struct {
	*testing.T
	tree *Tree
	p    esbridge.Process
	m    *model
}

func newDoorway(t *testing.T, paths int) *doorway {
	d := &doorway{T: t, tree: NewTree(Limits{Origins: 4, Programs: 16, Processes: 16, Paths: paths, PathBytes: paths * minUnit}, []string{"/etc"}, &testKey), m: newModel()}
	evil(&d.p, 1, 1)
	return d
}

func (d *doorway) write(count uint64, path string) {
	e := esbridge.Event{Process: &d.p, Count: count, Path: []byte(path), First: 5e9, Last: 5e9}
	d.m.fold(&e)
	d.tree.Fold(&e, 5e9)
}

// flood writes n files of a directory once.
func (d *doorway) flood(dir string, n int) {
	for i := range n {
		d.write(1, fmt.Sprintf("%s%d", dir, i))
	}
}

// summary is what the tree says, held against the model.
func (d *doorway) summary() *Summary {
	d.Helper()
	d.tree.check(d)
	s := testHead()
	d.tree.Snapshot(s)
	s.Ledger.Folded, s.Ledger.Received = d.m.events, d.m.events
	d.m.check(d.T, s)
	return s
}

func (d *doorway) process() *Process {
	d.Helper()
	return &d.summary().Origins[0].Programs[0].Processes[0]
}

// row is the path row of the process, or nil.
func (p *Process) row(path string) *Path {
	for i := range p.Paths {
		if string(p.Paths[i].Path) == path {
			return &p.Paths[i]
		}
	}
	return nil
}

// A flood that is kept out never fills the table again, and is in its directory's row.
func TestDoorKeepsFloodOut(t *testing.T) {
	d := newDoorway(t, 256)
	d.flood("/flood/", 400)
	born := d.tree.pathCost
	d.flood("/flood/again", 20000)
	p := d.process()
	if grown := d.tree.pathCost - born; grown > 128 {
		t.Errorf("a flood that is kept out took %d rows", grown)
	}
	if r := p.row("/flood/"); r == nil || r.Events < 19000 {
		t.Errorf("the flood's directory has the row %+v", r)
	}
}

// A flood that moves into a directory below the one that has a row gets a row there too.
func TestDoorNamesWhereFloodMoves(t *testing.T) {
	d := newDoorway(t, 256)
	d.flood("/flood/", 20000)
	d.flood("/flood/on/", 20000)
	if r := d.process().row("/flood/on/"); r == nil || r.Events < 15000 {
		t.Errorf("where the flood moved has the row %+v", r)
	}
}

// What one process floods does not hide its write under a watched prefix.
func TestDoorLetsWatchedIn(t *testing.T) {
	d := newDoorway(t, 256)
	d.flood("/flood/", 20000)
	d.flood("/etc2/", 20000)
	d.write(1, "/etc/passwd")
	d.flood("/flood/more", 20000)
	if r := d.process().row("/etc/passwd"); r == nil || r.Events != 1 {
		t.Errorf("the watched file has the row %+v", r)
	}
}

// doorShare is the share of the process in doorStreams.
const doorShare = 512

// doorStreams each aim at a way by which one file could have more events than unlisted_max says
// while it has no row.
var doorStreams = map[string]func(d *doorway){
	// Each time it would be let in, events of the flood have paid for one more.
	"a file that comes until it is let in": func(d *doorway) {
		for i := range 40 {
			d.flood(fmt.Sprintf("/flood/%d.", i), doorShare)
			for range 3 * doorShare {
				d.write(1, fmt.Sprintf("/hot/%d", i))
			}
		}
	},
	// Where there is a row to fold into, only what was paid for is kept out.
	"a file of the flood's directory that comes until it is let in": func(d *doorway) {
		for i := range 40 {
			d.flood(fmt.Sprintf("/flood/%d.", i), doorShare)
			for range 3 * doorShare {
				d.write(1, fmt.Sprintf("/flood/hot%d", i))
			}
		}
	},
	// Those without a path may all have been of one file.
	"events that lost their path": func(d *doorway) {
		d.flood("/flood/", 10*doorShare)
		d.p.PPID = 0
		lost := esbridge.Event{Process: &d.p, Count: 1000, First: 5e9, Last: 5e9}
		d.m.fold(&esbridge.Event{Process: &d.p, Count: 1000, Path: []byte("/flood/target")})
		d.tree.Fold(&lost, 5e9)
		for range 200 {
			d.write(1, "/flood/target")
		}
	},
	"counts that a cell cannot hold": func(d *doorway) {
		for i := range 40 * doorShare {
			d.write(60000, fmt.Sprintf("/flood/%d", i))
		}
		for range 10 {
			d.write(60000, "/flood/target")
		}
	},
	"let in, folded, and back": func(d *doorway) {
		for i := range 30 {
			d.flood(fmt.Sprintf("/flood/%d.", i), 10*doorShare)
			for range i {
				d.write(1, "/flood/target")
			}
			for j := range 2 * doorShare { // larger ones, so that it folds
				d.write(uint64(40+i), fmt.Sprintf("/large/%d", j))
			}
		}
	},
}

// The bounds hold however the events of one file come.
func TestDoorBounds(t *testing.T) {
	for name, stream := range doorStreams {
		t.Run(name, func(t *testing.T) {
			d := newDoorway(t, doorShare)
			stream(d)
			p := d.process()
			if most := 2 * p.Events / doorShare; p.UnlistedMax > most && name != "events that lost their path" {
				t.Errorf("unlisted_max is %d of %d events, want at most %d", p.UnlistedMax, p.Events, most)
			}
		})
	}
}

// What a process had folded before it became one of the others counts there too.
func TestDoorOfOthers(t *testing.T) {
	d := newDoorway(t, 64)
	d.flood("/flood/", 2000)
	for range 20 { // of a file that stays without a row: events of the flood pay for it
		d.write(1, "/flood/target")
	}
	d.flood("/flood/2.", 2000)
	for i := range 40 { // it and others fold, and have rows as others
		evil(&d.p, 100+i, 1)
		for j := range 200 {
			d.write(1, fmt.Sprintf("/flood/%d.%d", i, j))
		}
		d.write(uint64(5000+i), "/large")
	}
	for i := range 4000 { // kept out, and the later ones each with one event of the same file
		evil(&d.p, 1000+i, 1)
		d.write(1, fmt.Sprintf("/flood/others%d", i))
		if i > 1000 {
			d.write(1, "/flood/target")
		}
	}
	d.summary()
}

// A file of a process that folds has its row in the others at once: what kept-out processes do to
// it then is counted there, however much unlisted_max rises.
func TestDoorFindsMovedRows(t *testing.T) {
	d := newDoorway(t, 64)
	for i := range 3000 { // until processes, and paths of the others, are kept out
		evil(&d.p, 1000+i, 1)
		d.write(1, fmt.Sprintf("/flood/%d", i))
		d.write(1, fmt.Sprintf("/flood/again%d", i))
	}
	evil(&d.p, 1, 1)
	d.write(100000, "/flood/target") // busy enough to be let in
	for i := range d.tree.processes[:d.tree.maxProcesses] {
		if p := &d.tree.processes[i]; p.used && p.pid == 1 {
			d.tree.foldProcess(int32(i))
		}
	}
	for i := range 3000 {
		evil(&d.p, 10000+i, 1)
		d.write(1, "/flood/target")
	}
	g := &d.summary().Origins[0].Programs[0]
	for _, r := range g.Other.Paths {
		if string(r.Path) == "/flood/target" && r.Events >= 100000+2900 {
			return
		}
	}
	t.Errorf("the row of the target does not count what the others did to it")
}

// Processes and files that are kept out are counted once, however often they come. Two that fall
// into one cell and take turns count each time: 2,000 make about 30 such pairs.
func TestDoorCountsMembersOnce(t *testing.T) {
	const members, each = 2000, 10
	for name, order := range map[string]func(yield func(i int)){
		"one after the other": func(yield func(int)) {
			for i := range members * each {
				yield(i / each)
			}
		},
		"in turn": func(yield func(int)) {
			for i := range members * each {
				yield(i % members)
			}
		},
	} {
		about := func(t *testing.T, what string, n uint64) {
			if n < members || n > members*3/2 {
				t.Errorf("%d %s are listed or folded, of %d", n, what, members)
			}
		}
		t.Run("processes "+name, func(t *testing.T) {
			d := newDoorway(t, 64)
			order(func(i int) {
				evil(&d.p, i, 1)
				d.write(1, "/flood/x")
			})
			g := &d.summary().Origins[0].Programs[0]
			about(t, "processes", g.Other.Members+uint64(len(g.Processes)))
		})
		t.Run("files "+name, func(t *testing.T) {
			d := newDoorway(t, 64)
			order(func(i int) { d.write(1, fmt.Sprintf("/flood/%d", i)) })
			n := uint64(0)
			for _, r := range d.process().Paths {
				n += max(r.Folded, 1)
			}
			about(t, "files", n)
		})
	}
}

// A process that gets the row of another has written the same files itself.
func TestDoorKnowsProcessesApart(t *testing.T) {
	d := newDoorway(t, 256)
	const files = 4000
	for i := range 3 {
		evil(&d.p, i, 1)
		d.flood("/flood/", files)
		if i < 2 {
			for i := range d.tree.processes[:d.tree.maxProcesses] {
				if p := &d.tree.processes[i]; p.used {
					d.tree.foldProcess(int32(i))
				}
			}
			d.tree.sweep()
		}
	}
	for _, p := range d.summary().Origins[0].Programs[0].Processes {
		if n := p.Seen.Estimate; n < files*8/10 || n > files*12/10 {
			t.Errorf("process %d wrote %d files, of %d", p.PID, n, files)
		}
	}
}

// A directory may have let more by than its cell can hold.
func TestDoorCellIsFull(t *testing.T) {
	var c cell
	for _, n := range []uint64{60000, 5000, 500, 60000, 1 << 40} {
		before := c.had
		c.add(n)
		if want := min(uint64(before)+n, filterFull); uint64(c.had) != want {
			t.Errorf("a cell of %d and %d more says %d, want %d", before, n, c.had, want)
		}
	}
}

// TestBatchAgainstModel: events of a batch share a Process, whose storage the next batch uses
// for another; processes and programs fold meanwhile.
func TestBatchAgainstModel(t *testing.T) {
	for _, seed := range seeds(t, 12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			limits := Limits{Origins: 4, Programs: 16, Processes: 24, Paths: 96, PathBytes: 96 * 64}
			tree, m := NewTree(limits, []string{"/etc"}, &testKey), newModel()
			var processes [60]esbridge.Process
			for range 60 {
				for i := range processes {
					processes[i] = esbridge.Process{
						PID: int32(rng.IntN(300)), Version: uint64(rng.IntN(3)), Executable: fmt.Appendf(nil, "/bin/%d", rng.IntN(1+rng.IntN(40))), Origin: []byte("user:1"),
					}
				}
				tree.Begin()
				for range 400 {
					e := esbridge.Event{Process: &processes[rng.IntN(1+rng.IntN(len(processes)))], Count: 1 + rng.Uint64N(3), First: 5e9, Last: 5e9}
					switch rng.IntN(4) {
					case 0:
						e.Path = fmt.Appendf(nil, "/flood/%d", rng.IntN(1e6))
					case 1:
						e.Path = fmt.Appendf(nil, "/dirs/%d/%d/f", rng.IntN(50), rng.IntN(50))
					default:
						e.Path = fmt.Appendf(nil, "/hot/%d", rng.IntN(1+rng.IntN(100)))
					}
					m.fold(&e)
					tree.Fold(&e, 5e9)
				}
				tree.End()
			}
			tree.check(t)
			s := testHead()
			tree.Snapshot(s)
			s.Ledger.Folded, s.Ledger.Received = m.events, m.events
			m.check(t, s)
			m.checkShares(t, s, limits)
		})
	}
}
