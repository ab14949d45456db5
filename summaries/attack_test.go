package summaries

import (
	"bytes"
	"fmt"
	"testing"

	"summarizer/esbridge"
)

// storms are floods beyond those of laws_test.go. Each i is one event; the attacker is never
// of the origin "platform", and shares "unsigned" with half of the quiet programs unless it
// mints programs there.
var storms = []flood{
	{"pids go round", func(i int, p *esbridge.Process, e *esbridge.Event) {
		const space = 30000 // so that each pid is used twice, and those of the quiet ones too
		evil(p, 100+i%space, i/space)
		e.Path = fmt.Appendf(nil, "/tmp/x/%d", i)
	}},
	{"each process writes once, in hundreds of programs", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i, 1)
		p.Executable = fmt.Appendf(nil, "/tmp/evil%d", i%300)
		p.Origin = []byte("user:1000")
		e.Path = []byte("/tmp/x")
	}},
	{"hundreds of programs at once, all paths distinct", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i%400, 1)
		p.Executable = fmt.Appendf(nil, "/tmp/evil%d", i%400)
		p.Origin = []byte("user:1000")
		e.Path = fmt.Appendf(nil, "/tmp/%d/%d", i%400, i)
	}},
	{"hundreds of programs in a dozen origins", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i%400, i)
		p.Executable = fmt.Appendf(nil, "/tmp/evil%d", i%400)
		p.Origin = fmt.Appendf(nil, "user:%d", i%12)
		e.Path = fmt.Appendf(nil, "/tmp/%d/%d", i%400, i)
	}},
	{"executables of the longest names", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i, 1)
		p.Executable = fmt.Appendf(nil, "/%d%s/evil", i%50, bytes.Repeat([]byte("/long"), 818))
		p.Origin = []byte("user:1000")
		e.Path = p.Executable
	}},
	{"a thousand levels", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, 1, 1)
		e.Path = fmt.Appendf(nil, "/%d%s/%d", i%10, bytes.Repeat([]byte("/d"), 400+i%100), i)
	}},
	{"each level its own file", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, 1, 1)
		e.Path = append(bytes.Repeat([]byte("/d"), 1+i%500), fmt.Sprint("/f", i/500)...)
	}},
	{"under watched prefixes", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i%100, 1)
		e.Path = fmt.Appendf(nil, "/Users/a/.ssh/%d", i)
	}},
	{"paths that are lost", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i, 1)
		e.Path = nil
	}},
	{"counts without end", func(i int, p *esbridge.Process, e *esbridge.Event) {
		evil(p, i, 1)
		e.Path = fmt.Appendf(nil, "/tmp/x/%d", i)
		e.Count = 1 << 40
	}},
	{"everything at once", func(i int, p *esbridge.Process, e *esbridge.Event) {
		all := floods[:]
		all[i%len(all)].fold(i/len(all), p, e)
		if i%2 == 0 && string(p.Executable) == "/tmp/evil" {
			p.Executable = fmt.Appendf(nil, "/tmp/evil%d", i%20)
		}
	}},
}

// witness is what a quiet program does in a storm: one write to each of three files, the
// last of which has a name as long as a row keeps. Its pids are among the attacker's.
const (
	witnesses    = 6
	witnessFiles = 3
)

func witness(i, file int, p *esbridge.Process, e *esbridge.Event) {
	quiet(i, p, e)
	p.PID, p.Version = int32(100+i), 1<<40
	e.Path = fmt.Appendf(nil, "/Users/a/notes/%d/%d.txt", i, file)
	if file == witnessFiles-1 {
		e.Path = append(bytes.Repeat([]byte("/level"), (maxRowPath-len(e.Path))/6), e.Path...)
	}
}

// storm folds n events of a flood, and what the witnesses do: the first of them before it,
// the last one after it, the others during it.
func storm(tree *Tree, f flood, n int) (events uint64) {
	var p esbridge.Process
	var e esbridge.Event
	for i := range n + 1 {
		if i%(n/(witnesses-1)) == 0 {
			for file := range witnessFiles {
				witness(i/(n/(witnesses-1)), file, &p, &e)
				tree.Fold(&e, 1)
				events++
			}
		}
		if i < n {
			e = esbridge.Event{Process: &p, Kind: esbridge.Write, Count: 1}
			f.fold(i, &p, &e)
			tree.Fold(&e, 1)
			events += e.Count
		}
	}
	return events
}

