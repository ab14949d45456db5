package summaries

import "fmt"

// CopyTo makes dst hold exactly what t holds, so that dst can be fitted while t goes on
// counting. It allocates nothing and copies only what is in use: the rows of the tables, the
// bytes of their paths, and those sketches that are not empty. dst must have been made by
// NewTree with the limits of t; what it held is gone. t does not change.
//
// The copy takes over the secret seed of t's tables along with their hashes.
func (t *Tree) CopyTo(dst *Tree) {
	if dst.limits != t.limits {
		panic(fmt.Sprintf("summaries: copying a tree of limits %+v into one of %+v", t.limits, dst.limits))
	}
	for i := range t.origins {
		if d, s := &dst.origins[i], &t.origins[i]; d.used || s.used {
			own := d.seen
			*d = *s
			d.seen = own.takeOver(&s.seen)
		}
	}
	for i := range t.programs {
		if d, s := &dst.programs[i], &t.programs[i]; d.used || s.used {
			own := d.seen
			*d = *s
			d.seen = own.takeOver(&s.seen)
		}
	}
	for i := range t.processes {
		if d, s := &dst.processes[i], &t.processes[i]; d.used || s.used {
			own := d.seen
			*d = *s
			d.seen = own.takeOver(&s.seen)
		}
	}
	dst.copyTables(t)
	m, n := &dst.machine, &t.machine
	m.programs = m.programs.takeOver(&n.programs)
	m.processes = m.processes.takeOver(&n.processes)
	m.paths = m.paths.takeOver(&n.paths)
}

// copyTables copies all that a tree needs beside its rows above the paths.
func (t *Tree) copyTables(src *Tree) {
	t.paths = append(t.paths[:0], src.paths...)
	t.arena = append(t.arena[:0], src.arena...)
	t.freeOrigins = append(t.freeOrigins[:0], src.freeOrigins...)
	t.freePrograms = append(t.freePrograms[:0], src.freePrograms...)
	t.freeProcesses = append(t.freeProcesses[:0], src.freeProcesses...)
	t.programIndex.copyFrom(&src.programIndex)
	t.processIndex.copyFrom(&src.processIndex)
	t.pathIndex.copyFrom(&src.pathIndex)
	t.kinds.copyFrom(&src.kinds)
	t.hash, t.keyID = src.hash, src.keyID
	t.watch.list, t.watch.watched = src.watch.list, src.watch.watched
	t.watch.prefix = append(t.watch.prefix[:0], src.watch.prefix...)
	t.moved, t.lazy = src.moved, src.lazy
	t.pathCost, t.born, t.foldedUp = src.pathCost, src.born, src.foldedUp
	t.last = src.last
	copy(t.filter, src.filter)
	t.seed, t.secret = src.seed, src.secret
}

func (k *kindsTable) copyFrom(src *kindsTable) {
	k.rows, k.free = append(k.rows[:0], src.rows...), append(k.free[:0], src.free...)
}

// takeOver returns what src has seen, in the storage of s.
func (s seen) takeOver(src *seen) seen {
	s.reset()
	if src.dirty {
		s.sketch.Merge(src.sketch)
	}
	return seen{sketch: s.sketch, atMost: src.atMost, dirty: src.dirty}
}

// SetWatch replaces the path prefixes whose rows fold last, see NewTree. The tree must be
// empty: rows that are there keep the rank they have.
func (t *Tree) SetWatch(watch []string) { t.watch = NewWatch(watch) }
