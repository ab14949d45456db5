package summaries

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"summarizer/esbridge"
)

// Fold counts an event in the tree. at is when it is folded, in nanoseconds since the Unix
// epoch, for peaks. The event must be well-formed (a process, a known kind, a count, an
// absolute or empty path); Fold keeps nothing that it points to. A known (process, path)
// costs no allocation.
func (t *Tree) Fold(e *esbridge.Event, at int64) {
	i := t.process(e.Process, e.Count)
	p := &t.processes[i]
	p.fold(e, at)
	path := e.Path
	for len(path) > 0 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	if len(path) == 0 {
		// A lost path, or "/" itself: any row may miss these events.
		p.root.fold(e)
		p.rootKinds[e.Kind] += e.Count
		p.incomplete = true
		p.unlisted += e.Count
		p.debt += int64(e.Count)
		return
	}
	if j := t.path(i, e, path); j >= 0 {
		r := &t.paths[j]
		t.countKind(r, e.Kind, e.Count)
		r.fold(e)
	}
}

// fold counts what a process row counts by itself.
func (p *processRow) fold(e *esbridge.Event, at int64) {
	p.events += e.Count
	p.lowerBound = p.lowerBound || e.Process.LowerBound
	if uint64(at-p.second) >= 1e9 {
		p.second, p.secondEvents = at-at%1e9, 0
	}
	p.secondEvents += e.Count
	if p.secondEvents > p.peakEvents {
		p.peakEvents, p.peakSecond = p.secondEvents, p.second
	}
	if e.Kind == esbridge.Rename && extensionChanged(e.SourcePath, e.Path) {
		p.extensionChanges += e.Count
	}
}

// extensionChanged compares what follows the last dot of the last component.
func extensionChanged(from, to []byte) bool {
	return len(from) > 0 && !bytes.Equal(extension(from), extension(to))
}

func extension(path []byte) []byte {
	base := path[bytes.LastIndexByte(path, '/')+1:]
	if i := bytes.LastIndexByte(base, '.'); i > 0 {
		return base[i:]
	}
	return nil
}

// process finds or admits the row of a process that has n events. It is that of the others of
// its program where the process is kept out.
func (t *Tree) process(p *esbridge.Process, n uint64) int32 {
	if i := t.known.row(p); i >= 0 {
		return i
	}
	key := t.mix(uint64(uint32(p.PID))<<32^p.Version, uint64(p.Start))
	for at := t.processIndex.probe(key); ; {
		i := t.processIndex.next(&at)
		if i < 0 {
			break
		}
		if r := &t.processes[i]; r.pid == p.PID && r.version == p.Version && r.start == p.Start && t.isProgram(r.program, p) {
			t.known.add(p, i)
			return i
		}
	}
	g := t.program(p)
	id := t.identity(g, p)
	if t.processAtDoor(g, id, n) {
		return t.othersOfProgram(g)
	}
	if len(t.freeProcesses) == 0 {
		t.foldProcesses(t.limits.Processes)
		t.known.forget()
	}
	return t.admitProcess(g, key, id, p)
}

// isProgram tells whether the program row is the executable and origin of p.
func (t *Tree) isProgram(g int32, p *esbridge.Process) bool {
	r := &t.programs[g]
	exe, _ := t.rowPath(p.Executable)
	return r.inode == p.Inode && r.device == p.Device && bytes.Equal(r.path.bytes(), exe) &&
		bytes.Equal(r.cdhash.bytes(), cut(p.CDHash)) && bytes.Equal(t.origins[r.origin].name.bytes(), cut(p.Origin))
}

func (t *Tree) admitProcess(g int32, key uint32, id uint64, p *esbridge.Process) int32 {
	i := t.freeProcesses[len(t.freeProcesses)-1]
	t.freeProcesses = t.freeProcesses[:len(t.freeProcesses)-1]
	parent := &t.programs[g]
	r := &t.processes[i]
	r.used, r.program, r.key, r.id, r.cost, r.born = true, g, key, id, 1, t.next()
	r.pid, r.ppid, r.responsible, r.euid, r.version, r.start = p.PID, p.PPID, p.ResponsiblePID, p.EUID, p.Version, p.Start
	r.container.set(p.Container)
	missed, again := t.letIn(&parent.door, parent.missed, within(parent.born, id))
	r.missed, r.unlisted, r.incomplete, r.again = missed, missed, missed > 0, again
	t.processIndex.insert(key, i)
	t.seeProcess(g, id)
	return i
}

// seeProcess counts a process among the distinct ones of its program and of the machine.
func (t *Tree) seeProcess(g int32, id uint64) {
	if t.hash != nil {
		t.programs[g].seen.insert(id)
		t.machine.processes.insert(id)
	}
}

