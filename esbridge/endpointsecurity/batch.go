package endpointsecurity

import (
	"bytes"

	"summarizer/esbridge"
)

const (
	// batchEvents is how many events are handed over at a time, at most.
	batchEvents = 512
	// arenaSize holds the texts of a batch: twice the most that one event can need (two paths,
	// four texts of a process), and room for several thousand usual ones.
	arenaSize = 2 * 8 * maxPath
)

// batch collects events until they are handed over. Texts live in one arena, and events that
// follow each other and have the same process share one.
type batch struct {
	out       esbridge.Batch
	processes []esbridge.Process // never grown beyond its capacity: events point into it
	arena     []byte
}

func newBatch() batch {
	return batch{
		out:       esbridge.Batch{Events: make([]esbridge.Event, 0, batchEvents)},
		processes: make([]esbridge.Process, 0, batchEvents),
		arena:     make([]byte, 0, arenaSize),
	}
}

// full says that the next event may find no room.
func (b *batch) full() bool {
	return len(b.out.Events) == batchEvents || len(b.arena) > arenaSize/2
}

func (b *batch) reset() {
	b.out = esbridge.Batch{Events: b.out.Events[:0]}
	b.processes = b.processes[:0]
	b.arena = b.arena[:0]
}

// keep copies text to where it stays valid until reset.
func (b *batch) keep(text []byte) []byte {
	start := len(b.arena)
	b.arena = append(b.arena, text...)
	return b.arena[start:len(b.arena):len(b.arena)]
}

// join is the path in one piece.
func (b *batch) join(p path) []byte {
	if len(p.dir) == 0 {
		return nil
	}
	start := len(b.arena)
	b.arena = p.appendTo(b.arena)
	return b.arena[start:len(b.arena):len(b.arena)]
}

// share returns a process of the batch equal to p: the one of the event before, or a copy.
func (b *batch) share(p *process) *esbridge.Process {
	if n := len(b.processes); n > 0 && b.is(&b.processes[n-1], p) {
		return &b.processes[n-1]
	}
	c := p.id
	for _, s := range [...]*[]byte{&c.Executable, &c.CDHash, &c.SigningID, &c.TeamID} {
		*s = b.keep(*s)
	}
	start := len(b.arena)
	b.arena = appendOrigin(b.arena, p.platform, p.adhoc, c.TeamID)
	c.Origin = b.arena[start:len(b.arena):len(b.arena)]
	b.processes = append(b.processes, c)
	return &b.processes[len(b.processes)-1]
}

func (b *batch) is(a *esbridge.Process, p *process) bool {
	var space [64]byte
	return a.PID == p.id.PID && a.Version == p.id.Version && a.Start == p.id.Start &&
		a.PPID == p.id.PPID && a.ResponsiblePID == p.id.ResponsiblePID && a.EUID == p.id.EUID &&
		bytes.Equal(a.Executable, p.id.Executable) && bytes.Equal(a.CDHash, p.id.CDHash) &&
		bytes.Equal(a.SigningID, p.id.SigningID) && bytes.Equal(a.TeamID, p.id.TeamID) &&
		bytes.Equal(a.Origin, appendOrigin(space[:0], p.platform, p.adhoc, p.id.TeamID))
}
