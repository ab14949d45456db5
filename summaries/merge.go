package summaries

import (
	"errors"
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
	t := newTables(room, nil)
	t.agreeOnKey(heads, key)
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

// agreeOnKey drops all sketches where the summaries were not made with one key, and takes the
// key where it is that one.
func (t *Tree) agreeOnKey(all []*Summary, key *sketch.Key) {
	t.keyID = all[0].KeyID
	for _, s := range all {
		if s.KeyID != t.keyID {
			t.keyID = 0
		}
	}
	if key != nil && key.ID() == t.keyID {
		t.hash = sketch.NewHasher(key)
	}
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
