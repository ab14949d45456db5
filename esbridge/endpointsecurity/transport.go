package endpointsecurity

import "summarizer/esbridge"

// Lane is one of the two clients of a transport, so that a flood of file events cannot make the
// kernel drop the steps of processes.
type Lane int

// The lanes. The values are those of est_lane in native/es_transport.h.
const (
	Files Lane = iota
	Life
	NumLanes = iota
)

// Transport brings records from the handlers of the two clients. Package native has it; it is
// used by the goroutine that opened it.
type Transport interface {
	// Drain moves waiting records of a lane to buf, which holds DrainBytes, and returns how
	// many bytes they have.
	Drain(lane Lane, buf []byte) int
	// Counters is what a lane has counted since it was opened.
	Counters(lane Lane) Counters
	// Stop ends the delivery, calls rest, which may drain what waits and read the counters, and
	// frees the transport.
	Stop(rest func()) error
}

// Records of the transport have this layout, and Drain needs a buffer of this size, in bytes.
const (
	RecordLayout = recordLayout
	DrainBytes   = 256 << 10
)

// Counters is what a lane has counted, in messages: est_counters of native/es_transport.h, in
// its order. Arrays by kind have the kinds of esbridge and then exec, fork and exit.
type Counters struct {
	Received      uint64
	Ignored       uint64
	KernelDropped uint64                      // by the sequence numbers
	Malformed     [esbridge.NumReasons]uint64 // by reason
	Unattributed  [numKinds]uint64            // counted by kind only: there was no room for the process
	Lost          [numKinds]uint64            // counted by process and kind only: there was no room for the path
	Coalesced     uint64                      // raised the count of a record that still waited
	Truncated     uint64                      // had a path that Endpoint Security had cut
	RingPeak      uint64                      // the most bytes that waited
}

// Config is how a source is made. The zero value is valid.
type Config struct {
	// RingBytes is the size of the ring of a lane: a power of two from 256 KiB.
	// Zero: 4 MiB for files, 1 MiB for processes.
	RingBytes [NumLanes]int
	// Slots is how many processes a lane knows at a time: a power of two from 16.
	// Zero: 4,096 for files, 1,024 for processes.
	Slots [NumLanes]int
	// Events are the file events to subscribe to, as numbers of es_event_type_t.
	// nil: FileEvents.
	Events []uint32
	// Plan is what Endpoint Security is to leave out (Selection.Plan). Whoever makes the
	// Transport carries it out before the clients subscribe.
	Plan Plan
	// OnStep, if not nil, is called for exec, fork and exit by the goroutine of Run.
	OnStep func(*Step)
	// OnProcess, if not nil, is called with an execution and its audit token by the goroutine of
	// Run, before anything that it did is delivered, and maybe more than once. The process is
	// valid until it returns.
	OnProcess func(p *esbridge.Process, token [8]uint32)
}

// WithDefaults puts the defaults in the place of zeros.
func (c Config) WithDefaults() Config {
	for lane, bytes := range [...]int{4 << 20, 1 << 20} {
		if c.RingBytes[lane] == 0 {
			c.RingBytes[lane] = bytes
		}
	}
	for lane, slots := range [...]int{4096, 1024} {
		if c.Slots[lane] == 0 {
			c.Slots[lane] = slots
		}
	}
	if c.Events == nil {
		c.Events = FileEvents()
	}
	return c
}
