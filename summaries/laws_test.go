package summaries

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"summarizer/esbridge"
)

// flood folds events of an attacker.
type flood struct {
	name string
	fold func(i int, p *esbridge.Process, e *esbridge.Event)
}

// evil is the attacker's program in floods that keep to one.
func evil(p *esbridge.Process, pid, version int) {
	*p = esbridge.Process{PID: int32(pid), Version: uint64(version), Executable: []byte("/tmp/evil"), Origin: []byte("unsigned")}
}

var floods = []flood{
	{"one file", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, 1, 1)
		e.Path = []byte("/tmp/x")
	}},
	{"distinct paths", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, 1, 1)
		e.Path = fmt.Appendf(nil, "/tmp/x/%d", i)
	}},
	{"distinct paths, each twice", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, 1, 1)
		e.Path = fmt.Appendf(nil, "/tmp/x/%d", i/2)
	}},
	{"fork storm", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i%32768, i/32768)
		e.Path = fmt.Appendf(nil, "/tmp/x/%d", i)
	}},
	{"distinct executables of another origin", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i, 1)
		p.Origin = []byte("user:1000")
		p.Executable = fmt.Appendf(nil, "/tmp/evil%d", i)
		e.Path = fmt.Appendf(nil, "/tmp/x/%d", i)
	}},
	{"a directory per file", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, 1, 1)
		e.Path = fmt.Appendf(nil, "/tmp/x/%d/%d/f", i%1000, i)
	}},
	{"deep trees", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, 1, 1)
		e.Path = append(bytes.Repeat(fmt.Appendf(nil, "/%d", i%10), 1+i%300), fmt.Sprint("/", i)...)
	}},
	{"longest paths", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, 1, 1)
		e.Path = append(append(bytes.Repeat([]byte("/long"), 800), fmt.Sprint(i)...), "/tail"...)
	}},
	{"many origins", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i%100, 1)
		p.Origin = fmt.Appendf(nil, "user:%d", 100000+i%20)
		e.Path = fmt.Appendf(nil, "/tmp/x/%d", i)
	}},
}

// quiet is a program of the attacker's own origin, and one of another, that each write one
// file once.
func quiet(i int, p *esbridge.Process, e *esbridge.Event) {
	*p = esbridge.Process{PID: int32(70000 + i), Version: 9, Executable: fmt.Appendf(nil, "/usr/local/bin/quiet%d", i), Origin: []byte("unsigned")}
	if i%2 == 1 {
		p.Origin = []byte("platform")
	}
	*e = esbridge.Event{Process: p, Kind: esbridge.Write, Count: 1, Path: fmt.Appendf(nil, "/Users/a/notes/%d.txt", i)}
}

const quietPrograms = 6

// TestLaw4Isolation: what quiet programs write before, during and after a flood is listed by
// name with exact counts, in memory and in the frame.
func TestLaw4Isolation(t *testing.T) {
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			tree := NewTree(DefaultLimits, DefaultWatch, &testKey)
			const n = 120000
			var p esbridge.Process
			var e esbridge.Event
			for i := range n {
				if i%(n/quietPrograms) == n/quietPrograms/2 {
					quiet(i/(n/quietPrograms), &p, &e)
					tree.Fold(&e, 1)
				}
				e = esbridge.Event{Process: &p, Kind: esbridge.Write, Count: 1}
				f.fold(i, &p, &e)
				tree.Fold(&e, 1)
			}
			tree.check(t)
			s := testHead()
			tree.Snapshot(s)
			checkQuiet(t, s)
			for _, size := range []int{MaxFrameSize, DefaultFrameSize} {
				if err := tree.Fit(s, size); err != nil {
					t.Fatal(err)
				}
				checkQuiet(t, s)
			}
			if s.Events != n+quietPrograms {
				t.Errorf("%d events, want %d", s.Events, n+quietPrograms)
			}
		})
	}
}

