package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// conn is one host at the sender's end: a goroutine that writes frames, another that reads
// acknowledgements.
type conn struct {
	net.Conn
	s    *Sender
	peer Peer
	wake chan struct{} // of one place: there may be something to send
	acks chan ack      // from the goroutine that reads
	gone chan struct{} // closed by cut
	once sync.Once
	why  Reason // set by cut, before gone is closed

	flight flight // belongs to the goroutine that writes

	// Guarded by Sender.mu.
	seen    uint64 // Seq of the newest refresh it has taken
	tile    []byte // of a watcher: what waits for it
	tileSeq uint64 // 0: nothing
}

func newConn(s *Sender, nc net.Conn, peer Peer) *conn {
	return &conn{Conn: nc, s: s, peer: peer, wake: make(chan struct{}, 1), acks: make(chan ack), gone: make(chan struct{})}
}

// cut ends the connection. The first reason is the one that counts.
func (c *conn) cut(why Reason) {
	c.once.Do(func() {
		c.why = why
		close(c.gone)
		_ = c.Close() // there is nothing left to lose
	})
}

// rouse makes send look for something to do.
func (c *conn) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// serve runs the connection to its end.
func (c *conn) serve(ctx context.Context) {
	defer c.s.leave(c)
	stop := context.AfterFunc(ctx, func() { c.cut(Stopped) })
	defer stop()
	if !c.greet() {
		return
	}
	c.s.cfg.OnPeer(c.peer, true)
	defer c.s.cfg.OnPeer(c.peer, false)
	var reader sync.WaitGroup
	reader.Go(c.readAcks)
	c.send()
	reader.Wait()
}

// greet reads what the host is.
func (c *conn) greet() bool {
	if err := c.SetReadDeadline(time.Now().Add(c.s.cfg.HelloTimeout)); err != nil {
		c.cut(Hangup)
		return false
	}
	hello, ok := c.readAck(Silent)
	switch {
	case !ok:
		return false
	case hello.seq != 0:
		c.cut(WrongNumber)
		return false
	case c.SetReadDeadline(time.Time{}) != nil:
		c.cut(Hangup)
		return false
	}
	return c.s.introduce(c, hello.mode)
}

// readAck reads one acknowledgement, or cuts the connection; late is the reason where the
// deadline has passed.
func (c *conn) readAck(late Reason) (ack, bool) {
	var b [AckSize]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		c.cut(reasonOf(err, late))
		return ack{}, false
	}
	a, err := parseAck(b[:])
	if err != nil {
		c.cut(Malformed)
	}
	return a, err == nil
}

// readAcks hands on acknowledgements, one at a time. How long one may take is the business
// of send, which knows whether there is anything to acknowledge.
func (c *conn) readAcks() {
	for {
		a, ok := c.readAck(Unacknowledged)
		if !ok {
			return
		}
		if a.mode != c.peer.Mode {
			c.cut(Malformed)
			return
		}
		select {
		case c.acks <- a:
		case <-c.gone:
			return
		}
	}
}

// send sends what there is until the connection is cut.
func (c *conn) send() {
	late := time.NewTimer(c.s.cfg.AckTimeout)
	defer late.Stop()
	for {
		if !c.s.next(c) {
			select {
			case <-c.wake:
				continue
			case <-c.acks: // of nothing
				c.cut(WrongNumber)
				return
			case <-c.gone:
				return
			}
		}
		if err := write(c, c.flight.frame, c.s.cfg.WriteTimeout); err != nil {
			c.cut(reasonOf(err, Slow))
			return
		}
		late.Reset(c.s.cfg.AckTimeout)
		select {
		case a := <-c.acks:
			if a.seq != c.flight.seq {
				c.cut(WrongNumber)
				return
			}
			c.s.acknowledged(c)
		case <-late.C:
			c.cut(Unacknowledged)
			return
		case <-c.gone:
			return
		}
	}
}

// write writes all of b within a time.
func write(c net.Conn, b []byte, within time.Duration) error {
	err := c.SetWriteDeadline(time.Now().Add(within))
	if err == nil {
		_, err = c.Write(b)
	}
	return err
}

func reasonOf(err error, late Reason) Reason {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return late
	}
	return Hangup
}
