package xpc

import (
	"net"
	"sync"
)

// link is an XPC connection, as far as a conn needs one.
type link interface {
	// send sends b as one message, of which it keeps nothing, and calls sent once when that and
	// all before it has been handed over. It does not wait.
	send(b []byte, sent func())
	// cancel ends the connection. Messages may still come while it runs.
	cancel()
}

// conn is a link as a stream of bytes. The user has one end of a pipe, which brings deadlines;
// a goroutine sends what is written to it, another writes to it what is received.
type conn struct {
	net.Conn // the user's end
	inner    net.Conn
	link     link
	name     address
	most     int // bytes of a message, and of what waits
	gone     chan struct{}
	once     sync.Once
	pumps    sync.WaitGroup

	mu      sync.Mutex
	waiting []byte
	wake    chan struct{} // of one place
}

func newConn(name string, most int, l link) *conn {
	c := &conn{link: l, name: address(name), most: most, gone: make(chan struct{}), wake: make(chan struct{}, 1)}
	c.Conn, c.inner = net.Pipe()
	return c
}

// start begins to move bytes, once the link can send.
func (c *conn) start() {
	c.pumps.Go(c.sendAll)
	c.pumps.Go(c.deliver)
}

// LocalAddr is the name of the service.
func (c *conn) LocalAddr() net.Addr { return c.name }

// RemoteAddr is the name of the service.
func (c *conn) RemoteAddr() net.Addr { return c.name }

// Close ends the connection. What was written may not have been sent.
func (c *conn) Close() error {
	c.end()
	return c.Conn.Close()
}

// end ends the connection from the other side: the user reads io.EOF.
func (c *conn) end() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.inner.Close() // a pipe's never fails
		c.link.cancel()
	})
}

// received takes what one message held; nothing is kept of b. It never waits: the handler of a
// connection calls it.
func (c *conn) received(b []byte) {
	c.mu.Lock()
	fits := len(b) > 0 && len(c.waiting)+len(b) <= c.most
	if fits {
		c.waiting = append(c.waiting, b...)
	}
	c.mu.Unlock()
	if !fits {
		c.end()
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// sendAll sends what the user writes, a message for each Write, one at a time.
func (c *conn) sendAll() {
	buf := make([]byte, c.most)
	sent := make(chan struct{}, 1)
	for {
		n, err := c.inner.Read(buf)
		if err != nil {
			c.end()
			return
		}
		c.link.send(buf[:n], func() { sent <- struct{}{} })
		select {
		case <-sent:
		case <-c.gone:
			return
		}
	}
}

// deliver hands the user what was received.
func (c *conn) deliver() {
	var b []byte
	for {
		select {
		case <-c.wake:
		case <-c.gone:
			return
		}
		c.mu.Lock()
		b, c.waiting = c.waiting, b[:0]
		c.mu.Unlock()
		if len(b) == 0 {
			continue // taken with what came before: a pipe would make it a read of nothing
		}
		if _, err := c.inner.Write(b); err != nil {
			return // the pipe is closed, and so is c
		}
	}
}
