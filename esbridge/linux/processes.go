//go:build linux && (amd64 || arm64)

package linux

import "summarizer/esbridge"

// An identity is what the kernel knows of a process, without the kinds that it counted.
type identity struct {
	start, inode            uint64
	pid, ppid, exec         uint32
	mount, uid, euid        uint32
	exeDev, exeUID, exeMode uint32
	lowerBound              bool
	// Where the Process is that was made of it: place in batch number. 0 is none.
	batch uint64
	place int32
}

// processes holds the identities of one window, by the id that the kernel gave them, and
// makes an esbridge.Process of one for each batch that has events of it: what a batch points
// to is in the batch's own room.
type processes struct {
	known    []identity
	lost     identity // stands for an id that is out of range
	ownMount uint32   // our own mount namespace
	epoch    int64    // boot offset at the start: the start of a process must not move with the clock
}

func newProcesses(c Config) processes { return processes{known: make([]identity, c.MaxProcesses+1)} }

func (p *processes) reset() {
	clear(p.known)
	p.lost = identity{}
}

// byID is a process of this window. Every row refers to one that is there.
func (p *processes) byID(id uint32) *identity {
	if uint64(id) >= uint64(len(p.known)) {
		return &p.lost
	}
	return &p.known[id]
}

// add makes a process known from its row.
func (p *processes) add(k *bpfProcKey, v *bpfProcCount) *identity {
	i := p.byID(v.Id)
	*i = identity{
		start: k.Start, pid: k.Tgid, exec: k.Exec, mount: k.Mntns,
		ppid: v.Ppid, uid: v.Uid, euid: v.Euid,
		inode: v.ExeIno, exeDev: v.ExeDev, exeUID: v.ExeUid, exeMode: v.ExeMode,
		lowerBound: v.LowerBound != 0,
	}
	return i
}

// in is a process as the open batch of o has it.
// The batch has room for it: see makeRoom.
func (p *processes) in(o *output, id uint32, n *names) *esbridge.Process {
	i := p.byID(id)
	if i.batch != o.number {
		i.batch, i.place = o.number, int32(len(o.processes))
		o.processes = append(o.processes, p.made(o, i, id, n))
	}
	return &o.processes[i.place]
}

func (p *processes) made(o *output, i *identity, id uint32, n *names) esbridge.Process {
	e := esbridge.Process{
		PID: int32(i.pid), PPID: int32(i.ppid), EUID: i.euid,
		Version: uint64(i.exec), Start: int64(i.start) + p.epoch,
		Device: device(i.exeDev), Inode: i.inode, LowerBound: i.lowerBound,
	}
	e.Origin = o.keep(func(b []byte) []byte { return origin(b, i.exeUID, i.exeMode, i.uid) })
	exe, ok := n.of(n.processes, uint64(id))
	if ok {
		e.Executable = o.keep(func(b []byte) []byte {
			return rooted(appendWalked(b, exe.strings[0], exe.isCut(0)), len(b))
		})
	}
	if i.mount != p.ownMount {
		e.Container = o.keep(func(b []byte) []byte { return container(b, i.mount, exe.strings[1]) })
	}
	return e
}

// device converts the kernel's encoding of a device number (MKDEV in linux/kdev_t.h) to that
// of stat(2).
func device(d uint32) uint64 {
	const minorBits = 20
	major, minor := uint64(d>>minorBits), uint64(d&(1<<minorBits-1))
	return minor&0xff | major<<8 | minor&^0xff<<12
}
