package endpointsecurity

import (
	"encoding/binary"
	"hash/maphash"
	"sync"

	"summarizer/esbridge"
)

// Collector is what the handlers of a Transport do, in Go: for one whose handlers can run Go
// code. Equal events that still wait become one record, memory is of fixed size, and what finds
// no room is counted, as in native/es_transport.c. It takes a lock, and the runtime may make it
// wait: the C handler is the better one.
type Collector struct{ lanes [NumLanes]*collected }

// collected is a lane of a Collector: the handler appends to in, the consumer reads out, and
// they change places when out is empty.
type collected struct {
	// Of the consumer: what is left of the records, and of what lost its path meanwhile; and
	// the buffers of both.
	out, loss         []byte
	outBase, lossBase []byte

	mu       sync.Mutex
	counters Counters
	message  message
	gaps     esbridge.GapDetector
	in       []byte           // its capacity is fixed
	recent   map[uint64]int32 // where the last record of an event is in in, by hash
	seed     maphash.Seed     // secret: nobody aims collisions
	holders  holders
}

// NewCollector makes a Collector with the sizes of c.
func NewCollector(c Config) *Collector {
	c = c.WithDefaults()
	var all Collector
	for i := range all.lanes {
		half := c.RingBytes[i] / 2
		all.lanes[i] = &collected{
			in: make([]byte, 0, half), outBase: make([]byte, 0, half), lossBase: make([]byte, 0, c.Slots[i]*recLostSize),
			recent: map[uint64]int32{}, seed: maphash.MakeSeed(), holders: newHolders(c.Slots[i]),
		}
	}
	return &all
}

// Handle takes the message at address a of mem, which may go when it returns.
func (c *Collector) Handle(lane Lane, mem Memory, a uint64) {
	l := c.lanes[lane]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handle(mem, a)
}

// Counters is Transport.Counters.
func (c *Collector) Counters(lane Lane) Counters {
	l := c.lanes[lane]
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counters
}

func (l *collected) handle(mem Memory, a uint64) {
	m, n := &l.message, &l.counters
	n.Received++
	if reason, ok := m.decode(mem, a); !ok {
		n.Malformed[reason]++
		return
	}
	if m.version >= versionSeq {
		n.KernelDropped += l.gaps.Observe(int(m.eventType), m.seq, m.global, m.version >= versionGlobalSeq)
	}
	switch {
	case m.kind.shape == ignored || m.denied || m.untouched:
		n.Ignored++
	case m.kind.shape != lifecycle && (m.missing || m.bad):
		n.Malformed[m.reason()]++
	case m.kind.shape != lifecycle:
		l.keep(m, int(m.folded()))
	case m.missing || m.bad: // a step counts although nobody can tell whose it is
		n.Unattributed[esbridge.NumKinds+int(m.kind.step)]++
	default:
		l.keep(m, esbridge.NumKinds+int(m.kind.step))
	}
}

// keep raises the record of an equal event, appends one, or counts a loss.
func (l *collected) keep(m *message, kind int) {
	if m.truncated {
		l.counters.Truncated++
	}
	slot, ok := l.slotOf(&m.process)
	if !ok {
		l.counters.Unattributed[kind]++
		return
	}
	hash := l.hash(m, slot, kind)
	if at, ok := l.recent[hash]; ok && m.isRecord(l.in[at:], slot, kind) {
		m.raise(l.in[at:])
		l.counters.Coalesced++
		return
	}
	at := len(l.in)
	if !l.reserve(recordEvent, slot, recEventTexts+m.to.size()+m.from.size()) {
		l.holders.lost[slot][kind]++
		l.holders.losers[slot] = true
		l.counters.Lost[kind]++
		return
	}
	m.putRecord(l.in[at:], kind)
	l.recent[hash] = int32(at)
}

// reserve appends a record of a type and of n bytes, or a few more, of zeros but for its head. A process may have
// as much waiting as it leaves free.
func (l *collected) reserve(kind uint16, slot uint32, n int) bool {
	n = (n + 7) &^ 7
	waits := &l.holders.waiting[slot]
	if *waits+n > cap(l.in)-len(l.in) {
		return false
	}
	l.in = appendRecord(l.in, kind, slot, n)
	*waits += n
	l.counters.RingPeak = max(l.counters.RingPeak, uint64(len(l.in)))
	return true
}

// slotOf is the slot of a process, which may be given to it now.
func (l *collected) slotOf(p *process) (slot uint32, ok bool) {
	id := p.execution()
	if slot, ok = l.holders.find(&id); ok {
		return slot, true
	}
	if slot, ok = l.holders.vacate(); !ok {
		return 0, false
	}
	at := len(l.in)
	executable, signingID, teamID := shorten(p.id.Executable, maxExecutable), shorten(p.id.SigningID, maxSigningID), shorten(p.id.TeamID, maxTeamID)
	if !l.reserve(recordProcess, slot, recProcessTexts+executable.size()+signingID.size()+teamID.size()) {
		return 0, false
	}
	l.holders.give(slot, &id)
	p.putRecord(l.in[at:], executable, signingID, teamID)
	return slot, true
}

func (l *collected) hash(m *message, slot uint32, kind int) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	var head [32]byte
	binary.LittleEndian.PutUint32(head[0:], slot)
	binary.LittleEndian.PutUint32(head[4:], uint32(kind))
	binary.LittleEndian.PutUint64(head[8:], m.file.inode)
	binary.LittleEndian.PutUint32(head[16:], uint32(m.file.device))
	binary.LittleEndian.PutUint32(head[20:], uint32(m.to.size()))
	h.Write(head[:])
	for _, p := range [...]path{m.to, m.from} {
		if p.size() > 0 {
			h.Write(p.dir)
			h.Write(p.separator())
			h.Write(p.name)
		}
	}
	return h.Sum64()
}

// Drain is Transport.Drain.
func (c *Collector) Drain(lane Lane, buf []byte) (n int) {
	l := c.lanes[lane]
	n = l.take(buf)
	if len(l.out)+len(l.loss) == 0 {
		l.swap()
		n += l.take(buf[n:])
	}
	return n
}

// take moves whole records that nobody writes to any more.
func (l *collected) take(buf []byte) (n int) {
	for _, from := range [...]*[]byte{&l.out, &l.loss} {
		rest := *from
		for len(rest) > 0 {
			size := int(u32(rest, recordSizeAt))
			if size > len(buf)-n {
				break
			}
			n += copy(buf[n:], rest[:size])
			rest = rest[size:]
		}
		if *from = rest; len(rest) > 0 {
			break
		}
	}
	return n
}
