package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Serve accepts hosts from l until ctx is done; it closes l, and every connection, before
// it returns nil. The error is that of a listener that somebody else closed.
func (s *Sender) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var conns sync.WaitGroup
	defer conns.Wait()
	defer cancel()
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = l.Close() // Accept tells
		close(closed)
	})
	defer func() {
		if !stop() {
			<-closed
		}
	}()
	var delay time.Duration
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			delay = 0
			if c := s.admit(nc); c != nil {
				conns.Go(func() { c.serve(ctx) })
			}
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accepting hosts: %w", err)
		default: // such as too many open files: it will pass
			s.count(func(st *SenderStats) { st.AcceptErrors++ })
			delay = min(max(2*delay, 5*time.Millisecond), time.Second)
			select {
			case <-ctx.Done():
			case <-time.After(delay):
			}
		}
	}
}

// admit checks who connected, and makes room for one more stranger. It returns nil where
// the peer is refused.
func (s *Sender) admit(nc net.Conn) *conn {
	peer, checked, err := peerOf(nc)
	why := allowed
	if err != nil {
		why = NoCredentials
	} else if checked {
		why = s.policy.check(&peer)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Accepted++
	if why != allowed {
		_ = nc.Close()
		s.ended(&peer, why)
		return nil
	}
	if len(s.strangers) == maxStrangers {
		s.strangers[0].cut(Crowded)
		s.strangers = slices.Delete(s.strangers, 0, 1)
	}
	c := newConn(s, nc, peer)
	s.strangers = append(s.strangers, c)
	return c
}

// introduce gives a connection the part that it asks for. It returns false where there is
// no room, or the connection has been cut.
func (s *Sender) introduce(c *conn, mode Mode) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.strangers, c)
	if at < 0 {
		return false
	}
	s.strangers = slices.Delete(s.strangers, at, at+1)
	c.peer.Mode = mode
	if mode == Watch {
		if len(s.watchers) >= s.cfg.MaxWatchers {
			c.cut(TooMany)
			return false
		}
		s.watchers = append(s.watchers, c)
		c.seen = s.latest.seq // news only
		return true
	}
	if s.keeper != nil {
		s.keeper.cut(Replaced)
	}
	s.keeper, c.seen = c, s.taken
	return true
}

// leave takes a connection that has ended off the lists, and counts it.
func (s *Sender) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := func(o *conn) bool { return o == c }
	s.strangers = slices.DeleteFunc(s.strangers, is)
	s.watchers = slices.DeleteFunc(s.watchers, is)
	if s.keeper == c {
		s.keeper = nil
	}
	s.ended(&c.peer, c.why)
}
