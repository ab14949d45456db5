package eslogger

import "summarizer/esbridge"

// authDenied is ES_AUTH_RESULT_DENY.
const authDenied = 1

// line accounts for one line: it becomes an event of the batch, or counts in its tally, once.
func (s *Reader) line(line []byte, arrival int64) {
	t := &s.batch.out.Tally
	reason, ok := s.decoder.decode(line, s.message)
	if ok || reason != esbridge.BadJSON {
		t.KernelDropped += s.observe(s.message)
	}
	e := &s.message.event
	switch {
	case !ok:
	case e.many:
		reason, ok = esbridge.BadField, false
	case !e.body:
		reason, ok = esbridge.MissingField, false
	case s.message.denied() || e.kind.shape == ignored || e.untouched():
		t.Ignored++
	case e.kind.shape == lifecycle:
		t.Lifecycle[e.kind.step]++
	default:
		reason, ok = s.batch.add(s.message, arrival)
	}
	if !ok {
		t.Malformed[reason]++
	}
}

// observe feeds the sequence numbers of m to the gap detector and returns how many messages
// they newly show to be lost.
func (s *Reader) observe(m *message) uint64 {
	eventType := -1
	switch {
	case !m.seq.ok:
	case m.event.name.ok && m.event.kind.number > 0:
		eventType = m.event.kind.number
	case m.eventType.ok:
		eventType = int(m.eventType.v)
	}
	return s.gaps.Observe(eventType, m.seq.v, m.global.v, m.global.ok)
}

// denied says that an AUTH client forbade the operation, so that nothing changed.
func (m *message) denied() bool { return m.auth.ok && m.auth.v == authDenied }

// untouched says that the event is the close of a file that was neither modified nor mapped
// writable.
func (e *event) untouched() bool {
	return e.kind.shape == onClose && e.modified.ok && !e.modified.v && !(e.mapped.ok && e.mapped.v)
}

// add puts the event of m into the batch, which must not be full.
func (b *batch) add(m *message, arrival int64) (reason esbridge.Reason, ok bool) {
	e := &m.event
	to, from, size, ok := e.paths()
	if !ok || !m.time.ok || !m.process.complete() {
		return esbridge.MissingField, false
	}
	var id esbridge.Process
	when, ok := parseTime(m.time.b)
	if !ok || !to.valid() || !from.valid() || !m.process.identity(&id) {
		return esbridge.BadField, false
	}
	b.out.Events = append(b.out.Events, esbridge.Event{
		Kind:       e.folded(),
		Process:    b.share(&id),
		Path:       b.join(to),
		SourcePath: b.join(from),
		Count:      1,
		First:      when,
		Last:       when,
		Arrival:    arrival,
		Size:       size,
		HasSize:    size >= 0,
	})
	return 0, true
}

// folded is the kind the event counts as.
func (e *event) folded() esbridge.Kind {
	switch {
	case e.kind.shape != onClose:
		return e.kind.kind
	case e.modified.v:
		return esbridge.CloseModified
	}
	return esbridge.MappedWrite
}
