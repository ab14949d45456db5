package eslogger

import (
	"io"
	"time"
)

const (
	chunkSize = 64 << 10
	chunks    = 4
)

// A chunk is what one read returned, and when.
type chunk struct {
	b   []byte
	err error
	at  int64 // nanoseconds since the Unix epoch
}

// pump reads ahead in a goroutine of its own, so that a read that blocks holds up neither
// the delivery of what came before nor the end of the source.
type pump struct {
	full chan chunk    // what was read; closed after the read that failed or the last one
	free chan []byte   // buffers to read into; a send never blocks
	done chan struct{} // closed by stop
}

func startPump(r io.Reader) *pump {
	p := &pump{full: make(chan chunk, chunks), free: make(chan []byte, chunks), done: make(chan struct{})}
	for range chunks {
		p.free <- make([]byte, chunkSize)
	}
	go p.run(r)
	return p
}

func (p *pump) run(r io.Reader) {
	defer close(p.full)
	for {
		select {
		case <-p.done:
			return
		case b := <-p.free:
			n, err := r.Read(b[:chunkSize])
			p.full <- chunk{b: b[:n], err: err, at: time.Now().UnixNano()}
			if err != nil {
				return
			}
		}
	}
}

// interrupt makes a read of r that is going on return at the given time, and says whether r
// can do that. The zero time is never.
func interrupt(r io.Reader, at time.Time) bool {
	d, ok := r.(interface{ SetReadDeadline(time.Time) error })
	return ok && d.SetReadDeadline(at) == nil
}

// stop ends the goroutine: at once where a read of r can be interrupted, and otherwise after
// the read it is in.
func (p *pump) stop(r io.Reader) {
	close(p.done)
	if !interrupt(r, time.Now()) {
		return
	}
	for range p.full {
	}
	interrupt(r, time.Time{}) // r is the caller's again, as it was
}

// drain hands to each what had been read, the read that is going on included where it can be
// interrupted.
func (p *pump) drain(r io.Reader, each func(chunk) error) error {
	waits := interrupt(r, time.Now())
	for {
		c, ok := p.take(waits)
		if !ok {
			return nil
		}
		if err := each(c); err != nil {
			return err
		}
		if waits {
			p.free <- c.b
		}
	}
}

// take returns the next chunk that was read, waiting for it or not; ok is false where there
// is none.
func (p *pump) take(wait bool) (c chunk, ok bool) {
	if wait {
		c, ok = <-p.full
		return c, ok
	}
	select {
	case c, ok = <-p.full:
	default:
	}
	return c, ok
}