func checkQuiet(t *testing.T, s *Summary) {
	t.Helper()
	var p esbridge.Process
	var e esbridge.Event
	for i := range quietPrograms {
		quiet(i, &p, &e)
		row := find(s, &e)
		if row == nil {
			t.Fatalf("quiet program %d is not listed", i)
		}
		if row.Events != 1 || row.MissedMax != 0 {
			t.Fatalf("quiet program %d: %d + %d events, want 1 exactly", i, row.Events, row.MissedMax)
		}
	}
}

// find is the row of an event's file, if the summary lists it.
func find(s *Summary, e *esbridge.Event) *Path {
	for i := range s.Origins {
		o := &s.Origins[i]
		if o.Name != string(e.Process.Origin) {
			continue
		}
		for j := range o.Programs {
			g := &o.Programs[j]
			if !bytes.Equal(g.Path, e.Process.Executable) {
				continue
			}
			for k := range g.Processes {
				p := &g.Processes[k]
				for l := range p.Paths {
					if r := &p.Paths[l]; p.PID == e.Process.PID && !r.Directory && bytes.Equal(r.Path, e.Path) {
						return r
					}
				}
			}
		}
	}
	return nil
}

// TestFloodIsNamed: a flood of distinct files reads as a row of the directory it went to.
func TestFloodIsNamed(t *testing.T) {
	tree := NewTree(DefaultLimits, DefaultWatch, &testKey)
	var p esbridge.Process
	evil(&p, 1, 1)
	for i := range 100000 {
		tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/private/tmp/x/%d", i)}, 1)
	}
	s := testHead()
	if err := tree.Fit(s, DefaultFrameSize); err != nil {
		t.Fatal(err)
	}
	rows := s.Origins[0].Programs[0].Processes[0].Paths
	for i := range rows {
		if r := &rows[i]; string(r.Path) == "/private/tmp/x/" && r.Directory && r.Events > 90000 {
			if d := s.Origins[0].Programs[0].Processes[0].Seen; float64(d.Estimate) < 100000*(1-4*d.StdError) {
				t.Errorf("%d distinct paths, want about 100000", d.Estimate)
			}
			return
		}
	}
	t.Errorf("no row for /private/tmp/x/ among %d rows", len(rows))
}

// TestLaw1ConstantOutput: frames have one size, whatever was folded.
func TestLaw1ConstantOutput(t *testing.T) {
	for _, f := range floods {
		for _, n := range []int{0, 1, 1000, 30000} {
			tree := NewTree(small, nil, &testKey)
			var p esbridge.Process
			for i := range n {
				e := esbridge.Event{Process: &p, Count: 1}
				f.fold(i, &p, &e)
				tree.Fold(&e, 1)
			}
			s := testHead()
			if err := tree.Fit(s, MinFrameSize); err != nil {
				t.Fatalf("%s, %d events: %v", f.name, n, err)
			}
			s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
			frame, err := AppendFrame(nil, s, MinFrameSize)
			if err != nil || len(frame) != MinFrameSize {
				t.Fatalf("%s, %d events: a frame of %d bytes, %v", f.name, n, len(frame), err)
			}
		}
	}
}

// TestLaw2BoundedMemory: a flood allocates nothing that stays, and a known path nothing.
func TestLaw2BoundedMemory(t *testing.T) {
	tree := NewTree(DefaultLimits, DefaultWatch, &testKey)
	rows, arena := cap(tree.paths), cap(tree.arena)
	var p esbridge.Process
	for _, f := range floods {
		for i := range 30000 {
			e := esbridge.Event{Process: &p, Count: 1}
			f.fold(i, &p, &e)
			tree.Fold(&e, 1)
		}
	}
	if cap(tree.paths) != rows || cap(tree.arena) != arena {
		t.Errorf("tables grew from %d rows and %d bytes to %d and %d", rows, arena, cap(tree.paths), cap(tree.arena))
	}
	evil(&p, 1, 1)
	e := esbridge.Event{Process: &p, Count: 1, Path: []byte("/tmp/known")}
	if n := testing.AllocsPerRun(1000, func() { tree.Fold(&e, 1) }); n != 0 {
		t.Errorf("%v allocations to fold a known path", n)
	}
}

