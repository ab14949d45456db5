package endpointsecurity

import (
	"time"

	"summarizer/esbridge"
)

// output turns records into batches. Events point into the records and the identities, so a
// batch is delivered before either changes.
type output struct {
	batch     esbridge.Batch
	number    uint64 // of the batch
	to        func(*esbridge.Batch) error
	onStep    func(*Step)
	onProcess func(*esbridge.Process, [8]uint32)
	delivered int64 // when the last batch was, in Unix nanoseconds
}

func newOutput(c *Config) *output {
	batch := esbridge.Batch{Events: make([]esbridge.Event, 0, batchEvents)}
	return &output{batch: batch, onStep: c.OnStep, onProcess: c.OnProcess, number: 1}
}

// records delivers the events of the records in b, drained at now.
func (o *output) records(l *lane, b []byte, now int64) error {
	for len(b) > 0 {
		r, rest, err := nextRecord(b)
		if err == nil {
			err = o.record(l, r, now)
		}
		if err != nil {
			return err
		}
		b = rest
	}
	if len(o.batch.Events) == 0 {
		return nil
	}
	return o.deliver(now)
}

func (o *output) record(l *lane, r record, now int64) error {
	id := l.identities.of(r.slot())
	if r.kind() == recordProcess {
		if id != nil && id.used == o.number {
			if err := o.deliver(now); err != nil {
				return err
			}
		}
		if !l.identities.bind(r) {
			return errRecord
		}
		if o.onProcess != nil {
			id = l.identities.of(r.slot())
			o.onProcess(&id.process, id.token)
		}
		return nil
	}
	if id == nil {
		return errRecord
	}
	if r.kind() == recordLost {
		return o.lost(id, r, now)
	}
	return o.event(id, r, now)
}

// event adds the event of r, or counts its step.
func (o *output) event(id *identity, r record, now int64) error {
	texts, ok := r.texts(recEventTexts, uint64(u32(r, recPathSize)), uint64(u32(r, recSourceSize)))
	if !ok || r[recKind] >= numKinds {
		return errRecord
	}
	if r[recKind] >= esbridge.NumKinds {
		o.step(id, esbridge.Lifecycle(r[recKind]-esbridge.NumKinds), u64(r, recCount))
		return nil
	}
	e := esbridge.Event{
		Kind:       esbridge.Kind(r[recKind]),
		Path:       texts[0],
		SourcePath: texts[1],
		Count:      u64(r, recCount),
		First:      int64(u64(r, recFirst)),
		Last:       int64(u64(r, recLast)),
	}
	first, last := int64(u64(r, recFirstSize)), int64(u64(r, recLength))
	if e.Count > 1 && first != last {
		// An Event says the size after the last of its events only: the first goes ahead, or what
		// the file grew by since then would be lost.
		begin := e
		begin.Count, begin.Last = 1, e.First
		e.Count--
		if e.Count == 1 {
			e.First = e.Last
		}
		if err := o.add(id, now, sized(begin, first)); err != nil {
			return err
		}
	}
	return o.add(id, now, sized(e, last))
}

// sized is e with the size of its file, which is negative where nobody knows.
func sized(e esbridge.Event, size int64) esbridge.Event {
	e.Size, e.HasSize = max(size, 0), size >= 0
	return e
}

// lost adds the events of r, of which only the process and the kind are known.
func (o *output) lost(id *identity, r record, now int64) error {
	for kind := range uint64(numKinds) {
		n := u64(r, recCounts+8*kind)
		switch {
		case n == 0:
		case kind >= esbridge.NumKinds:
			o.step(id, esbridge.Lifecycle(kind-esbridge.NumKinds), n)
		default:
			if err := o.add(id, now, esbridge.Event{Kind: esbridge.Kind(kind), Count: n, First: now, Last: now}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *output) step(id *identity, step esbridge.Lifecycle, n uint64) {
	o.batch.Tally.Lifecycle[step] += n
	if o.onStep != nil {
		o.onStep(&Step{Lifecycle: step, Process: &id.process, Token: id.token})
	}
}

func (o *output) add(id *identity, now int64, e esbridge.Event) error {
	if len(o.batch.Events) == batchEvents {
		if err := o.deliver(now); err != nil {
			return err
		}
	}
	id.used = o.number
	e.Process, e.Arrival = &id.process, now
	o.batch.Events = append(o.batch.Events, e)
	return nil
}

// flush delivers what the lanes have counted, and at least once in flushEvery.
func (o *output) flush(now int64) error {
	if o.batch.Tally == (esbridge.Tally{}) && now-o.delivered < int64(flushEvery/time.Nanosecond) {
		return nil
	}
	return o.deliver(now)
}

func (o *output) deliver(now int64) error {
	o.batch.Now = now
	err := o.to(&o.batch)
	o.batch.Events = o.batch.Events[:0]
	o.batch.Tally = esbridge.Tally{}
	o.delivered = now
	o.number++
	return err
}
