package summaries

import (
	"fmt"
	"slices"
	"testing"

	"summarizer/esbridge"
)

// model counts everything exactly, without any limit.
type model struct {
	events  uint64
	kinds   Kinds
	origins map[string]*modelOrigin
}

type modelOrigin struct {
	events   uint64
	kinds    Kinds
	programs map[string]*modelProgram
}

type modelProgram struct {
	events    uint64
	kinds     Kinds
	processes map[modelID]*modelProcess
}

type modelID struct {
	pid     int32
	version uint64
}

type modelProcess struct {
	events uint64
	kinds  Kinds
	paths  map[string]uint64
}

func newModel() *model { return &model{origins: map[string]*modelOrigin{}} }

func (m *model) fold(e *esbridge.Event) {
	var kinds Kinds
	kinds[e.Kind] = e.Count
	p := m.process(string(e.Process.Origin), string(e.Process.Executable), modelID{e.Process.PID, e.Process.Version}, &kinds)
	p.paths[string(e.Path)] += e.Count
}

// process is the row of a process, after kinds were counted in it and in all above it.
func (m *model) process(origin, program string, id modelID, kinds *Kinds) *modelProcess {
	n := kinds.Sum()
	m.events += n
	m.kinds.Add(kinds)
	o := m.origins[origin]
	if o == nil {
		o = &modelOrigin{programs: map[string]*modelProgram{}}
		m.origins[origin] = o
	}
	o.events += n
	o.kinds.Add(kinds)
	g := o.programs[program]
	if g == nil {
		g = &modelProgram{processes: map[modelID]*modelProcess{}}
		o.programs[program] = g
	}
	g.events += n
	g.kinds.Add(kinds)
	p := g.processes[id]
	if p == nil {
		p = &modelProcess{paths: map[string]uint64{}}
		g.processes[id] = p
	}
	p.events += n
	p.kinds.Add(kinds)
	return p
}

// add makes m the model of both streams, one after the other.
func (m *model) add(other *model) {
	for name, o := range other.origins {
		for exe, g := range o.programs {
			for id, p := range g.processes {
				sum := m.process(name, exe, id, &p.kinds)
				for path, n := range p.paths {
					sum.paths[path] += n
				}
			}
		}
	}
}

// check holds a summary against the laws of conservation and of stated error. What was folded
// into others is held by checkOthers, distinct counts by checkDistinct.
func (m *model) check(t *testing.T, s *Summary) {
	t.Helper()
	if err := validate(s); err != nil {
		t.Fatalf("summary does not add up: %v", err)
	}
	if s.Events != m.events || s.Kinds != m.kinds {
		t.Fatalf("summary counts %d events, the model %d", s.Events, m.events)
	}
	bounds(t, "origin", s.Origins, m.origins, m.othersBound(s), func(o *Origin) (string, uint64, uint64) {
		return o.Name, o.Events, m.othersBound(s)
	}, func(o *modelOrigin) uint64 { return o.events })
	for i := range s.Origins {
		o := &s.Origins[i]
		if want := m.origins[o.Name]; want != nil {
			checkKinds(t, "origin "+o.Name, &o.Kinds, &want.kinds, m.othersBound(s))
			m.checkOrigin(t, o, want)
		}
	}
	m.checkOthers(t, s)
	m.checkDistinct(t, s)
}

// checkKinds: no kind was counted more often than it was, and together they miss at most missed.
func checkKinds(t *testing.T, what string, got, truth *Kinds, missed uint64) {
	t.Helper()
	for k, n := range got {
		if n > truth[k] || truth[k] > n+missed {
			t.Fatalf("%s: %d + %d events of kind %v, in truth %d", what, n, missed, esbridge.Kind(k), truth[k])
		}
	}
}

func (m *model) othersBound(s *Summary) uint64 {
	for i := range s.Origins {
		if s.Origins[i].Name == othersName {
			return s.Origins[i].Other.UnlistedMax
		}
	}
	return 0
}

func (m *model) checkOrigin(t *testing.T, o *Origin, want *modelOrigin) {
	t.Helper()
	bounds(t, "program of "+o.Name, o.Programs, want.programs, o.Other.UnlistedMax, func(g *Program) (string, uint64, uint64) {
		return string(g.Path), g.Events, g.MissedMax
	}, func(g *modelProgram) uint64 { return g.events })
	for i := range o.Programs {
		g := &o.Programs[i]
		want := want.programs[string(g.Path)]
		checkKinds(t, "program "+string(g.Path), &g.Kinds, &want.kinds, g.MissedMax)
		bounds(t, "process of "+string(g.Path), g.Processes, want.processes, g.Other.UnlistedMax, func(p *Process) (modelID, uint64, uint64) {
			return modelID{p.PID, p.Version}, p.Events, p.MissedMax
		}, func(p *modelProcess) uint64 { return p.events })
		for j := range g.Processes {
			p := &g.Processes[j]
			checkPaths(t, p, want.processes[modelID{p.PID, p.Version}])
		}
	}
}

func checkPaths(t *testing.T, p *Process, want *modelProcess) {
	t.Helper()
	checkKinds(t, fmt.Sprintf("process %d", p.PID), &p.Kinds, &want.kinds, p.MissedMax)
	var files []Path
	below := map[string]uint64{}
	if slices.ContainsFunc(p.Paths, func(r Path) bool { return r.Directory }) {
		below = eventsBelow(want.paths)
	}
	for i := range p.Paths {
		r := &p.Paths[i]
		if !r.Directory {
			files = append(files, *r)
		} else if r.Events > below[string(r.Path)] {
			t.Fatalf("directory %q counts %d events, below it were %d", r.Path, r.Events, below[string(r.Path)])
		}
	}
	bounds(t, fmt.Sprintf("path of process %d", p.PID), files, want.paths, p.UnlistedMax, func(r *Path) (string, uint64, uint64) {
		return string(r.Path), r.Events, r.MissedMax
	}, func(n uint64) uint64 { return n })
}

// eventsBelow counts the events under each directory. What lost its path is in the root.
func eventsBelow(paths map[string]uint64) map[string]uint64 {
	n := map[string]uint64{}
	for path, events := range paths {
		n["/"] += events
		for i := 1; i < len(path); i++ {
			if path[i] == '/' {
				n[path[:i+1]] += events
			}
		}
	}
	return n
}

// bounds checks of one family that each listed row is events ≤ truth ≤ events + missed, and
// that no member without a row had more than unlisted events.
func bounds[R any, K comparable, M any](t *testing.T, what string, rows []R, members map[K]M, unlisted uint64,
	row func(*R) (K, uint64, uint64), truth func(M) uint64) {
	t.Helper()
	listed := map[K]bool{}
	for i := range rows {
		k, events, missed := row(&rows[i])
		m, ok := members[k]
		if !ok {
			if fmt.Sprint(k) == othersName {
				continue
			}
			t.Fatalf("%s %v is listed and never was", what, k)
		}
		if listed[k] {
			t.Fatalf("%s %v is listed twice", what, k)
		}
		listed[k] = true
		if n := truth(m); events > n || n > events+missed {
			t.Fatalf("%s %v: listed with %d + %d, in truth %d", what, k, events, missed, n)
		}
	}
	for k, m := range members {
		if n := truth(m); !listed[k] && n > unlisted && fmt.Sprint(k) != "" {
			t.Fatalf("%s %v had %d events, is not listed, and unlisted_max is %d", what, k, n, unlisted)
		}
	}
}
