package summaries

import (
	"reflect"
	"testing"
)

// frameShares is what law 4 keeps of a summary when it is fitted into a frame: the same rule
// as in the tables, over bytes.
type frameShares struct {
	wants  *wantTree
	before map[*wantProcess]*Process
}

// frameSharesOf computes the shares of s in a frame of so many bytes, of which a quarter is
// sure to be used: where rows turn out larger than they were charged for, Fit begins again
// with less room. In random trials 3 % of the fits do, and the last of them had 30 %.
func frameSharesOf(s *Summary, frameSize int) *frameShares {
	f := &frameShares{wants: &wantTree{}, before: map[*wantProcess]*Process{}}
	head := *s
	head.Origins = nil
	head.Events, head.Kinds = 1<<62, allKinds(1<<62)
	room := (frameSize - HeaderSize - headerSize(&head)) / 4
	var c capacity
	c.origins = room / originPart
	room -= c.origins
	c.programs = room / programPart
	room -= c.programs
	c.processes = room / processPart
	c.paths = room - c.processes
	others := false
	for i := range s.Origins {
		o := &s.Origins[i]
		others = others || o.Name == othersName
		if o.Name != othersName {
			f.wants.origins = append(f.wants.origins, f.origin(o, s.Window.Start))
		}
	}
	f.wants.share(c, others)
	f.wants.endless()
	f.wants.share(c, others)
	return f
}

func (f *frameShares) origin(o *Origin, start int64) *wantOrigin {
	head := *o
	head.Programs, head.Other.Paths = nil, nil
	w := &wantOrigin{name: o.Name, cost: originSize(&head) + rowMargin + registersOf(&o.Seen), others: costOfPaths(o.Other.Paths, start)}
	for i := range o.Programs {
		g := &o.Programs[i]
		head := *g
		head.Processes, head.Other.Paths = nil, nil
		wg := &wantProgram{key: string(g.Path), cost: programSize(&head) + rowMargin + registersOf(&g.Seen), others: costOfPaths(g.Other.Paths, start)}
		for j := range g.Processes {
			p := &g.Processes[j]
			head := *p
			head.Paths = nil
			wp := &wantProcess{id: modelID{p.PID, p.Version}, cost: processSize(&head) + rowMargin + registersOf(&p.Seen), paths: costOfPaths(p.Paths, start)}
			f.before[wp] = p
			wg.processes = append(wg.processes, wp)
		}
		w.programs = append(w.programs, wg)
	}
	return w
}

// registersOf is what a row's sketch adds once it goes into the frame.
func registersOf(d *Distinct) int {
	if d.Estimate < registersFrom {
		return 0
	}
	return 1<<registerPrecision + 4
}

func costOfPaths(rows []Path, start int64) (n int) {
	var prev []byte
	for i := range rows {
		n += pathSize(&rows[i], prev, start)
		prev = rows[i].Path
	}
	return n
}

// check holds the fitted summary against the shares and returns how many file rows they keep.
func (f *frameShares) check(t *testing.T, s *Summary) (rows int) {
	t.Helper()
	for _, o := range f.wants.origins {
		if row := findOrigin(s, o.name); row != nil {
			rows += f.checkOrigin(t, row, o)
		} else if o.kept {
			t.Fatalf("origin %s is in its share of the frame and not listed", o.name)
		}
	}
	return rows
}

func (f *frameShares) checkOrigin(t *testing.T, row *Origin, o *wantOrigin) (rows int) {
	t.Helper()
	programs := map[string]*Program{}
	for i := range row.Programs {
		programs[string(row.Programs[i].Path)] = &row.Programs[i]
	}
	for _, g := range o.programs {
		got := programs[g.key]
		if got == nil {
			if g.kept {
				t.Fatalf("program %s of %s is in its share of the frame and not listed", g.key, o.name)
			}
			continue
		}
		processes := map[modelID]*Process{}
		for i := range got.Processes {
			processes[modelID{got.Processes[i].PID, got.Processes[i].Version}] = &got.Processes[i]
		}
		for _, p := range g.processes {
			got, was := processes[p.id], f.before[p]
			if p.kept && (got == nil || got.Events != was.Events || got.MissedMax != was.MissedMax) {
				t.Fatalf("process %v of %s is in its share of the frame and not listed", p.id, g.key)
			}
			if p.all {
				if !reflect.DeepEqual(got.Paths, was.Paths) || got.UnlistedMax != was.UnlistedMax {
					t.Fatalf("process %v of %s is in its share of the frame, which lists %d of its %d paths", p.id, g.key, len(got.Paths), len(was.Paths))
				}
				rows += len(was.Paths)
			}
		}
	}
	return rows
}
