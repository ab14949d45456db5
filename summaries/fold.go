package summaries

import "math"

// Fold up, the one operation on a tree: when room is short, the largest families fold their
// smallest members into their parents. It bounds the tables, fits a summary into a frame,
// and closes every merge.
//
//  1. A table of capacity C is shared out by nested max-min fairness: C among the origins
//     that want some, an origin's share among its programs, a program's among its
//     processes. A family that wants at most its share is not touched (law 4).
//  2. A family over its share folds the members of lowest rank until it is down to it.
//     Rank is events + missed_max (the purge of the Frequent Items sketch, Anderson et al.,
//     arXiv 1705.07001); rows under a watched prefix rank above all others; of equal rows
//     the youngest folds first, so nothing depends on the table's secret seed.
//  3. The highest rank that a family has folded is its unlisted_max, and where a member
//     admitted later begins with missed_max.
//
// A row wants its cost: one unit and more for a long path in the tables, its encoded bytes
// in a frame.

// families lists rows by their parent.
type families struct{ head, next []int32 }

func (f *families) reset(parents, rows int) {
	f.head, f.next = resize(f.head, parents), resize(f.next, rows)
	for i := range f.head {
		f.head[i] = -1
	}
}

func (f *families) add(parent, row int32) {
	f.next[row] = f.head[parent]
	f.head[parent] = row
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// regroup lists the programs of each origin and the processes of each program, and sums up
// what each wants.
func (s *selection) regroup(t *Tree, wants func(*processRow) int) {
	s.programs.reset(len(t.origins), len(t.programs))
	s.processes.reset(len(t.programs), len(t.processes))
	s.originWants, s.programWants = resize(s.originWants, len(t.origins)), resize(s.programWants, len(t.programs))
	for i := range t.programs {
		if g := &t.programs[i]; g.used {
			s.programs.add(g.origin, int32(i))
		}
	}
	for i := range t.processes {
		p := &t.processes[i]
		if !p.used || !t.programs[p.program].used {
			continue
		}
		s.processes.add(p.program, int32(i))
		if wants != nil {
			n := wants(p)
			s.programWants[p.program] += n
			s.originWants[t.programs[p.program].origin] += n
		}
	}
}

// fairLevel is the largest level at which the sum of min(want, level) stays within capacity.
func fairLevel(wants []int, capacity int) int {
	level := 0
	for {
		rest, over := capacity, 0
		for _, w := range wants {
			if w > level {
				over++
			} else {
				rest -= w
			}
		}
		if over == 0 {
			return math.MaxInt
		}
		if next := rest / over; next > level {
			level = next
		} else {
			return level
		}
	}
}

// each calls visit with every child of parent that wants more than its fair part of share,
// and with that part. What cannot be divided any more is for the others, the child that stands
// for many.
func (s *selection) each(f *families, parent int32, share int, want func(row int32) int, others int32, visit func(row int32, share int)) {
	from := len(s.wants)
	for i := f.head[parent]; i >= 0; i = f.next[i] {
		s.wants = append(s.wants, want(i))
	}
	level, spare := fairLevel(s.wants[from:], share), share
	for _, w := range s.wants[from:] {
		spare -= min(w, level)
	}
	s.wants = s.wants[:from]
	for i := f.head[parent]; i >= 0; i = f.next[i] {
		part := level
		if i == others && level < math.MaxInt {
			part += spare
		}
		if want(i) > part {
			visit(i, part)
		}
	}
}

// eachProgram visits the programs that want more than their nested fair part of capacity.
func (s *selection) eachProgram(t *Tree, capacity int, visit func(g int32, share int)) {
	level := fairLevel(s.originWants, capacity)
	for o := range t.origins {
		if s.originWants[o] > level {
			s.each(&s.programs, int32(o), level, func(g int32) int { return s.programWants[g] }, t.othersOfOrigin(int32(o)), visit)
		}
	}
}

// foldProcesses brings the process rows down to capacity.
func (t *Tree) foldProcesses(capacity int) {
	s := &t.selection
	s.regroup(t, func(p *processRow) int { return int(p.cost) })
	s.eachProgram(t, capacity, func(g int32, share int) {
		s.candidates = s.candidates[:0]
		for i := s.processes.head[g]; i >= 0; i = s.processes.next[i] {
			if p := &t.processes[i]; t.processListed(i) {
				s.add(p.events+p.missed, p.born, i, p.cost)
			}
		}
		if t.lazy { // a live tree makes room for more than the next few
			share -= share / 4
		}
		t.programs[g].narrow(share)
		for _, c := range s.lowest(s.programWants[g] - share) {
			t.foldProcess(c.row)
		}
	})
}

// foldProcess folds a process into the others of its program.
func (t *Tree) foldProcess(i int32) {
	p := &t.processes[i]
	g := &t.programs[p.program]
	had := p.events + p.missed
	if !p.again {
		g.members++
	}
	g.folds(had)
	g.incomplete = true
	t.filter.raise(within(g.born, p.id), had-min(had, g.missed))
	t.foldInto(t.othersOfProgram(p.program), i)
}

// foldInto moves all that a process counted to others and frees its row.
func (t *Tree) foldInto(others, i int32) {
	if !t.processes[i].again {
		t.foldedUp.Processes++
	}
	t.absorb(others, i)
	t.processIndex.remove(t.processes[i].key, i)
	t.clearProcess(i)
	t.freeProcesses = append(t.freeProcesses, i)
}

// foldPrograms brings the program rows down to capacity.
func (t *Tree) foldPrograms(capacity int) {
	s := &t.selection
	s.regroup(t, nil)
	for i := range t.maxPrograms {
		if g := &t.programs[i]; g.used {
			s.originWants[g.origin] += int(g.cost)
		}
	}
	level := fairLevel(s.originWants, capacity)
	for o := range t.origins {
		if s.originWants[o] <= level {
			continue
		}
		s.candidates = s.candidates[:0]
		for i := s.programs.head[o]; i >= 0; i = s.programs.next[i] {
			if g := &t.programs[i]; t.programListed(i) {
				s.add(s.eventsOf(t, i)+g.missed, g.born, i, g.cost)
			}
		}
		for _, c := range s.lowest(s.originWants[o] - level) {
			t.foldProgram(c.row, c.rank)
		}
	}
}

// eventsOf sums the events of a program's processes and others.
func (s *selection) eventsOf(t *Tree, g int32) (n uint64) {
	for i := s.processes.head[g]; i >= 0; i = s.processes.next[i] {
		n += t.processes[i].events
	}
	return n
}

// foldProgram folds a program into the others of its origin.
func (t *Tree) foldProgram(i int32, rank uint64) {
	o := &t.origins[t.programs[i].origin]
	o.members++
	o.unlisted = max(o.unlisted, rank)
	o.incomplete = true
	t.foldProgramInto(t.othersOfOrigin(t.programs[i].origin), i)
}

// foldProgramInto moves the processes of a program, the others among them, to the others of
// the program to, and frees its row. The families must be grouped.
func (t *Tree) foldProgramInto(to, i int32) {
	others := t.othersOfProgram(to)
	for p := t.selection.processes.head[i]; p >= 0; p = t.selection.processes.next[p] {
		if t.processListed(p) {
			t.foldInto(others, p)
		}
	}
	own := t.othersOfProgram(i)
	t.absorb(others, own)
	t.clearProcess(own)
	t.processes[own].program, t.processes[own].used = i, true
	if t.programListed(i) {
		t.foldedUp.Programs++
		t.programIndex.remove(t.programs[i].key, i)
		t.clearProgram(i)
		t.freePrograms = append(t.freePrograms, i)
	}
}

// foldOrigins brings the origin rows down to capacity.
func (t *Tree) foldOrigins(capacity int) {
	s := &t.selection
	s.regroup(t, func(p *processRow) int { return 0 })
	s.candidates = s.candidates[:0]
	want := 0
	for i := range t.maxOrigins {
		o := &t.origins[i]
		if !o.used {
			continue
		}
		n := o.missed
		for g := s.programs.head[i]; g >= 0; g = s.programs.next[g] {
			n += s.eventsOf(t, g)
		}
		s.add(n, o.born, int32(i), o.cost)
		want += int(o.cost)
	}
	for _, c := range s.lowest(want - capacity) {
		t.foldOrigin(c.row, c.rank)
	}
}

// foldOrigin folds an origin into the others of the machine.
func (t *Tree) foldOrigin(i int32, rank uint64) {
	t.foldedUp.Origins++
	rest := &t.origins[t.othersOfMachine()]
	rest.unlisted = max(rest.unlisted, rank)
	rest.incomplete = true
	rest.members += t.origins[i].members
	to := t.othersOfOrigin(t.othersOfMachine())
	for g := t.selection.programs.head[i]; g >= 0; g = t.selection.programs.next[g] {
		if t.programListed(g) {
			rest.members++
		}
		t.foldProgramInto(to, g)
	}
	t.clearOrigin(i)
	t.freeOrigins = append(t.freeOrigins, i)
}
