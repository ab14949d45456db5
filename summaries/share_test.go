package summaries

import (
	"reflect"
	"slices"
	"testing"
)

// The share of law 4, computed apart from the code under test, from what every family wants.
// What is promised (docs/laws.md): a family that wants at most its share folds nothing.
//
// Wants are the exact numbers of members. Where members of a family may have been folded,
// the others of that family want rows of their own, and members that came back have two: how
// many is up to the attacker, so such a family wants no end.

const noEnd = 1 << 40

// wantTree is what every family wants: costs in rows, or in bytes of a frame.
type wantTree struct{ origins []*wantOrigin }

type wantOrigin struct {
	name     string
	cost     int
	others   int // what the paths of its others want
	programs []*wantProgram
	kept     bool // the row is in its share, and so are those above it; and so below
}

type wantProgram struct {
	key       string
	cost      int
	others    int
	processes []*wantProcess
	kept      bool
}

type wantProcess struct {
	id          modelID
	cost, paths int
	kept        bool // the row
	all         bool // and all its paths
}

// capacity is that of the four tables, or the four parts of a frame.
type capacity struct{ origins, programs, processes, paths int }

// fair is the largest level at which the sum of min(want, level) is at most n: by pouring n
// into the smallest wants first.
func fair(wants []int, n int) int {
	wants = slices.Sorted(slices.Values(wants))
	for i, w := range wants {
		if w*(len(wants)-i) > n {
			return n / (len(wants) - i)
		}
		n -= w
	}
	return noEnd
}

// fairOf is the level among rows of which each wants so much.
func fairOf[R any](rows []R, n int, want func(R) int, more ...int) int {
	for _, r := range rows {
		more = append(more, want(r))
	}
	return fair(more, n)
}

func sum[R any](rows []R, want func(R) int) (n int) {
	for _, r := range rows {
		n += min(want(r), noEnd)
	}
	return min(n, noEnd)
}

// share marks what law 4 keeps. others says that rows stand for folded origins already.
func (w *wantTree) share(c capacity, others bool) {
	fits := sum(w.origins, func(o *wantOrigin) int { return o.cost }) <= c.origins
	for _, o := range w.origins {
		o.kept = fits
	}
	programsOf := func(o *wantOrigin) int { return sum(o.programs, func(g *wantProgram) int { return g.cost }) }
	level := fairOf(w.origins, c.programs, programsOf)
	for _, o := range w.origins {
		for _, g := range o.programs {
			g.kept = o.kept && programsOf(o) <= level
		}
	}
	w.shareProcesses(c.processes)
	if others || !fits {
		w.sharePaths(c.paths, noEnd)
	} else {
		w.sharePaths(c.paths)
	}
}

func (w *wantTree) shareProcesses(n int) {
	ofProgram := func(g *wantProgram) int { return sum(g.processes, func(p *wantProcess) int { return p.cost }) }
	ofOrigin := func(o *wantOrigin) int { return sum(o.programs, ofProgram) }
	level := fairOf(w.origins, n, ofOrigin)
	for _, o := range w.origins {
		inner := noEnd
		if ofOrigin(o) > level {
			inner = fairOf(o.programs, level, ofProgram)
		}
		for _, g := range o.programs {
			for _, p := range g.processes {
				p.kept = g.kept && ofProgram(g) <= inner
			}
		}
	}
}

// sharePaths marks the processes all of whose paths are kept. others is what the paths of
// the others of the machine want.
func (w *wantTree) sharePaths(n int, others ...int) {
	ofProgram := func(g *wantProgram) int {
		return min(g.others+sum(g.processes, func(p *wantProcess) int { return p.paths }), noEnd)
	}
	ofOrigin := func(o *wantOrigin) int { return min(o.others+sum(o.programs, ofProgram), noEnd) }
	level := fairOf(w.origins, n, ofOrigin, others...)
	for _, o := range w.origins {
		inner := noEnd
		if ofOrigin(o) > level {
			inner = fairOf(o.programs, level, ofProgram, o.others)
		}
		for _, g := range o.programs {
			innermost := noEnd
			if ofProgram(g) > inner {
				innermost = fairOf(g.processes, inner, func(p *wantProcess) int { return p.paths }, g.others)
			}
			for _, p := range g.processes {
				p.all = p.kept && p.paths <= innermost
			}
		}
	}
}

