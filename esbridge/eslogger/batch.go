package eslogger

import "summarizer/esbridge"

const (
	// batchEvents is how many events are handed over at a time, at most.
	batchEvents = 512
	// arenaSize holds the paths and names of a batch: twice the most that one event can
	// need (three texts of paths, four of a process), and room for several hundred usual ones.
	arenaSize = 2 * 8 * maxText
)

// batch collects events until they are handed over. Paths and names live in one arena, and
// events that follow each other and have the same process share one.
type batch struct {
	out       esbridge.Batch
	processes []esbridge.Process // never grown beyond its capacity: events point into it
	arena     []byte
}

func newBatch() *batch {
	return &batch{
		out:       esbridge.Batch{Events: make([]esbridge.Event, 0, batchEvents)},
		processes: make([]esbridge.Process, 0, batchEvents),
		arena:     make([]byte, 0, arenaSize),
	}
}

// full says that the next event may find no room.
func (b *batch) full() bool {
	return len(b.out.Events) == batchEvents || len(b.arena) > arenaSize/2
}

func (b *batch) empty() bool {
	return len(b.out.Events) == 0 && b.out.Tally == esbridge.Tally{}
}

func (b *batch) reset() {
	b.out = esbridge.Batch{Events: b.out.Events[:0]}
	b.processes = b.processes[:0]
	b.arena = b.arena[:0]
}

// keep copies the parts, joined, to where they stay valid until reset.
func (b *batch) keep(parts ...[]byte) []byte {
	start := len(b.arena)
	for _, p := range parts {
		b.arena = append(b.arena, p...)
	}
	return b.arena[start:len(b.arena):len(b.arena)]
}
