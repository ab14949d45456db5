package summaries

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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
	programs map[string]*modelProgram
}

type modelProgram struct {
	events    uint64
	processes map[modelID]*modelProcess
}

type modelID struct {
	pid     int32
	version uint64
}

type modelProcess struct {
	events uint64
	paths  map[string]uint64
}

func newModel() *model { return &model{origins: map[string]*modelOrigin{}} }

func (m *model) fold(e *esbridge.Event) {
	m.events += e.Count
	m.kinds[e.Kind] += e.Count
	o := m.origins[string(e.Process.Origin)]
	if o == nil {
		o = &modelOrigin{programs: map[string]*modelProgram{}}
		m.origins[string(e.Process.Origin)] = o
	}
	o.events += e.Count
	g := o.programs[string(e.Process.Executable)]
	if g == nil {
		g = &modelProgram{processes: map[modelID]*modelProcess{}}
		o.programs[string(e.Process.Executable)] = g
	}
	g.events += e.Count
	id := modelID{e.Process.PID, e.Process.Version}
	p := g.processes[id]
	if p == nil {
		p = &modelProcess{paths: map[string]uint64{}}
		g.processes[id] = p
	}
	p.events += e.Count
	p.paths[string(e.Path)] += e.Count
}

// check holds a summary against the laws of conservation and of stated error.
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
			m.checkOrigin(t, o, want)
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
	var files []Path
	below := want.below(len(p.Paths))
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

// below counts the events under each directory; nothing where no rows ask for it.
func (p *modelProcess) below(rows int) map[string]uint64 {
	if rows == 0 {
		return nil
	}
	n := map[string]uint64{}
	for path, events := range p.paths {
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

// workload draws random events over a changing set of origins, programs, processes and
// paths: few or many of each, so that every table comes under pressure in some seed.
type workload struct {
	rng                                 *rand.Rand
	origins, programs, processes, paths int
	depth                               int
	skew                                float64
	lost                                bool
}

func newWorkload(seed uint64) *workload {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(ns ...int) int { return ns[r.IntN(len(ns))] }
	return &workload{
		rng: r, origins: pick(1, 3, 12), programs: pick(1, 5, 60, 400), processes: pick(1, 4, 100, 3000),
		paths: pick(1, 20, 1000, 100000), depth: pick(1, 3, 40), skew: []float64{0, 1.2, 2}[r.IntN(3)], lost: r.IntN(4) == 0,
	}
}

// draw picks one of n, evenly or with low numbers far more often.
func (w *workload) draw(n int) int {
	if w.skew == 0 {
		return w.rng.IntN(n)
	}
	return int(float64(n) * pow(w.rng.Float64(), w.skew*3))
}

func pow(x, y float64) float64 {
	for ; y > 1; y-- {
		x *= x
	}
	return x
}

func (w *workload) next(p *esbridge.Process, e *esbridge.Event) {
	o := w.draw(w.origins)
	g := w.draw(w.programs)
	*p = esbridge.Process{
		PID: int32(w.draw(w.processes)), Version: uint64(g), Start: 1,
		Executable: fmt.Appendf(nil, "/bin/p%d", g), Origin: fmt.Appendf(nil, "user:%d", o),
	}
	*e = esbridge.Event{Kind: esbridge.Kind(w.rng.IntN(esbridge.NumKinds)), Process: p, Count: 1, First: 5e9, Last: 5e9}
	if w.rng.IntN(10) == 0 {
		e.Count = 1 + w.rng.Uint64N(100)
	}
	if w.lost && w.rng.IntN(50) == 0 {
		return
	}
	n := w.draw(w.paths)
	var b bytes.Buffer
	for d := range 1 + n%w.depth {
		fmt.Fprintf(&b, "/d%d", (n>>d)%7)
	}
	fmt.Fprintf(&b, "/f%d", n)
	e.Path = b.Bytes()
}
