package main

import (
	"time"

	"summarizer/esbridge"
)

// How long somebody waits for the turn.
const (
	notAtAll = 0
	// maxWait is for callers. Whoever folds is done within a millisecond or few, unless its
	// thread was suspended.
	maxWait   = 20 * time.Millisecond
	untilDone = time.Duration(-1)
)

// turn lets one thread at a time fold into the run there is.
type turn struct {
	taken chan struct{} // of one place: who fills it has the turn
	run   *run          // guarded by taken; nil: nobody folds
}

func newTurn() *turn { return &turn{taken: make(chan struct{}, 1)} }

// take waits for the turn. It is false where that did not come in time.
func (t *turn) take(wait time.Duration) bool {
	select {
	case t.taken <- struct{}{}:
		return true
	default:
	}
	switch wait {
	case notAtAll:
		return false
	case untilDone:
		t.taken <- struct{}{}
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case t.taken <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

func (t *turn) release() { <-t.taken }

// fold is for who has the turn. It is false where nobody folds.
func (t *turn) fold(b *esbridge.Batch) bool { return t.run != nil && t.run.fold(b) == nil }

// hand makes r, or nobody, the one that folds from now on.
func (t *turn) hand(r *run) {
	t.take(untilDone)
	t.run = r
	t.release()
}

// retire ends the time of r. When it returns nobody folds into r.
func (t *turn) retire(r *run) {
	t.take(untilDone)
	if t.run == r {
		t.run = nil
	}
	t.release()
}
