package endpointsecurity

import "summarizer/esbridge"

// Decoder turns es_message_t memory into events. It accounts for every message once: as an
// event, or in the tally of its batch. One Decoder reads the messages of one client, in their
// order, and is used by one goroutine at a time. Memory is sized at start.
type Decoder struct {
	// OnStep, if not nil, is called by Add for exec, fork and exit.
	OnStep func(*Step)

	message message
	gaps    esbridge.GapDetector
	batch   batch
	handed  bool // the batch has been handed over
}

// Step is a step in the life of a process. It is valid until the callback returns.
type Step struct {
	Lifecycle esbridge.Lifecycle
	// Process is the program that began to run (exec), the child (fork), or who ended (exit).
	Process *esbridge.Process
	// Token is its audit token, by which Endpoint Security mutes a process.
	Token [8]uint32
}

// NewDecoder makes a Decoder, which holds about 0.6 MiB.
func NewDecoder() *Decoder { return &Decoder{batch: newBatch()} }

// Add reads the message at address a of mem, which came at arrival, in nanoseconds since the
// Unix epoch (0 unknown). All that is kept of it is copied: it may go when Add returns. Where
// Full says so, Batch comes first.
func (d *Decoder) Add(mem Memory, a uint64, arrival int64) {
	if d.handed {
		d.batch.reset()
		d.handed = false
	}
	m, t := &d.message, &d.batch.out.Tally
	if reason, ok := m.decode(mem, a); !ok {
		t.Malformed[reason]++
		return
	}
	if m.version >= versionSeq {
		t.KernelDropped += d.gaps.Observe(int(m.eventType), m.seq, m.global, m.version >= versionGlobalSeq)
	}
	switch {
	case m.kind.shape == ignored || m.denied || m.untouched:
		t.Ignored++
	case m.kind.shape == lifecycle:
		t.Lifecycle[m.kind.step]++
		d.step(m)
	case m.missing || m.bad:
		t.Malformed[m.reason()]++
	default:
		d.batch.add(m, arrival)
	}
}

// step tells of a lifecycle event whose process can be told.
func (d *Decoder) step(m *message) {
	if d.OnStep == nil || m.missing || m.bad {
		return
	}
	p := m.process.id
	p.Origin = appendOrigin(nil, m.process.platform, m.process.adhoc, p.TeamID)
	d.OnStep(&Step{Lifecycle: m.kind.step, Process: &p, Token: m.process.token})
}

// Full says that the batch may have no room for another event.
func (d *Decoder) Full() bool { return !d.handed && d.batch.full() }

// Batch is what has been added since the batch before, handed over at now, in nanoseconds
// since the Unix epoch. It is valid until the next Add.
func (d *Decoder) Batch(now int64) *esbridge.Batch {
	if d.handed {
		d.batch.reset()
	}
	d.handed = true
	d.batch.out.Now = now
	return &d.batch.out
}

// folded is the kind the event counts as.
func (m *message) folded() esbridge.Kind {
	switch {
	case m.kind.shape != onClose:
		return m.kind.kind
	case m.modified:
		return esbridge.CloseModified
	}
	return esbridge.MappedWrite
}

// add puts the event of m into the batch, which must not be full.
func (b *batch) add(m *message, arrival int64) {
	b.out.Events = append(b.out.Events, esbridge.Event{
		Kind:       m.folded(),
		Process:    b.share(&m.process),
		Path:       b.join(m.to),
		SourcePath: b.join(m.from),
		Count:      1,
		First:      m.time,
		Last:       m.time,
		Arrival:    arrival,
		Size:       max(m.file.length, 0),
		HasSize:    m.file.length >= 0,
	})
}
