package transport

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"summarizer/summaries"
)

// Defaults of a ReceiverConfig.
const (
	DefaultReadTimeout = 10 * time.Second
	DefaultMinBackoff  = 50 * time.Millisecond
	DefaultMaxBackoff  = 5 * time.Second
)

// ReceiverConfig is what a Receiver is made with. Zeros are the documented defaults.
type ReceiverConfig struct {
	// Dial connects to the agent. Its error should say what to do about it.
	Dial func(ctx context.Context) (net.Conn, error)
	Mode Mode // Keep or Watch; 0: Keep
	// Handle takes a summary and the frame that holds it. The summary is its own; the frame
	// is valid until it returns. When it returns nil the frame is acknowledged, and from a
	// keeper the agent forgets it. On an error it comes again, on another connection. A
	// frame comes again too if its acknowledgement was lost: Handle tells by Machine.Boot,
	// FirstSeq and Seq.
	Handle func(s *summaries.Summary, frame []byte) error
	// OnError is called with what ended a connection, or kept one from being made, before the
	// Receiver waits and tries again; for a log. nil: nobody wants to know.
	OnError func(error)
	// ReadTimeout is for the rest of a frame that has begun, and for an acknowledgement to be
	// taken; 0: 10 s. Between frames the agent may be silent for any time.
	ReadTimeout            time.Duration
	MinBackoff, MaxBackoff time.Duration // between connections; 0: 50 ms and 5 s
}

func (c ReceiverConfig) withDefaults() ReceiverConfig {
	c.Mode = cmp.Or(c.Mode, Keep)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, DefaultReadTimeout)
	c.MinBackoff = cmp.Or(c.MinBackoff, DefaultMinBackoff)
	c.MaxBackoff = max(cmp.Or(c.MaxBackoff, DefaultMaxBackoff), c.MinBackoff)
	if c.OnError == nil {
		c.OnError = func(error) {}
	}
	return c
}

// Receiver takes summaries from an agent. It is used for one Run.
type Receiver struct {
	cfg ReceiverConfig
	buf []byte // of the frame

	mu    sync.Mutex
	stats ReceiverStats
}

// Failure is why a connection of a Receiver ended, or was not made.
type Failure uint8

// What can go wrong at a host.
const (
	DialFailed   Failure = iota // nobody listens, or the host may not connect
	Disconnected                // the agent closed the connection, or it broke
	TimedOut                    // a frame stopped in the middle, or an acknowledgement was not taken
	BadFrame                    // what came is no frame, or was damaged
	HandleFailed                // Handle returned an error
	NumFailures  = iota
)

var failureNames = [NumFailures]string{"dial", "disconnected", "timeout", "bad_frame", "handle"}

func (f Failure) String() string {
	if int(f) < len(failureNames) {
		return failureNames[f]
	}
	return "invalid"
}

// ReceiverStats are the numbers of a Receiver.
type ReceiverStats struct {
	Connected   bool
	Connections uint64 // made
	Frames      uint64 // valid ones, with those that came again
	Acked       uint64
	Failed      [NumFailures]uint64
	LastError   string // "" where nothing ever failed
}

// NewReceiver makes a Receiver.
func NewReceiver(cfg ReceiverConfig) *Receiver { return &Receiver{cfg: cfg.withDefaults()} }

// Stats returns the numbers so far. It is safe while Run runs.
func (r *Receiver) Stats() ReceiverStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

func (r *Receiver) count(change func(*ReceiverStats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.stats)
}

