package summaries

import (
	"errors"
	"hash/maphash"
	"iter"
	"slices"

	"summarizer/summaries/sketch"
)

// Merge returns one summary of all that the given ones counted, fitted into a frame of
// frameSize bytes. Totals are exact; rows obey the rules of absorb; a row that a summary
// does not list may have been folded there, and misses at most its family's unlisted_max.
// Any order and grouping gives the same totals and bounds that hold.
//
// With the key of the summaries' sketches distinct counts stay sharp; without it (nil) a set
// that was listed in one summary and sketched in another becomes an upper bound. Sketches
// of different keys do not merge: their counts become upper bounds too.
//
// The head is that of the last summary; windows, sequence numbers, ledgers, peaks and series
// are united. The summaries are not changed. It fails where there is none, or where not even
// the head fits.
func Merge(key *sketch.Key, frameSize int, all ...*Summary) (*Summary, error) {
	return MergeSeq(key, frameSize, slices.Values(all))
}

// MergeSeq is Merge of summaries that need not be in memory together. It goes over them
// twice, and must see the same ones.
func MergeSeq(key *sketch.Key, frameSize int, all iter.Seq[*Summary]) (*Summary, error) {
	var heads []*Summary
	room := capacities{1, 1, 1, 1, 1}
	for s := range all {
		room.add(s)
		head := *s
		head.Origins = nil
		heads = append(heads, &head)
	}
	if len(heads) == 0 {
		return nil, errors.New("merging summaries: there is none")
	}
	t := newTables(room, nil, key)
	t.agreeOnKey(heads)
	first := true
	for s := range all {
		t.load(s, first)
		first = false
	}
	merged := mergeHeads(heads)
	folded := merged.Ledger.FoldedUp
	if err := t.Fit(merged, frameSize); err != nil {
		return nil, err
	}
	merged.Ledger.FoldedUp.add(&folded)
	merged.Limits = heads[len(heads)-1].Limits
	return merged, nil
}

// add makes room for every row of a summary, so that nothing folds while it loads.
func (c *capacities) add(s *Summary) {
	rows := func(paths []Path) {
		c.paths += len(paths)
		for i := range paths {
			c.arena += len(paths[i].Path)
		}
	}
	c.origins += len(s.Origins)
	for i := range s.Origins {
		o := &s.Origins[i]
		c.programs += len(o.Programs)
		rows(o.Other.Paths)
		for j := range o.Programs {
			c.processes += len(o.Programs[j].Processes)
			rows(o.Programs[j].Other.Paths)
			for k := range o.Programs[j].Processes {
				rows(o.Programs[j].Processes[k].Paths)
			}
		}
	}
}

// agreeOnKey drops the key and all sketches where the summaries were not made with one key.
func (t *Tree) agreeOnKey(all []*Summary) {
	t.keyID = all[0].KeyID
	for _, s := range all {
		if s.KeyID != t.keyID {
			t.keyID = 0
		}
	}
	if t.key != nil && t.key.ID() != t.keyID {
		t.key = nil
	}
}

// load adds a summary to the tree. first is true for the first one of a merge.
func (t *Tree) load(s *Summary, first bool) {
	before := t.born
	for i := range s.Origins {
		t.loadOrigin(&s.Origins[i], before)
	}
	t.loadSeen(&t.machine.programs, &s.Programs, first, nil)
	t.loadSeen(&t.machine.processes, &s.Procs, first, nil)
	t.loadSeen(&t.machine.paths, &s.Paths, first, nil)
	t.settle(before)
}

// loadOrigin adds the programs of an origin and what its others did.
func (t *Tree) loadOrigin(o *Origin, before uint64) {
	i := t.origin([]byte(o.Name))
	for j := range o.Programs {
		t.loadProgram(o, &o.Programs[j], before)
	}
	t.loadPaths(t.othersOfProgram(t.othersOfOrigin(i)), &Process{
		Events: o.Other.Events, LowerBound: o.Other.LowerBound, UnlistedMax: o.Other.PathsUnlistedMax, Paths: o.Other.Paths,
	})
	r := &t.origins[i]
	r.touched, r.bound = true, o.Other.UnlistedMax
	r.members += o.Other.Members
	r.incomplete = r.incomplete || o.Other.UnlistedMax > 0
	t.loadSeen(&r.seen, &o.Seen, r.born > before, nil)
}

