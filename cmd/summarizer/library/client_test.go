package main

import (
	"sync"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
)

// TestClosedLane: what a lane that is closed could not fold is handed over once: the clock, which
// may still know the lane, does not fold it again.
func TestClosedLane(t *testing.T) {
	turn := newTurn()
	l := lane{turn: turn, collector: newEvents()}
	l.owed.QueueDropped = 3
	if owed := l.close(); owed.QueueDropped != 3 {
		t.Errorf("owed %+v", owed)
	}
	turn.hand(&run{fold: func(b *esbridge.Batch) error {
		t.Errorf("folded %+v after the end", b.Tally)
		return nil
	}})
	l.flush(untilDone)
}

// TestManyClients: clients beyond those that are told apart take each other's place, from
// several goroutines, and no message is lost or counted twice.
func TestManyClients(t *testing.T) {
	r := newRig(t, `{"window": "1h"}`)
	const threads, each = 6, 500
	var wg sync.WaitGroup
	for i := range threads {
		wg.Go(func() {
			for n := range each {
				id := uintptr(100 + (i+n/50)%(2*maxClients))
				// There is nothing at the address: each message counts as malformed.
				if got := r.foldMessage(id, endpointsecurity.Arena{}, 1); got != success && got != errDropped {
					t.Error(got)
				}
			}
		})
	}
	wg.Wait()
	if got := r.stats().given; got != threads*each {
		t.Errorf("given %d of %d", got, threads*each)
	}
	r.close(1 << 40)
	var malformed uint64
	for _, s := range r.got {
		malformed += s.Ledger.Malformed[esbridge.BadField]
	}
	if malformed != threads*each || r.stats().given != threads*each {
		t.Errorf("%d in frames, %d given, of %d", malformed, r.stats().given, threads*each)
	}
}