// failure is an error with its reason.
type failure struct {
	why Failure
	err error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// Run connects, hands over and acknowledges until ctx is done, and returns nil. It connects
// again after every failure, waiting longer each time that no frame was handled in
// between: nothing that can go wrong here is a reason to give up, and the agent keeps what
// was not acknowledged.
func (r *Receiver) Run(ctx context.Context) error {
	for wait := r.cfg.MinBackoff; ctx.Err() == nil; wait = min(2*wait, r.cfg.MaxBackoff) {
		handled, failed := r.connection(ctx)
		if handled {
			wait = r.cfg.MinBackoff
		}
		r.note(ctx, failed)
		select {
		case <-time.After(wait/2 + rand.N(wait/2+1)): // so that hosts do not come all at once
		case <-ctx.Done():
		}
	}
	return nil
}

// note counts a failure and tells of it, unless it is the end of ctx that failed it.
func (r *Receiver) note(ctx context.Context, failed *failure) {
	if ctx.Err() != nil {
		return
	}
	r.count(func(st *ReceiverStats) {
		st.Failed[failed.why]++
		st.LastError = failed.Error()
	})
	r.cfg.OnError(failed)
}

// connection makes one connection and serves it to its end. handled tells whether anything
// was handed over.
func (r *Receiver) connection(ctx context.Context) (handled bool, _ *failure) {
	c, err := r.cfg.Dial(ctx)
	if err != nil {
		return false, &failure{DialFailed, fmt.Errorf("connecting to the agent: %w", err)}
	}
	hangUp := func() { _ = c.Close() }
	defer hangUp()
	defer context.AfterFunc(ctx, hangUp)()
	r.count(func(st *ReceiverStats) { st.Connections++; st.Connected = true })
	defer r.count(func(st *ReceiverStats) { st.Connected = false })
	if failed := r.acknowledge(c, 0); failed != nil {
		return false, failed
	}
	for in := bufio.NewReader(c); ; handled = true {
		if failed := r.frame(c, in); failed != nil {
			return handled, failed
		}
	}
}

// frame takes one frame: it is acknowledged when it was handled, and not before.
func (r *Receiver) frame(c net.Conn, in *bufio.Reader) *failure {
	if _, err := in.Peek(1); err != nil {
		return broken("waiting for a frame", err)
	}
	frame, err := r.rest(c, in)
	if err != nil {
		return broken("receiving", err)
	}
	s, err := summaries.DecodeFrame(frame)
	if err != nil {
		return &failure{BadFrame, fmt.Errorf("receiving: %w", err)}
	}
	r.count(func(st *ReceiverStats) { st.Frames++ })
	seq := s.Seq // of the agent's summary, whatever Handle does with it
	if err := r.cfg.Handle(s, frame); err != nil {
		return &failure{HandleFailed, fmt.Errorf("handling summary %d, which will be sent again: %w", seq, err)}
	}
	if failed := r.acknowledge(c, seq); failed != nil {
		return failed
	}
	r.count(func(st *ReceiverStats) { st.Acked++ })
	return nil
}

// rest reads a frame that has begun. It is valid until the next.
func (r *Receiver) rest(c net.Conn, in *bufio.Reader) ([]byte, error) {
	if err := c.SetReadDeadline(time.Now().Add(r.cfg.ReadTimeout)); err != nil {
		return nil, err
	}
	frame, err := summaries.ReadFrame(in, r.buf)
	if err != nil {
		return nil, err
	}
	r.buf = frame
	return frame, c.SetReadDeadline(time.Time{})
}

func (r *Receiver) acknowledge(c net.Conn, seq uint64) *failure {
	if err := write(c, ack{r.cfg.Mode, seq}.append(nil), r.cfg.ReadTimeout); err != nil {
		return broken("acknowledging", err)
	}
	return nil
}

// broken sorts an error of the connection.
func broken(doing string, err error) *failure {
	why := Disconnected
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		why = TimedOut
	case errors.Is(err, io.ErrUnexpectedEOF): // an ErrLength too: it was cut
	case errors.Is(err, summaries.ErrMagic), errors.Is(err, summaries.ErrVersion), errors.Is(err, summaries.ErrLength):
		why = BadFrame
	}
	return &failure{why, fmt.Errorf("%s: %w", doing, err)}
}
