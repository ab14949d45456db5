package summaries

import (
	"bytes"
	"cmp"
	"slices"
)

// registerPrecision is that of the sketches of rows in a frame: 128 bytes, 9 % standard
// error of what is merged from them.
const registerPrecision = 7

// Snapshot writes what the tree holds into s: Origins, Events, Kinds, the distinct counts of
// the machine and Limits. Rows come in canonical order: origins, programs and processes by
// falling events, then by name or pid; paths by their bytes. The same rows make the same
// summary, whatever order they were admitted in.
func (t *Tree) Snapshot(s *Summary) {
	t.settleRows()
	t.selection.regroup(t, nil)
	t.snapshotMachine(s)
	s.Origins, s.Events, s.Kinds = nil, 0, Kinds{}
	for i := range t.origins {
		if o := t.snapshotOrigin(int32(i)); o.Events > 0 {
			s.Origins = append(s.Origins, o)
			s.Events += o.Events
			s.Kinds.Add(&o.Kinds)
		}
	}
	slices.SortFunc(s.Origins, func(a, b Origin) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Name, b.Name))
	})
}

// snapshotMachine writes what stands in the head of a summary.
func (t *Tree) snapshotMachine(s *Summary) {
	m := &t.machine
	s.Programs = m.programs.distinct(t.maxPrograms-len(t.freePrograms), t.anyProgramFolded(), machinePrecision-2)
	s.Procs = m.processes.distinct(t.maxProcesses-len(t.freeProcesses), t.anyProcessFolded(), machinePrecision-2)
	s.Paths = m.paths.distinct(0, true, machinePrecision)
	s.Limits = t.limits
	s.KeyID = t.keyID
	s.Ledger.FoldedUp = t.foldedUp
}

func (t *Tree) anyProgramFolded() bool {
	return slices.ContainsFunc(t.origins, func(o originRow) bool { return o.used && o.unlisted > 0 })
}

func (t *Tree) anyProcessFolded() bool {
	return t.anyProgramFolded() || slices.ContainsFunc(t.programs, func(g programRow) bool { return g.used && g.unlisted > 0 })
}

func (t *Tree) snapshotOrigin(i int32) Origin {
	o := t.originHead(i)
	for g := t.selection.programs.head[i]; g >= 0; g = t.selection.programs.next[g] {
		if !t.programListed(g) {
			t.snapshotOther(&o.Other, t.othersOfProgram(g))
			continue
		}
		p := t.snapshotProgram(g)
		o.Programs = append(o.Programs, p)
		o.Events += p.Events
		o.Kinds.Add(&p.Kinds)
	}
	o.Events += o.Other.Events
	o.Kinds.Add(&o.Other.Kinds)
	slices.SortFunc(o.Programs, func(a, b Program) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), bytes.Compare(a.Path, b.Path), bytes.Compare(a.CDHash, b.CDHash),
			cmp.Compare(a.Device, b.Device), cmp.Compare(a.Inode, b.Inode))
	})
	return o
}

// originHead is an origin without its programs.
func (t *Tree) originHead(i int32) Origin {
	r := &t.origins[i]
	n := 0
	for g := t.selection.programs.head[i]; g >= 0; g = t.selection.programs.next[g] {
		if t.programListed(g) {
			n++
		}
	}
	o := Origin{Name: r.name.String(), Seen: r.seen.distinct(n, r.incomplete, precisionIf(r.registers && r.incomplete))}
	if !t.originListed(i) {
		o.Name = othersName
	}
	o.Other.Members, o.Other.UnlistedMax = r.members, r.unlisted
	return o
}

func (t *Tree) snapshotProgram(g int32) Program {
	p := t.programHead(g)
	for i := t.selection.processes.head[g]; i >= 0; i = t.selection.processes.next[i] {
		if !t.processListed(i) {
			t.snapshotOther(&p.Other, i)
			continue
		}
		q := t.processHead(i)
		q.Paths = t.snapshotPaths(i)
		for j := range q.Paths {
			q.Kinds.Add(&q.Paths[j].Kinds)
		}
		q.First, q.Last = timeRange(q.Paths)
		p.Processes = append(p.Processes, q)
		p.Events += q.Events
		p.Kinds.Add(&q.Kinds)
	}
	p.Events += p.Other.Events
	p.Kinds.Add(&p.Other.Kinds)
	slices.SortFunc(p.Processes, func(a, b Process) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.PID, b.PID), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Start, b.Start))
	})
	return p
}

