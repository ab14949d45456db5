package main

import (
	"sync"
	"sync/atomic"
	"time"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
)

// maxClients is how many clients of Endpoint Security are told apart.
const maxClients = 4

// client is one client of Endpoint Security: the numbers of its messages are its own.
type client struct {
	id      uintptr // its address, which is only compared
	decoder *endpointsecurity.Decoder
	lane    lane
	used    atomic.Int64 // when its last message came
}

// clients are those that have shown up.
type clients struct {
	turn  *turn
	slots [maxClients]atomic.Pointer[client]

	mu      sync.Mutex // guards changes of slots, and what follows
	closed  bool
	retired laneStats      // of those that lost their place
	owed    esbridge.Tally // theirs, which nobody has folded
}

// fold reads the message at address a, which came from the client id at now.
func (c *clients) fold(id uintptr, mem endpointsecurity.Memory, a uint64, now int64) result {
	for {
		cl := c.find(id)
		if cl == nil {
			if cl = c.admit(id); cl == nil {
				return errHandle
			}
		}
		if r, in := cl.fold(mem, a, now); in {
			return r
		}
	}
}

// fold is false where the client has lost its place meanwhile.
func (cl *client) fold(mem endpointsecurity.Memory, a uint64, now int64) (r result, in bool) {
	cl.lane.mu.Lock()
	defer cl.lane.mu.Unlock()
	if cl.lane.closed {
		return errHandle, false
	}
	cl.used.Store(now)
	cl.decoder.Add(mem, a, now)
	return cl.lane.added(1), true
}

func (c *clients) find(id uintptr) *client {
	for i := range c.slots {
		if cl := c.slots[i].Load(); cl != nil && cl.id == id {
			return cl
		}
	}
	return nil
}

// admit makes a client, in the place of the one that was silent the longest where there is no
// other. It is nil after close.
func (c *clients) admit(id uintptr) *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	if cl := c.find(id); cl != nil {
		return cl
	}
	cl := &client{id: id, decoder: endpointsecurity.NewDecoder()}
	cl.lane.turn, cl.lane.collector = c.turn, cl.decoder
	place := &c.slots[0]
	for i := range c.slots {
		have := c.slots[i].Load()
		if have == nil {
			place = &c.slots[i]
			break
		}
		if have.used.Load() < place.Load().used.Load() {
			place = &c.slots[i]
		}
	}
	if old := place.Load(); old != nil {
		c.retire(old)
	}
	cl.lane.owed, c.owed = c.owed, esbridge.Tally{}
	place.Store(cl)
	return cl
}

// retire folds what a client has left and keeps its numbers. c.mu is held.
func (c *clients) retire(cl *client) {
	owed := cl.lane.close()
	cl.lane.read(&c.retired)
	c.owed.Add(&owed)
}

// flush folds what was collected, as lane.flush does.
func (c *clients) flush(wait time.Duration) {
	for i := range c.slots {
		if cl := c.slots[i].Load(); cl != nil {
			cl.lane.flush(wait)
		}
	}
}

// close folds what was collected and takes nothing more. It returns what nobody folded.
func (c *clients) close() esbridge.Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for i := range c.slots {
		if cl := c.slots[i].Load(); cl != nil {
			c.retire(cl)
			c.slots[i].Store(nil)
		}
	}
	return c.owed
}

// read adds the numbers of all clients to s.
func (c *clients) read(s *laneStats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.add(&c.retired)
	for i := range c.slots {
		if cl := c.slots[i].Load(); cl != nil {
			cl.lane.read(s)
		}
	}
}