// endless makes the others of every family want no end that may have folded a member.
func (w *wantTree) endless() {
	for _, o := range w.origins {
		for _, g := range o.programs {
			if !g.kept {
				o.others = noEnd
			}
			if slices.ContainsFunc(g.processes, func(p *wantProcess) bool { return !p.kept }) {
				g.others = noEnd
			}
		}
	}
}

// wants are those of a model in the tables.
func (m *model) wants(l Limits) *wantTree {
	unit := max(l.PathBytes/l.Paths, 1)
	w := &wantTree{}
	for name, o := range m.origins {
		wo := &wantOrigin{name: name, cost: 1}
		for exe, g := range o.programs {
			wg := &wantProgram{key: exe, cost: 1}
			for id, p := range g.processes {
				wp := &wantProcess{id: id, cost: 1}
				for path := range p.paths {
					wp.paths += (len(path) + unit - 1) / unit
				}
				wg.processes = append(wg.processes, wp)
			}
			wo.programs = append(wo.programs, wg)
		}
		w.origins = append(w.origins, wo)
	}
	return w
}

// checkShares holds what a tree of these limits counted against law 4: every family within
// its share has a row for each member, with exact counts.
func (m *model) checkShares(t *testing.T, s *Summary, l Limits) (rows int) {
	t.Helper()
	w := m.wants(l)
	c := capacity{l.Origins, l.Programs, l.Processes, l.Paths}
	w.share(c, false)
	w.endless() // what the paths want depends on what was folded above them
	w.share(c, false)
	for _, o := range w.origins {
		row := findOrigin(s, o.name)
		if o.kept && row == nil {
			t.Fatalf("origin %s is in its share and not listed", o.name)
		}
		for _, g := range o.programs {
			if g.kept {
				rows += checkShareOfProgram(t, row, g, m.origins[o.name].programs[g.key])
			}
		}
	}
	return rows
}

func checkShareOfProgram(t *testing.T, row *Origin, g *wantProgram, truth *modelProgram) (rows int) {
	t.Helper()
	i := slices.IndexFunc(row.Programs, func(p Program) bool { return string(p.Path) == g.key })
	if i < 0 || row.Programs[i].Events != truth.events || row.Programs[i].MissedMax != 0 {
		t.Fatalf("program %s of %s is in its share and not listed with all its events", g.key, row.Name)
	}
	listed := map[modelID]*Process{}
	for j := range row.Programs[i].Processes {
		p := &row.Programs[i].Processes[j]
		listed[modelID{p.PID, p.Version}] = p
	}
	for _, p := range g.processes {
		got, want := listed[p.id], truth.processes[p.id]
		if p.kept && (got == nil || got.Events != want.events || got.MissedMax != 0) {
			t.Fatalf("process %v of %s is in its share and not listed with all its events", p.id, g.key)
		}
		if p.all {
			checkAllPaths(t, got, want)
			rows += len(want.paths)
		}
	}
	return rows
}

// checkAllPaths: every path has its row and its exact count. The root, and the bounds, have
// what lost its path.
func checkAllPaths(t *testing.T, got *Process, want *modelProcess) {
	t.Helper()
	lost := want.paths[""]
	exact := pathSums{}
	for i := range got.Paths {
		r := &got.Paths[i]
		switch {
		case !r.Directory && r.MissedMax <= lost:
			exact[string(r.Path)] = r.Events
		case len(r.Path) == 1 && r.Events == lost:
			exact[""] = lost
		}
	}
	if !reflect.DeepEqual(exact, pathSums(want.paths)) || got.UnlistedMax != lost {
		t.Fatalf("process %d is in its share of paths: %d rows of %d paths, unlisted_max %d", got.PID, len(got.Paths), len(want.paths), got.UnlistedMax)
	}
}

func findOrigin(s *Summary, name string) *Origin {
	if i := slices.IndexFunc(s.Origins, func(o Origin) bool { return o.Name == name }); i >= 0 {
		return &s.Origins[i]
	}
	return nil
}