// TestStorms: what witnesses wrote before, during and after a storm is listed by name with
// exact counts, in memory and in frames of 64 and of 16 KiB: there without the name of a
// kilobyte, and in the small one where there are few origins, for the others are more bytes
// than the witnesses' shares.
func TestStorms(t *testing.T) {
	tree := NewTree(DefaultLimits, DefaultWatch, &testKey)
	for _, f := range storms {
		t.Run(f.name, func(t *testing.T) {
			tree.Reset()
			events := storm(tree, f, 60000)
			tree.check(t)
			s := testHead()
			tree.Snapshot(s)
			checkWitnesses(t, s, "in memory", witnessFiles)
			if s.Events != events {
				t.Errorf("%d events, want %d", s.Events, events)
			}
			origins := len(s.Origins)
			for _, size := range []int{DefaultFrameSize, MinFrameSize} {
				if err := tree.Fit(s, size); err != nil {
					t.Fatal(err)
				}
				if size == DefaultFrameSize || origins <= 4 {
					checkWitnesses(t, s, fmt.Sprintf("in a frame of %d bytes", size), witnessFiles-1)
				}
			}
		})
	}
}

// checkWitnesses holds the rows of all witnesses against what they did to their first files.
func checkWitnesses(t *testing.T, s *Summary, where string, files int) {
	t.Helper()
	var p esbridge.Process
	var e esbridge.Event
	for i := range witnesses {
		for file := range files {
			witness(i, file, &p, &e)
			if row := find(s, &e); row == nil {
				t.Errorf("%s: file %d of witness %d is not listed", where, file, i)
			} else if row.Events != 1 || row.MissedMax != 0 {
				t.Errorf("%s: file %d of witness %d has %d + %d events, want 1 exactly", where, file, i, row.Events, row.MissedMax)
			}
		}
	}
}

// TestExecutableStormWithin: a storm of executables in the quiet programs' own origin is
// beyond what the law promises there. Those of other origins stay; in the same one a program
// that is busier than the bound is still listed, and the bound is what the purge allows.
func TestExecutableStormWithin(t *testing.T) {
	const n = 60000
	tree := NewTree(DefaultLimits, DefaultWatch, &testKey)
	busy := 2*n/DefaultLimits.Programs + 1
	var p esbridge.Process
	for i := range n {
		evil(&p, i, 1)
		p.Executable = fmt.Appendf(nil, "/tmp/%d/evil", i)
		tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/tmp/x/%d", i)}, 1)
		if i%(n/busy) == 0 {
			evil(&p, 7, 1)
			tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: []byte("/tmp/evil.out")}, 1)
		}
		if i == n/2 {
			var e esbridge.Event
			witness(1, 0, &p, &e)
			tree.Fold(&e, 1)
		}
	}
	s := testHead()
	tree.Snapshot(s)
	var e esbridge.Event
	if witness(1, 0, &p, &e); find(s, &e) == nil {
		t.Error("the witness of another origin is not listed")
	}
	o := findOrigin(s, "unsigned")
	if most := 2 * o.Events / uint64(DefaultLimits.Programs); o.Other.UnlistedMax > most {
		t.Errorf("unlisted_max is %d, want at most %d", o.Other.UnlistedMax, most)
	}
	evil(&p, 7, 1)
	if find(s, &esbridge.Event{Process: &p, Path: []byte("/tmp/evil.out")}) == nil {
		t.Errorf("a program with more than %d events is not listed", busy)
	}
	if o.Other.Members < n-2*uint64(DefaultLimits.Programs) || s.Programs.Estimate < n*9/10 {
		t.Errorf("%d programs folded, %d seen, of %d", o.Other.Members, s.Programs.Estimate, n)
	}
}