// identity is the keyed hash of what identifies a process, for sketches.
func (t *Tree) identity(g int32, p *esbridge.Process) uint64 {
	if t.hash == nil {
		return 0
	}
	m := &t.last.member
	if m.id == 0 || m.pid != p.PID || m.version != p.Version || m.start != p.Start || m.of != t.programs[g].id {
		id := appendUint64(t.scratch[:0], t.programs[g].id)
		id = appendUint64(id, uint64(uint32(p.PID)))
		id = appendUint64(id, p.Version)
		id = appendUint64(id, uint64(p.Start))
		*m = member{t.programs[g].id, p.PID, p.Version, p.Start, t.hash.Hash(id)}
	}
	return m.id
}

// program finds or admits the row of an executable.
func (t *Tree) program(p *esbridge.Process) int32 {
	if t.programs[t.last.program].used && t.isProgram(t.last.program, p) {
		return t.last.program
	}
	exe, _ := t.rowPath(p.Executable)
	key := t.mix(maphash.Bytes(t.seed, exe)^p.Inode, maphash.Bytes(t.seed, p.CDHash)^p.Device)
	for at := t.programIndex.probe(key); ; {
		i := t.programIndex.next(&at)
		if i < 0 {
			break
		}
		if t.isProgram(i, p) {
			t.last.program = i
			return i
		}
	}
	if len(t.freePrograms) == 0 {
		t.foldPrograms(t.limits.Programs)
		t.known.forget()
	}
	o := t.origin(p.Origin)
	i := t.freePrograms[len(t.freePrograms)-1]
	t.freePrograms = t.freePrograms[:len(t.freePrograms)-1]
	parent := &t.origins[o]
	r := &t.programs[i]
	r.used, r.origin, r.key, r.cost, r.born = true, o, key, 1, t.next()
	exe, full := t.rowPath(p.Executable) // folding may have used the scratch buffer
	r.path.set(exe)
	r.pathFull = uint32(full)
	r.cdhash.set(p.CDHash)
	r.signingID.set(p.SigningID)
	r.teamID.set(p.TeamID)
	r.device, r.inode = p.Device, p.Inode
	r.missed, r.unlisted, r.incomplete = parent.unlisted, parent.unlisted, parent.unlisted > 0
	t.programIndex.insert(key, i)
	t.seeProgram(r)
	others := &t.processes[t.othersOfProgram(i)]
	others.program, others.born = i, r.born
	return i
}

// seeProgram counts a program among the distinct ones of its origin and of the machine.
func (t *Tree) seeProgram(r *programRow) {
	if t.hash == nil {
		return
	}
	id := append(t.scratch[:0], r.path.bytes()[:min(int(r.path.n), maxRowPath-128)]...)
	id = append(id, 0)
	id = append(id, r.cdhash.bytes()...)
	r.id = t.hash.Hash(appendUint64(id, r.inode))
	t.origins[r.origin].seen.insert(r.id)
	t.machine.programs.insert(r.id)
}

// origin finds or admits the row of a trust group. There are few: a scan finds it.
func (t *Tree) origin(name []byte) int32 {
	name = cut(name)
	if string(name) == othersName {
		return t.othersOfMachine()
	}
	for i := range t.origins[:t.maxOrigins] {
		if o := &t.origins[i]; o.used && bytes.Equal(o.name.bytes(), name) {
			return int32(i)
		}
	}
	if len(t.freeOrigins) == 0 {
		t.foldOrigins(t.limits.Origins)
		t.known.forget()
	}
	i := t.freeOrigins[len(t.freeOrigins)-1]
	t.freeOrigins = t.freeOrigins[:len(t.freeOrigins)-1]
	r := &t.origins[i]
	r.used, r.cost, r.born = true, 1, t.next()
	r.name.set(name)
	t.processes[t.othersOfProgram(t.othersOfOrigin(i))].born = r.born
	rest := t.origins[t.othersOfMachine()].unlisted
	r.missed, r.unlisted, r.incomplete = rest, rest, rest > 0
	return i
}

// othersName is the name of the origin that stands for the origins that were folded.
const othersName = "other"

// next numbers admissions, so that of two equal rows the older stays.
func (t *Tree) next() uint64 {
	t.born++
	return t.born
}

// mix hashes two words with the table's secret (the multiply-fold of wyhash, keyed).
func (t *Tree) mix(a, b uint64) uint32 {
	hi, lo := bits.Mul64(a^t.secret[0], b^t.secret[1])
	hi, lo = bits.Mul64(hi^lo^t.secret[1], t.secret[0])
	return uint32(hi ^ lo)
}

func cut(b []byte) []byte { return b[:min(len(b), len(name{}.b))] }

func appendUint64(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }
