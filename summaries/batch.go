package summaries

import "summarizer/esbridge"

// known remembers the rows of processes by the esbridge.Process that events of one batch share,
// so that who did it is compared once for a batch and not for each event.
type known struct {
	open    bool
	entries [512]knownProcess // by pid
	used    []uint16          // which are
}

type knownProcess struct {
	process *esbridge.Process
	row     int32
}

// row is that of a process that is known, or −1.
func (k *known) row(p *esbridge.Process) int32 {
	if e := &k.entries[uint32(p.PID)%uint32(len(k.entries))]; e.process == p {
		return e.row
	}
	return -1
}

func (k *known) add(p *esbridge.Process, row int32) {
	if !k.open {
		return
	}
	at := uint32(p.PID) % uint32(len(k.entries))
	if k.entries[at].process == nil {
		k.used = append(k.used, uint16(at))
	}
	k.entries[at] = knownProcess{p, row}
}

func (k *known) forget() {
	for _, at := range k.used {
		k.entries[at].process = nil
	}
	k.used = k.used[:0]
}

// Begin says that until End events that point to the same esbridge.Process are of the same
// process: nobody writes to one in between. Fold then need not compare who it is each time.
// Nothing that events point to is kept beyond End.
func (t *Tree) Begin() { t.known.open = true }

// End ends what Begin began.
func (t *Tree) End() {
	t.known.open = false
	t.known.forget()
}
