package summaries

import (
	"hash/maphash"

	"summarizer/esbridge"
	"summarizer/summaries/sketch"
)

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
		q := t.process(&e, 0)
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
			root := tallyOf(row)
			s.root.into(&root)
			s.rootKinds.Add(&row.Kinds)
			continue
		}
		j := t.admitPath(src, row.Path, maphash.Bytes(t.seed, row.Path))
		r := &t.paths[j]
		r.tally, r.full, r.missed = tallyOf(row), uint32(row.PathLen), int64(row.MissedMax)
		t.setKinds(r, &row.Kinds)
	}
	t.absorb(dst, src)
}

// loadSeen unites a row's distinct count with that of a summary. fresh says that the row had
// none before; members, where given, inserts what a complete set lists.
func (t *Tree) loadSeen(s *seen, d *Distinct, fresh bool, members func(insert func([]byte))) {
	loaded := seen{atMost: uint64(float64(d.Estimate) * (1 + 4*d.StdError))}
	exact := d.StdError == 0 && !d.AtMost
	if t.keyID != 0 && len(d.Registers) > 0 {
		loaded.sketch = fromRegisters(d.Registers)
	} else if t.hash != nil && exact && members != nil {
		loaded.sketch = sketch.New(memberPrecision)
		members(func(b []byte) { loaded.sketch.InsertHash(t.hash.Hash(b)) })
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

// tallyOf is the inverse of viewPath.
func tallyOf(p *Path) tally {
	return tally{
		events: p.Events, folded: p.Folded, bytes: p.Bytes, first: p.First, last: p.Last,
		sizeFirst: p.SizeFirst, sizeLast: p.SizeLast, hasBytes: p.HasBytes, hasSize: p.HasSize,
	}
}

// processOf is the identity of a process row, as a source would tell it.
func processOf(o *Origin, g *Program, p *Process) esbridge.Process {
	e := esbridge.Process{
		Executable: g.Path, CDHash: g.CDHash, SigningID: []byte(g.SigningID), TeamID: []byte(g.TeamID),
		Device: g.Device, Inode: g.Inode, Origin: []byte(o.Name),
	}
	if p != nil {
		e.PID, e.PPID, e.ResponsiblePID, e.EUID = p.PID, p.PPID, p.ResponsiblePID, p.EUID
		e.Version, e.Start, e.Container, e.LowerBound = p.Version, p.Start, []byte(p.Container), p.LowerBound
	}
	return e
}
