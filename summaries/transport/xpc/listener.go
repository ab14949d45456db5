package xpc

import (
	"fmt"
	"net"
	"sync"
)

// backlog is how many connections may wait for Accept. One more is cut.
const backlog = 16

// listener hands out connections that a service got.
type listener struct {
	name  address
	conns chan *conn
	gone  chan struct{}
	once  sync.Once
	end   func() // stops the service

	mu     sync.Mutex
	closed bool
	why    error // nil: Close was called
}

func newListener(name string) *listener {
	return &listener{name: address(name), conns: make(chan *conn, backlog), gone: make(chan struct{})}
}

// offer hands a new connection to Accept. It never waits.
func (l *listener) offer(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		select {
		case l.conns <- c:
			return
		default:
		}
	}
	_ = c.Close()
}

// fail ends the listener because the system did; after Close it does so too, which is no failure.
func (l *listener) fail(why error) {
	l.mu.Lock()
	if !l.closed {
		l.why = why
	}
	l.mu.Unlock()
	_ = l.Close()
}

// Accept waits for a connection. The error wraps net.ErrClosed.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.gone:
	default:
		select {
		case c := <-l.conns:
			return c, nil
		case <-l.gone:
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why != nil {
		return nil, fmt.Errorf("%w: %w", l.why, net.ErrClosed)
	}
	return nil, net.ErrClosed
}

// Close ends Accept, and the connections that nobody accepted.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		close(l.gone)
		if l.end != nil {
			l.end()
		}
	})
	for {
		select {
		case c := <-l.conns:
			_ = c.Close()
		default:
			return nil
		}
	}
}

// Addr is the name of the service.
func (l *listener) Addr() net.Addr { return l.name }