// programHead is a program without its processes.
func (t *Tree) programHead(g int32) Program {
	r := &t.programs[g]
	n := 0
	for i := t.selection.processes.head[g]; i >= 0; i = t.selection.processes.next[i] {
		if t.processListed(i) {
			n++
		}
	}
	p := Program{
		Path: bytes.Clone(r.path.bytes()), PathLen: int(r.pathFull), CDHash: clone(r.cdhash.bytes()),
		SigningID: r.signingID.String(), TeamID: r.teamID.String(), Device: r.device, Inode: r.inode,
		MissedMax: r.missed, Seen: r.seen.distinct(n, r.incomplete, precisionIf(r.registers && r.incomplete)),
	}
	p.Other.Members, p.Other.UnlistedMax = r.members, r.unlisted
	return p
}

// processHead is a process without its paths.
func (t *Tree) processHead(i int32) Process {
	r := &t.processes[i]
	p := Process{
		PID: r.pid, PPID: r.ppid, ResponsiblePID: r.responsible, EUID: r.euid, Version: r.version, Start: r.start,
		Container: r.container.String(), LowerBound: r.lowerBound, Events: r.events, MissedMax: r.missed,
		ExtensionChanges: r.extensionChanges, UnlistedMax: r.unlisted,
		Seen: r.seen.distinct(t.countFiles(i), r.incomplete, precisionIf(r.registers && r.incomplete)),
	}
	if r.peakEvents > 0 {
		p.Peak = Peak{Events: r.peakEvents, Per: 1e9, At: r.peakSecond}
	}
	return p
}

func (t *Tree) countFiles(owner int32) (n int) {
	for i := t.processes[owner].paths; i >= 0; i = t.paths[i].next {
		if r := &t.paths[i]; r.owner == owner && !r.dir {
			n++
		}
	}
	return n
}

// snapshotOther writes what the process row i, the others of somebody, counted.
func (t *Tree) snapshotOther(o *Other, i int32) {
	r := &t.processes[i]
	o.Events, o.LowerBound, o.PathsUnlistedMax = r.events, r.lowerBound, r.unlisted
	o.Paths = t.snapshotPaths(i)
	for j := range o.Paths {
		o.Kinds.Add(&o.Paths[j].Kinds)
	}
	o.First, o.Last = timeRange(o.Paths)
}

// snapshotPaths is the path rows of an owner in the order of their bytes, the root first.
func (t *Tree) snapshotPaths(owner int32) []Path {
	var rows []Path
	if p := &t.processes[owner]; p.root.events > 0 {
		rows = append(rows, viewPath([]byte{'/'}, &pathRow{tally: p.root, dir: true, full: 1}, &p.rootKinds, 0))
	}
	t.ordered(owner).Scan(func(e entry) bool {
		r := &t.paths[e.row]
		kinds := t.kindsOf(r)
		rows = append(rows, viewPath(bytes.Clone(e.path), r, &kinds, t.missedMax(r)))
		return true
	})
	return rows
}

func viewPath(path []byte, r *pathRow, kinds *Kinds, missed uint64) Path {
	p := Path{
		Path: path, PathLen: int(r.full), Directory: r.dir, Events: r.events, Folded: r.folded, Kinds: *kinds,
		First: r.first, Last: r.last, Bytes: r.bytes, HasBytes: r.hasBytes,
		SizeFirst: r.sizeFirst, SizeLast: r.sizeLast, HasSize: r.hasSize,
	}
	if !r.dir {
		p.MissedMax = missed
	}
	return p
}

func timeRange(rows []Path) (first, last int64) {
	for i := range rows {
		if r := &rows[i]; i == 0 || r.First < first {
			first = r.First
		}
		if r := &rows[i]; i == 0 || r.Last > last {
			last = r.Last
		}
	}
	return first, last
}

func precisionIf(registers bool) uint8 {
	if registers {
		return registerPrecision
	}
	return 0
}

// clone is bytes.Clone that keeps nothing of nothing.
func clone(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return bytes.Clone(b)
}
