package main

import (
	"cmp"
	"sync"
	"time"

	"summarizer/aggregator"
	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/summaries/transport/spool"
)

// engine is one open summarizer.
type engine struct {
	cfg     aggregator.Config
	turn    *turn
	events  *events
	other   lane // of events that are no messages
	clients clients
	outbox  *outbox

	mu  sync.Mutex // guards the exchange of runs
	run *run
}

// newEngine makes an engine that folds from now on. The caller runs its outbox.
func newEngine(c *config) (*engine, error) {
	cfg, err := c.aggregator()
	if err != nil {
		return nil, err
	}
	ring, err := c.ring(&cfg)
	if err != nil {
		return nil, err
	}
	return startEngine(cfg, ring)
}

// startEngine is newEngine of what a configuration says.
func startEngine(cfg aggregator.Config, ring *spool.Ring) (e *engine, err error) {
	cfg.Machine.Boot += "/" + ring.Session()
	e = &engine{cfg: cfg, turn: newTurn(), events: newEvents(), outbox: newOutbox(ring, cfg.FrameSize)}
	e.other.turn, e.other.collector, e.clients.turn = e.turn, e.events, e.turn
	if e.run, err = e.begin(nil); err != nil {
		return nil, err
	}
	e.turn.hand(e.run)
	return e, nil
}

// foldEvent folds an event of a host that has no messages. p is who did it; nil where the host
// does not say, which makes it malformed.
func (e *engine) foldEvent(ev *esbridge.Event, p *esbridge.Process) result {
	now := time.Now().UnixNano()
	l := &e.other
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errHandle
	}
	if _, in := e.events.add(ev, p, now); !in {
		l.stats.malformed++
		l.added(1)
		return errEvent
	}
	return l.added(ev.Count)
}

// foldMessage folds the message at address a of mem.
func (e *engine) foldMessage(client uintptr, mem endpointsecurity.Memory, a uint64) result {
	return e.clients.fold(client, mem, a, time.Now().UnixNano())
}

// tick folds what was collected, and lets time pass.
func (e *engine) tick(wait time.Duration) {
	e.clients.flush(wait)
	e.other.flush(wait)
}

// pace is the time between ticks: windows end with one.
func (e *engine) pace() time.Duration {
	hop := cmp.Or(e.cfg.Hop, e.cfg.Window, window.DefaultWindow)
	return min(maxTick, hop/4)
}

// flush ends the open window: its run ends, and another takes over, which numbers its
// summaries on from the last of the one before.
func (e *engine) flush() result {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.run == nil {
		return errHandle
	}
	next, err := e.begin(e.run)
	if err != nil {
		return errFailed
	}
	e.tick(untilDone)
	e.turn.hand(next)
	before := e.run
	e.run = next
	return before.end()
}

// close folds and delivers what is left, as outbox.close says.
func (e *engine) close(within time.Duration) result {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.run == nil {
		return errHandle
	}
	r := e.settle()
	if !e.outbox.close(within) && within > 0 && r == success {
		return errTimeout
	}
	return r
}

// settle folds what was collected and ends the last run: its window is in the outbox.
func (e *engine) settle() result {
	owed := e.clients.close()
	e.other.mu.Lock()
	e.other.owed.Add(&owed)
	e.other.mu.Unlock()
	e.other.close()
	e.turn.hand(nil)
	r := e.run.end()
	e.run = nil
	return r
}

// discard is close of an engine whose outbox nobody runs.
func (e *engine) discard() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle()
}

// engineStats are the numbers of an engine.
type engineStats struct {
	laneStats
	outboxStats
}

func (e *engine) stats() (s engineStats) {
	e.other.read(&s.laneStats)
	e.clients.read(&s.laneStats)
	s.outboxStats = e.outbox.stats()
	return s
}
