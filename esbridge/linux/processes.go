//go:build linux && (amd64 || arm64)

package linux

import "summarizer/esbridge"

// processes holds the identities of one window, by the id that the kernel gave them.
type processes struct {
	known []esbridge.Process
	text  []byte // what their fields point to
	lost  esbridge.Process
}

// newProcesses takes room for all paths that fit into the ring, and for what a process has
// beside its path.
func newProcesses(c Config) processes {
	const origin, container = 16, 64
	return processes{
		known: make([]esbridge.Process, c.MaxProcesses+1),
		text:  make([]byte, 0, c.RingBytes+c.MaxProcesses*(origin+container+len(cutMark))),
	}
}

func (p *processes) reset() {
	clear(p.known)
	p.text = p.text[:0]
}

// byID is a process of this window. Every row refers to one that is there.
func (p *processes) byID(id uint32) *esbridge.Process {
	if uint64(id) >= uint64(len(p.known)) {
		return &p.lost
	}
	return &p.known[id]
}

// add makes a process from its row and from the record of its executable, which is nil where
// that was lost. epoch is Unix time at boot.
func (p *processes) add(k *bpfProcKey, v *bpfProcCount, exe *record, ownMount uint32, epoch int64) *esbridge.Process {
	e := p.byID(v.Id)
	*e = esbridge.Process{
		PID: int32(k.Tgid), PPID: int32(v.Ppid), EUID: v.Euid,
		Version: uint64(k.Exec), Start: int64(k.Start) + epoch,
		Device: device(v.ExeDev), Inode: v.ExeIno,
		LowerBound: v.LowerBound != 0,
	}
	e.Origin = p.keep(func(b []byte) []byte { return origin(b, v.ExeUid, v.ExeMode, v.Uid) })
	var cgroups []byte
	if exe != nil {
		cgroups = exe.strings[1]
		e.Executable = p.keep(func(b []byte) []byte {
			return rooted(appendWalked(b, exe.strings[0], exe.isCut(0)), len(b))
		})
	}
	if k.Mntns != ownMount {
		e.Container = p.keep(func(b []byte) []byte { return container(b, k.Mntns, cgroups) })
	}
	return e
}

// keep returns what f appends, for as long as the window is read.
func (p *processes) keep(f func([]byte) []byte) []byte {
	start := len(p.text)
	p.text = f(p.text)
	return p.text[start:len(p.text):len(p.text)]
}

// device converts the kernel's encoding of a device number (MKDEV in linux/kdev_t.h) to that
// of stat(2).
func device(d uint32) uint64 {
	const minorBits = 20
	major, minor := uint64(d>>minorBits), uint64(d&(1<<minorBits-1))
	return minor&0xff | major<<8 | minor&^0xff<<12
}
