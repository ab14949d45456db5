//go:build linux && (amd64 || arm64)

package linux

import (
	"time"

	"summarizer/esbridge"
)

// output collects events into batches of bounded size.
type output struct {
	batch     esbridge.Batch
	bytes     []byte // the paths of the batch
	to        func(*esbridge.Batch) error
	arrival   int64
	delivered uint64 // events of this window, the ignored among them
}

func newOutput() output {
	return output{
		batch: esbridge.Batch{Events: make([]esbridge.Event, 0, batchEvents)},
		bytes: make([]byte, 0, batchText),
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

// text is where the next path of the batch can be appended, and path keeps it. The batch has
// room for it: see makeRoom.
func (o *output) text() []byte { return o.bytes }

func (o *output) path(appended []byte) []byte {
	start := len(o.bytes)
	o.bytes = appended
	return appended[start:len(appended):len(appended)]
}

// makeRoom delivers the batch where it may not hold another row and its paths.
func (o *output) makeRoom() error {
	if len(o.batch.Events)+int(bpfSlotSLOTS) > batchEvents || len(o.bytes)+2*longestPath > batchText {
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
	o.bytes = o.bytes[:0]
	return err
}

// ignore counts events that nobody folds.
func (o *output) ignore(n uint64) {
	o.delivered += n
	o.batch.Tally.Ignored += n
}