func (t *Tree) loadProgram(o *Origin, g *Program, before uint64) {
	e := processOf(o, g, nil)
	i := t.program(&e)
	for j := range g.Processes {
		p := &g.Processes[j]
		e := processOf(o, g, p)
		q := t.process(&e)
		t.loadPaths(q, p)
		r := &t.processes[q]
		r.touched = true
		t.loadSeen(&r.seen, &p.Seen, r.born > before, func(insert func([]byte)) {
			for k := range p.Paths {
				insert(p.Paths[k].Path)
			}
		})
	}
	t.loadPaths(t.othersOfProgram(i), &Process{
		Events: g.Other.Events, LowerBound: g.Other.LowerBound, UnlistedMax: g.Other.PathsUnlistedMax, Paths: g.Other.Paths,
	})
	r := &t.programs[i]
	r.touched, r.bound = true, g.Other.UnlistedMax
	r.pathFull = max(r.pathFull, uint32(g.PathLen))
	r.members += g.Other.Members
	r.missed += g.MissedMax
	r.incomplete = r.incomplete || g.Other.UnlistedMax > 0
	t.loadSeen(&r.seen, &g.Seen, r.born > before, nil)
}

// loadPaths adds the paths and counts of a process to the row dst, by way of a row of their
// own, so that there is one way to unite two.
func (t *Tree) loadPaths(dst int32, p *Process) {
	src := int32(len(t.processes) - 1)
	t.clearProcess(src)
	s := &t.processes[src]
	s.events, s.missed, s.unlisted, s.lowerBound = p.Events, p.MissedMax, p.UnlistedMax, p.LowerBound
	s.incomplete = p.UnlistedMax > 0
	s.extensionChanges, s.peakEvents, s.peakSecond = p.ExtensionChanges, p.Peak.Events, p.Peak.At
	for i := range p.Paths {
		row := &p.Paths[i]
		if row.Directory && len(row.Path) == 1 {
			s.root.into(ptr(tallyOf(row)))
			continue
		}
		j := t.admitPath(src, row.Path, maphash.Bytes(t.seed, row.Path))
		r := &t.paths[j]
		r.tally, r.full, r.missed = tallyOf(row), uint32(row.PathLen), int64(row.MissedMax)
	}
	t.absorb(dst, src)
}

func ptr[T any](v T) *T { return &v }

// loadSeen unites a row's distinct count with that of a summary. fresh says that the row had
// none before; members, where given, inserts what a complete set lists.
func (t *Tree) loadSeen(s *seen, d *Distinct, fresh bool, members func(insert func([]byte))) {
	loaded := seen{atMost: uint64(float64(d.Estimate) * (1 + 4*d.StdError))}
	exact := d.StdError == 0 && !d.AtMost
	if t.keyID != 0 && len(d.Registers) > 0 {
		loaded.sketch = fromRegisters(d.Registers)
	} else if t.key != nil && exact && members != nil {
		loaded.sketch = sketch.New(memberPrecision)
		members(func(b []byte) { loaded.sketch.InsertHash(t.key.Hash(b)) })
	}
	loaded.dirty = loaded.sketch != nil
	if fresh {
		*s = loaded
	} else {
		s.merge(&loaded)
	}
}

// fromRegisters makes a sketch of registers, or nil of what are none.
func fromRegisters(registers []byte) *sketch.Sketch {
	s := sketch.New(machinePrecision)
	if s.MergeRegisters(registers) != nil {
		return nil
	}
	return s
}

// settle adds, after a summary was loaded, what it may have folded of the rows that it does
// not list, and makes its unlisted_max part of the families'.
func (t *Tree) settle(before uint64) {
	machine := t.origins[t.othersOfMachine()].bound
	for i := range t.processes[:t.maxProcesses] {
		p := &t.processes[i]
		if p.used && !p.touched && p.born <= before {
			miss := t.boundOfProcesses(p.program, machine)
			p.missed += miss
			p.unlisted += miss
			p.debt += int64(miss)
			p.incomplete = p.incomplete || miss > 0
		}
		p.touched = false
	}
	for i := range t.programs[:t.maxPrograms] {
		g := &t.programs[i]
		if g.used && !g.touched && g.born <= before {
			g.missed += t.boundOfPrograms(g.origin, machine)
		}
		if g.used {
			g.unlisted += t.boundOfProcesses(int32(i), machine)
			g.incomplete = g.incomplete || g.unlisted > 0
		}
	}
	for i := range t.origins {
		o := &t.origins[i]
		if o.used && t.originListed(int32(i)) { // a listed one too: its row does not say what it misses
			o.missed += machine
		}
		if o.used {
			o.unlisted += t.boundOfPrograms(int32(i), machine)
			o.incomplete = o.incomplete || o.unlisted > 0
		}
	}
	for i := range t.programs {
		t.programs[i].touched, t.programs[i].bound = false, 0
	}
	for i := range t.origins {
		t.origins[i].touched, t.origins[i].bound = false, 0
	}
}

// boundOfProcesses is what a process of the program that the loaded summary does not list
// can have done there at most.
func (t *Tree) boundOfProcesses(g int32, machine uint64) uint64 {
	if r := &t.programs[g]; r.touched {
		return r.bound
	}
	return t.boundOfPrograms(t.programs[g].origin, machine)
}

// boundOfPrograms is the same for a program of an origin.
func (t *Tree) boundOfPrograms(o int32, machine uint64) uint64 {
	if r := &t.origins[o]; r.touched {
		return r.bound
	}
	return machine
}
