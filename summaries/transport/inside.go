package transport

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// Inside connects a Sender and Receivers of one process, without a socket. It is the
// net.Listener of the one, and its Dial that of the others.
type Inside struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// NewInside makes an Inside that listens.
func NewInside() *Inside {
	return &Inside{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept waits for the next Dial. The error is net.ErrClosed.
func (i *Inside) Accept() (net.Conn, error) {
	select {
	case c := <-i.conns:
		return c, nil
	case <-i.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial; connections stay.
func (i *Inside) Close() error {
	i.once.Do(func() { close(i.closed) })
	return nil
}

// Addr is the address of the listener, a name without a meaning.
func (i *Inside) Addr() net.Addr { return &net.UnixAddr{Name: "inside", Net: "unix"} }

// Dial connects: it waits for Accept, until ctx is done.
func (i *Inside) Dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	var err error
	select {
	case i.conns <- theirs:
		return ours, nil
	case <-i.closed:
		err = net.ErrClosed
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	return nil, fmt.Errorf("connecting within the process: %w", err)
}