// TestSeedIndependence: which rows fold does not depend on the secret seed of the tables.
func TestSeedIndependence(t *testing.T) {
	for _, seed := range seeds(t, 6) {
		var got [2]*Summary
		for i := range got {
			tree := NewTree(small, DefaultWatch, &testKey)
			foldRandom(tree, newModel(), newWorkload(seed), 8000)
			got[i] = testHead()
			if err := tree.Fit(got[i], MinFrameSize); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got[0], got[1]) {
			t.Fatalf("seed %d: two trees of the same events differ", seed)
		}
	}
}

// TestReset: a tree that was reset is as good as new.
func TestReset(t *testing.T) {
	used := NewTree(small, nil, &testKey)
	for _, seed := range seeds(t, 4) {
		foldRandom(used, newModel(), newWorkload(seed), 3000)
		used.Reset()
		fresh := NewTree(small, nil, &testKey)
		var got [2]*Summary
		for i, tree := range []*Tree{used, fresh} {
			foldRandom(tree, newModel(), newWorkload(seed+100), 3000)
			got[i] = testHead()
			if err := tree.Fit(got[i], MinFrameSize); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got[0], got[1]) {
			t.Fatalf("seed %d: a reset tree and a new one differ", seed)
		}
		used.Reset()
	}
}

// TestWatchedFoldLast: in one family the rows under a watched prefix outlive all others.
func TestWatchedFoldLast(t *testing.T) {
	tree := NewTree(DefaultLimits, []string{"/Users/*/.ssh"}, &testKey)
	var p esbridge.Process
	evil(&p, 1, 1)
	rng := rand.New(rand.NewPCG(1, 1))
	at := rng.IntN(200000)
	for i := range 200000 {
		e := esbridge.Event{Process: &p, Count: 3, Path: fmt.Appendf(nil, "/tmp/x/%d", i)}
		if i == at {
			e.Count, e.Path = 1, []byte("/Users/a/.ssh/authorized_keys")
		}
		tree.Fold(&e, 1)
	}
	s := testHead()
	if err := tree.Fit(s, MinFrameSize); err != nil {
		t.Fatal(err)
	}
	e := esbridge.Event{Process: &p, Path: []byte("/Users/a/.ssh/authorized_keys")}
	if find(s, &e) == nil {
		t.Errorf("the watched path, written at %d, is not listed", at)
	}
}

// TestLostPath: an event without a path counts in the root, and every path of the process
// may be the one that it was.
func TestLostPath(t *testing.T) {
	tree := NewTree(small, nil, &testKey)
	var p esbridge.Process
	evil(&p, 1, 1)
	for _, path := range []string{"/a", "", "/b", "/"} {
		tree.Fold(&esbridge.Event{Process: &p, Count: 2, Path: []byte(path)}, 1)
	}
	s := testHead()
	tree.Snapshot(s)
	q := s.Origins[0].Programs[0].Processes[0]
	var got string
	for _, r := range q.Paths {
		got += fmt.Sprintf("%s %d+%d, ", r.Path, r.Events, r.MissedMax)
	}
	if want := "/ 4+0, /a 2+4, /b 2+4, "; got != want || q.UnlistedMax != 4 {
		t.Errorf("rows %s unlisted %d, want %s unlisted 4", got, q.UnlistedMax, want)
	}
}

// TestUnlistedMaxIsSmall: a path with more than 2 × events / share is always listed, however
// the flood around it is made; here one process has the whole table for its share.
func TestUnlistedMaxIsSmall(t *testing.T) {
	limits := Limits{Origins: 4, Programs: 16, Processes: 16, Paths: 512, PathBytes: 512 * maxRowPath}
	for _, f := range floods {
		tree := NewTree(limits, nil, &testKey)
		var p esbridge.Process
		for i := range 60000 {
			e := esbridge.Event{Process: &p, Count: 1}
			f.fold(i, &p, &e)
			evil(&p, 1, 1)
			tree.Fold(&e, 1)
		}
		s := testHead()
		tree.Snapshot(s)
		q := s.Origins[0].Programs[0].Processes[0]
		if most := 2 * q.Events / uint64(limits.Paths); q.UnlistedMax > most {
			t.Errorf("%s: unlisted_max is %d, want at most %d", f.name, q.UnlistedMax, most)
		}
	}
}
