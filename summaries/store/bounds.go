package store

import "summarizer/summaries"

// othersOfMachine is the name of the origin that stands for all that were folded.
const othersOfMachine = "other"

// bounds add up, over the windows of a query, what members may have done where they were
// not listed. The rule for one window is that of summaries.Merge:
//
//	program listed    its missed_max
//	origin listed     the unlisted_max of the origin's others
//	neither           the unlisted_max of the machine's others
//
// and the same one level down for processes. Over many windows it is kept as the sum over
// all of them, and for each member what the windows that list it contributed to that sum.
type bounds struct {
	machine   uint64
	origins   map[string]*bound
	programs  map[programKey]*programBound
	processes map[processKey]*bound
}

// bound is of one member: over the windows that list it, what it misses, what an unlisted
// sibling would miss there, and what an unlisted child would.
type bound struct{ missed, covered, unlisted uint64 }

type programBound struct {
	bound
	origin string
}

// processKey is the identity of a process.
type processKey struct {
	program programKey
	process Process
}

func newBounds() *bounds {
	return &bounds{
		origins: map[string]*bound{}, programs: map[programKey]*programBound{}, processes: map[processKey]*bound{},
	}
}

// add takes the next window. byProcess says whether processes are wanted.
func (b *bounds) add(s *summaries.Summary, byProcess bool) {
	var machine uint64
	for i := range s.Origins {
		if s.Origins[i].Name == othersOfMachine {
			machine = plus(machine, s.Origins[i].Other.UnlistedMax)
		}
	}
	b.machine = plus(b.machine, machine)
	boot := sourceOf(&s.Machine).boot
	for i := range s.Origins {
		o := &s.Origins[i]
		at := entry(b.origins, o.Name)
		at.covered = plus(at.covered, machine)
		at.unlisted = plus(at.unlisted, o.Other.UnlistedMax)
		for j := range o.Programs {
			b.addProgram(boot, o, &o.Programs[j], byProcess)
		}
	}
}

func (b *bounds) addProgram(boot string, o *summaries.Origin, g *summaries.Program, byProcess bool) {
	key := keyOf(o.Name, g)
	at := entry(b.programs, key)
	at.origin = o.Name
	at.missed, at.covered = plus(at.missed, g.MissedMax), plus(at.covered, o.Other.UnlistedMax)
	at.unlisted = plus(at.unlisted, g.Other.UnlistedMax)
	if !byProcess {
		return
	}
	for i := range g.Processes {
		p := entry(b.processes, processKey{key, processOf(boot, &g.Processes[i])})
		p.missed, p.covered = plus(p.missed, g.Processes[i].MissedMax), plus(p.covered, g.Other.UnlistedMax)
	}
}

func entry[K comparable, V any](m map[K]*V, k K) *V {
	v := m[k]
	if v == nil {
		v = new(V)
		m[k] = v
	}
	return v
}

// inOrigin is what a program of an origin can have done that no window ever listed.
func (b *bounds) inOrigin(name string) uint64 {
	at := b.origins[name]
	if at == nil {
		return b.machine
	}
	return plus(at.unlisted, minus(b.machine, at.covered))
}

// inProgram is the same for a process of a program.
func (b *bounds) inProgram(key programKey, origin string) uint64 {
	at := b.programs[key]
	if at == nil {
		return b.inOrigin(origin)
	}
	return plus(at.unlisted, minus(b.inOrigin(at.origin), at.covered))
}

// ofProgram is what may be missing of a program.
func (b *bounds) ofProgram(key programKey, origin string) uint64 {
	at := b.programs[key]
	if at == nil {
		return b.inOrigin(origin)
	}
	return plus(at.missed, minus(b.inOrigin(at.origin), at.covered))
}

// ofProcess is what may be missing of a process.
func (b *bounds) ofProcess(k processKey, origin string) uint64 {
	at := b.processes[k]
	if at == nil {
		return b.inProgram(k.program, origin)
	}
	return plus(at.missed, minus(b.inProgram(k.program, origin), at.covered))
}

// target is whom a filter is about, if it is about one member.
type target struct {
	origin  string
	program *programKey
	process *Process
}

// of is what may be missing of the target as a whole: what it did where it was not listed.
func (b *bounds) of(t *target) uint64 {
	switch {
	case t.process != nil:
		return b.ofProcess(processKey{*t.program, *t.process}, t.origin)
	case t.program != nil:
		return b.ofProgram(*t.program, t.origin)
	case t.origin != "":
		return b.machine
	}
	return 0
}
