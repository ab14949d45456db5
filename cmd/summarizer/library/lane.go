package main

import (
	"sync"
	"time"

	"summarizer/esbridge"
)

// batchSize is how many events are folded at a time. It spreads the cost of a turn and keeps
// the thread that folds for some ten microseconds.
const batchSize = 128

// collector holds a batch that is being collected: endpointsecurity.Decoder and events.
type collector interface {
	// Full says that there may be no room for another event.
	Full() bool
	// Batch is what was collected since the last one, valid until more is added.
	Batch(now int64) *esbridge.Batch
}

// lane collects what comes on one way and folds it in batches.
type lane struct {
	turn *turn

	mu        sync.Mutex
	collector collector
	n         int            // calls since the last batch
	owed      esbridge.Tally // of batches that were dropped, for the next one
	closed    bool
	stats     laneStats
}

// laneStats counts events by their count, and messages as one.
type laneStats struct {
	given, malformed uint64
	dropped          [esbridge.NumKinds]uint64
}

// added accounts for a call that collected count events, and folds the batch where it is
// complete. l.mu is held.
func (l *lane) added(count uint64) result {
	l.stats.given += count
	if l.n++; l.n < batchSize && !l.collector.Full() {
		return success
	}
	if l.fold(maxWait) {
		return success
	}
	return l.drop(l.batch())
}

// fold folds what was collected. It is false where the turn did not come in time: then
// nothing has changed. l.mu is held.
func (l *lane) fold(wait time.Duration) bool {
	if !l.turn.take(wait) {
		return false
	}
	defer l.turn.release()
	if b := l.batch(); !l.turn.fold(b) {
		l.drop(b)
	}
	return true
}

// batch ends the batch. l.mu is held.
func (l *lane) batch() *esbridge.Batch {
	b := l.collector.Batch(time.Now().UnixNano())
	b.Tally.Add(&l.owed)
	l.n, l.owed = 0, esbridge.Tally{}
	return b
}

// drop counts the events of b as dropped. What else is in its books stays open until a batch is
// folded. l.mu is held.
func (l *lane) drop(b *esbridge.Batch) result {
	l.owed = b.Tally
	for i := range b.Events {
		e := &b.Events[i]
		l.stats.dropped[e.Kind] += e.Count
		l.owed.QueueDropped += e.Count
	}
	return errDropped
}

// flush folds what was collected, though it be nothing: time passes with batches. Where
// somebody else folds and wait is over, it leaves it.
func (l *lane) flush(wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.fold(wait)
	}
}

// close folds what was collected and takes nothing more. It returns what nobody folded, which
// is the caller's from now on.
func (l *lane) close() (owed esbridge.Tally) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fold(untilDone)
	l.closed = true
	owed, l.owed = l.owed, esbridge.Tally{}
	return owed
}

// read adds the numbers of l to s.
func (l *lane) read(s *laneStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.add(&l.stats)
}

func (s *laneStats) add(o *laneStats) {
	s.given += o.given
	s.malformed += o.malformed
	for i, n := range o.dropped {
		s.dropped[i] += n
	}
}
