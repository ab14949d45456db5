package summaries

import (
	"slices"
	"testing"
)

// checkOthers holds what a summary says of folded members against the model. Of their paths
// nobody knows which events were folded and which were not, but
//
//   - no row of others counts more events than the path had and the listed rows leave over;
//   - what members without a row did must be in the others of their parent, or of the parent's
//     parent where that was folded for some time.
func (m *model) checkOthers(t *testing.T, s *Summary) {
	t.Helper()
	var machine Other
	if i := slices.IndexFunc(s.Origins, func(o Origin) bool { return o.Name == othersName }); i >= 0 {
		machine = s.Origins[i].Other
	}
	all, unlisted := pathSums{}, pathSums{}
	for name, o := range m.origins {
		i := slices.IndexFunc(s.Origins, func(row Origin) bool { return row.Name == name })
		if i < 0 {
			o.addPaths(unlisted)
		} else {
			checkOthersOfOrigin(t, &s.Origins[i], o, &machine)
		}
		if machine.Events > 0 {
			o.addPaths(all)
			if i >= 0 {
				all.subtractOrigin(&s.Origins[i])
			}
		}
	}
	checkOtherRows(t, "other origins", &machine, all)
	unlisted.within(t, "origins without a row", &machine)
}

func checkOthersOfOrigin(t *testing.T, row *Origin, o *modelOrigin, machine *Other) {
	t.Helper()
	all, unlisted := pathSums{}, pathSums{}
	for exe, g := range o.programs {
		i := slices.IndexFunc(row.Programs, func(p Program) bool { return string(p.Path) == exe })
		if i < 0 {
			g.addPaths(unlisted)
		} else {
			checkOthersOfProgram(t, &row.Programs[i], g, &row.Other, machine)
		}
		if row.Other.Events > 0 {
			g.addPaths(all)
			if i >= 0 {
				all.subtractProgram(&row.Programs[i])
			}
		}
	}
	checkOtherRows(t, "other programs of "+row.Name, &row.Other, all)
	unlisted.within(t, "programs without a row of "+row.Name, &row.Other, machine)
}

func checkOthersOfProgram(t *testing.T, row *Program, g *modelProgram, above ...*Other) {
	t.Helper()
	listed := map[modelID]bool{}
	for i := range row.Processes {
		listed[modelID{row.Processes[i].PID, row.Processes[i].Version}] = true
	}
	all, unlisted := pathSums{}, pathSums{}
	for id, p := range g.processes {
		if !listed[id] {
			unlisted.add(p.paths)
		}
		if row.Other.Events > 0 {
			all.add(p.paths)
		}
	}
	for i := range row.Processes {
		all.subtract(row.Processes[i].Paths)
	}
	checkOtherRows(t, "other processes of "+string(row.Path), &row.Other, all)
	unlisted.within(t, "processes without a row of "+string(row.Path), append(above, &row.Other)...)
}

// checkOtherRows: no row has more events than all has left.
func checkOtherRows(t *testing.T, what string, other *Other, all pathSums) {
	t.Helper()
	if len(other.Paths) == 0 {
		return
	}
	below := eventsBelow(all)
	for i := range other.Paths {
		r := &other.Paths[i]
		most := all[string(r.Path)]
		if r.Directory {
			most = below[string(r.Path)]
		}
		if r.Events > most {
			t.Fatalf("%s: %q counts %d events, there were %d", what, r.Path, r.Events, most)
		}
	}
}

// pathSums are events by path, over several processes.
type pathSums map[string]uint64

func (s pathSums) add(paths map[string]uint64) {
	for path, n := range paths {
		s[path] += n
	}
}

func (o *modelOrigin) addPaths(s pathSums) {
	for _, g := range o.programs {
		g.addPaths(s)
	}
}

func (g *modelProgram) addPaths(s pathSums) {
	for _, p := range g.processes {
		s.add(p.paths)
	}
}

// subtract takes out what file rows count. A path that is not there was never folded, or its
// row is checked elsewhere.
func (s pathSums) subtract(rows []Path) {
	for i := range rows {
		if n, ok := s[string(rows[i].Path)]; ok && !rows[i].Directory {
			s[string(rows[i].Path)] = n - min(n, rows[i].Events)
		}
	}
}

func (s pathSums) subtractProgram(g *Program) {
	s.subtract(g.Other.Paths)
	for i := range g.Processes {
		s.subtract(g.Processes[i].Paths)
	}
}

func (s pathSums) subtractOrigin(o *Origin) {
	s.subtract(o.Other.Paths)
	for i := range o.Programs {
		s.subtractProgram(&o.Programs[i])
	}
}

// within: each path may have had its events, by what the others they can be in say of it.
func (s pathSums) within(t *testing.T, what string, others ...*Other) {
	t.Helper()
	if len(s) == 0 {
		return
	}
	unlisted := uint64(0)
	rows := pathSums{} // how far above unlisted a listed path can be
	for _, o := range others {
		unlisted += o.PathsUnlistedMax
		for i := range o.Paths {
			if r := &o.Paths[i]; !r.Directory {
				rows[string(r.Path)] += r.Events + r.MissedMax - o.PathsUnlistedMax // wraps; the sum does not
			}
		}
	}
	for path, n := range s {
		if path != "" && n > unlisted+rows[path] {
			t.Fatalf("%s: %q had %d events, the others it can be in allow %d", what, path, n, unlisted+rows[path])
		}
	}
}
