package esbridge

import "context"

// Source delivers the events of one machine or one recording.
type Source interface {
	// Info describes the source before it runs. It does not change.
	Info() Info
	// Run calls deliver, from one goroutine, until ctx is done (it returns nil), the input
	// ends (nil), the input fails or deliver returns an error. All that had been read is
	// delivered before Run returns. An error names what to do about it.
	Run(ctx context.Context, deliver func(*Batch) error) error
}

// Info says what a source is and how far its counts can be believed.
type Info struct {
	Name string // "eslogger", "linux-ebpf", "synthetic:NAME"
	// Live is true where events arrive as they happen: they are folded by arrival. A
	// recording is folded by event time.
	Live bool
	// LowerBound is true where no count of the source is exact.
	LowerBound bool
}

// Batch is what a source hands over at a time. It may hold no events: a source delivers a
// batch at least once a second, so that time passes for those who fold by it.
type Batch struct {
	Events []Event
	// Tally is what the source accounted for since the batch before.
	Tally Tally
	// Now is when the batch was handed over, in nanoseconds since the Unix epoch; 0 in a
	// recording.
	Now int64
}

// Tally counts, in events, what did not become an Event, and the lifecycle steps seen.
type Tally struct {
	Malformed     [NumReasons]uint64    // input that could not be understood, by reason
	Ignored       uint64                // well-formed, of a kind nobody folds
	Muted         uint64                // left out by a mute rule, our own writes among them
	KernelDropped uint64                // lost before it reached us, as far as the system tells
	QueueDropped  uint64                // lost in a queue of ours
	Lifecycle     [NumLifecycles]uint64 // exec, fork, exit
}

// Add adds u to t, saturating.
func (t *Tally) Add(u *Tally) {
	for i := range t.Malformed {
		addSaturating(&t.Malformed[i], u.Malformed[i])
	}
	addSaturating(&t.Ignored, u.Ignored)
	addSaturating(&t.Muted, u.Muted)
	addSaturating(&t.KernelDropped, u.KernelDropped)
	addSaturating(&t.QueueDropped, u.QueueDropped)
	for i := range t.Lifecycle {
		addSaturating(&t.Lifecycle[i], u.Lifecycle[i])
	}
}

func addSaturating(a *uint64, b uint64) {
	if *a += b; *a < b {
		*a = ^uint64(0)
	}
}

// Reason is why input was malformed. The names are keys of the JSON summary's malformed_by.
type Reason uint8

const (
	BadJSON      Reason = iota // not JSON, or cut off
	TooLong                    // a line beyond the limit, discarded to the next newline
	BadField                   // a field of the wrong type or out of range
	MissingField               // a field without which there is no event: process, path, kind
	BadEvent                   // an Event that breaks the contract: no process, zero or absurd count, unknown kind, relative path
	Unsupported                // a system call ABI or message version that cannot be read
	NumReasons   = iota
)

var reasonNames = [NumReasons]string{"bad_json", "too_long", "bad_field", "missing_field", "bad_event", "unsupported"}

func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "invalid"
}
