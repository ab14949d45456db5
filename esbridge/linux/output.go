//go:build linux && (amd64 || arm64)

package linux

import (
	"time"

	"summarizer/esbridge"
)

const (
	batchEvents = 512
	batchText   = 256 << 10       // bytes of paths in a batch
	rowText     = 2 * longestPath // more than a row adds: two paths and a process
	longestPath = 4 * maxString
)

// output collects events into batches of fixed size. All that a batch points to is here and
// is used again for the next.
type output struct {
	batch     esbridge.Batch
	number    uint64 // of the open batch, the first being 1
	processes []esbridge.Process
	bytes     []byte // the paths of the batch
	to        func(*esbridge.Batch) error
	arrival   int64
	delivered uint64 // events of this window, the ignored among them
}

func newOutput() output {
	return output{
		batch:     esbridge.Batch{Events: make([]esbridge.Event, 0, batchEvents)},
		number:    1,
		processes: make([]esbridge.Process, 0, batchEvents),
		bytes:     make([]byte, 0, batchText),
	}
}

// begin starts a window that is delivered at wall, in Unix nanoseconds. Its events arrived in
// the kernel before that: just after a multiple of the interval they count as arrived just
// before it, so that whoever cuts time at such a multiple has them on the right side.
func (o *output) begin(to func(*esbridge.Batch) error, wall int64, interval time.Duration) {
	o.to, o.delivered = to, 0
	o.batch.Now, o.arrival = wall, wall
	if after := wall % int64(interval); after < int64(interval)/2 {
		o.arrival = wall - after - 1
	}
}

// keep returns what f appends, for as long as the batch lasts. The batch has room for it: see
// makeRoom.
func (o *output) keep(f func([]byte) []byte) []byte {
	start := len(o.bytes)
	o.bytes = f(o.bytes)
	return o.bytes[start:len(o.bytes):len(o.bytes)]
}

// makeRoom delivers the batch where it may not hold another row, its process and its paths.
func (o *output) makeRoom() error {
	if len(o.batch.Events)+int(bpfSlotSLOTS) > batchEvents || len(o.processes) == batchEvents ||
		len(o.bytes)+rowText > batchText {
		return o.deliver()
	}
	return nil
}

// add adds an event, where it stands for something. makeRoom has made room for it.
func (o *output) add(e *esbridge.Event) {
	if e.Count == 0 {
		return
	}
	if !e.HasBytes {
		e.Bytes = 0
	}
	if !e.HasSize {
		e.Size = 0
	}
	o.delivered += e.Count
	e.Arrival = o.arrival
	o.batch.Events = append(o.batch.Events, *e)
}

// deliver hands over the batch and starts the next.
func (o *output) deliver() error {
	err := o.to(&o.batch)
	o.batch.Events = o.batch.Events[:0]
	o.batch.Tally = esbridge.Tally{}
	o.processes, o.bytes = o.processes[:0], o.bytes[:0]
	o.number++
	return err
}

// ignore counts events that nobody folds.
func (o *output) ignore(n uint64) {
	o.delivered += n
	o.batch.Tally.Ignored += n
}
