package summaries

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/proto"
)

// How a frame is shared out: what is left of it after the head goes to sketches, origins,
// programs, processes and paths in this order, each at most its part of what the ones before
// left.
const (
	sketchPart  = 8 // one eighth, as far as there are sketches
	originPart  = 8
	programPart = 4
	processPart = 3
)

// registersFrom is how many members a row must have seen for its sketch to go into a frame,
// and registersSize what that takes.
const (
	registersFrom = 32
	registersSize = 1<<registerPrecision + 4
)

// Fit folds the tree up until it fits, with the head of s, into a frame of frameSize bytes,
// and writes it into s. The tree is spent: Reset it before it counts again.
func (t *Tree) Fit(s *Summary, frameSize int) error {
	t.settleRows()
	t.snapshotMachine(s)
	head := *s
	head.Origins = nil
	head.Events, head.Kinds = 1<<62, allKinds(1<<62) // whatever they will be
	room := frameSize - HeaderSize - headerSize(&head)
	if room < 0 {
		return fmt.Errorf("fitting a summary: its head alone is %d bytes more than a frame of %d; choose a larger --frame-size", -room, frameSize)
	}
	for target := room; ; {
		t.fitRows(target, s.Window.Start)
		t.Snapshot(s)
		over := proto.Size(encodeSummary(s)) + HeaderSize - frameSize
		if over <= 0 {
			return nil
		}
		if target <= 0 {
			return fmt.Errorf("fitting a summary: %d bytes too many with all rows folded; choose a larger --frame-size", over)
		}
		target -= over + over/4 + 64
	}
}

func allKinds(n uint64) (k Kinds) {
	for i := range k {
		k[i] = n
	}
	return k
}

// fitRows folds what costs more than room bytes.
func (t *Tree) fitRows(room int, windowStart int64) {
	room -= t.chooseRegisters(room / sketchPart)
	t.chargeOrigins()
	t.foldOrigins(room / originPart)
	room -= t.chargeOrigins()
	t.chargePrograms()
	t.foldPrograms(room / programPart)
	room -= t.chargePrograms()
	t.chargeProcesses()
	t.foldProcesses(room / processPart)
	room -= t.chargeProcesses()
	t.settleRows()
	measure := func(owner int32) { t.chargePaths(owner, windowStart) }
	for i := range t.processes {
		if t.processes[i].paths >= 0 {
			measure(int32(i))
		}
	}
	t.foldPaths(max(room, 0), measure)
}

// chooseRegisters picks the rows whose sketches go into the frame, those that have seen the
// most members, and returns the room that they take.
func (t *Tree) chooseRegisters(room int) int {
	s := &t.selection
	s.candidates = s.candidates[:0]
	var flags []*bool
	consider := func(registers *bool, n, born uint64) {
		*registers = false
		if t.keyID != 0 && n >= registersFrom {
			s.add(math.MaxUint64-n, born, int32(len(flags)), registersSize)
			flags = append(flags, registers)
		}
	}
	for i := range t.origins {
		consider(&t.origins[i].registers, t.origins[i].seen.estimate(), t.origins[i].born)
	}
	for i := range t.programs {
		consider(&t.programs[i].registers, t.programs[i].seen.estimate(), t.programs[i].born)
	}
	for i := range t.processes {
		consider(&t.processes[i].registers, t.pathsSeen(int32(i)), t.processes[i].born)
	}
	taken := 0
	for _, c := range s.lowest(min(room, len(flags)*registersSize) / registersSize * registersSize) {
		*flags[c.row] = true
		taken += registersSize
	}
	for i := range t.processes {
		if t.processes[i].registers {
			t.seeAllOf(int32(i))
		}
	}
	return taken
}

// chargeOrigins sets what each origin costs in a frame, and returns the sum.
func (t *Tree) chargeOrigins() (sum int) {
	t.selection.regroup(t, nil)
	for i := range t.origins {
		r := &t.origins[i]
		if !r.used {
			continue
		}
		o := t.originHead(int32(i))
		t.otherHead(&o.Other, t.othersOfProgram(t.othersOfOrigin(int32(i))))
		o.Events, o.Kinds = o.Other.Events, o.Other.Kinds
		n := originSize(&o) + rowMargin
		r.cost = int32(n)
		sum += n
	}
	return sum
}

// chargePrograms does the same for programs.
func (t *Tree) chargePrograms() (sum int) {
	t.selection.regroup(t, nil)
	for g := range t.programs[:t.maxPrograms] {
		r := &t.programs[g]
		if !r.used {
			continue
		}
		p := t.programHead(int32(g))
		t.otherHead(&p.Other, t.othersOfProgram(int32(g)))
		p.Events = t.selection.eventsOf(t, int32(g))
		n := programSize(&p) + rowMargin
		r.cost = int32(n)
		sum += n
	}
	return sum
}

// chargeProcesses does the same for processes, their roots included.
func (t *Tree) chargeProcesses() (sum int) {
	for i := range t.processes[:t.maxProcesses] {
		r := &t.processes[i]
		if !r.used {
			continue
		}
		p := t.processHead(int32(i))
		n := processSize(&p) + rowMargin
		r.cost = int32(n)
		sum += n
	}
	return sum
}

// rowMargin stands for what is not known of a row before its paths are: its kinds, its
// times, and its root directory.
const rowMargin = 48

// otherHead writes all of an Other but its paths.
func (t *Tree) otherHead(o *Other, i int32) {
	r := &t.processes[i]
	o.Events, o.LowerBound, o.PathsUnlistedMax = r.events, r.lowerBound, r.unlisted
	o.Kinds, o.First, o.Last = r.rootKinds, r.root.first, r.root.last
}

// chargePaths sets what each path row of an owner costs in a frame: rows are written in path
// order, each as what differs from the one before. Taking a row out of that order never
// makes the others longer than it was.
func (t *Tree) chargePaths(owner int32, windowStart int64) {
	var prev []byte
	t.ordered(owner).Scan(func(e entry) bool {
		r := &t.paths[e.row]
		kinds := t.kindsOf(r)
		p := viewPath(e.path, r, &kinds, t.missedMax(r))
		t.recharge(r, int32(pathSize(&p, prev, windowStart)))
		prev = e.path
		return true
	})
}
