package main

import (
	"sync"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/transport/spool"
)

// outbox hands frames to the host, one at a time. Tiles wait in a ring, which merges them when
// it is full; of refreshes only the newest waits, and only until a tile comes.
type outbox struct {
	ring    *spool.Ring
	size    int           // of a frame
	changed chan struct{} // of one place: there is something to hand over
	acked   chan struct{} // of one place: the outstanding frame was acknowledged
	finish  chan struct{} // closed: end when all is delivered
	stop    chan struct{} // closed: end now
	ended   chan struct{} // closed: serve has returned

	frame []byte // the one that is handed over; of serve

	mu          sync.Mutex
	refresh     []byte
	refreshSeq  uint64 // 0: none that is news
	outstanding uint64 // number of the frame that the host has; 0: none
	frames      uint64
	acks        uint64
}

func newOutbox(ring *spool.Ring, frameSize int) *outbox {
	return &outbox{
		ring: ring, size: frameSize, changed: make(chan struct{}, 1), acked: make(chan struct{}, 1),
		finish: make(chan struct{}), stop: make(chan struct{}), ended: make(chan struct{}),
	}
}

// deliver takes a summary. It does not wait for the host.
func (o *outbox) deliver(s *summaries.Summary) (err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refreshSeq = 0 // older than s, whatever that is
	if s.Window.Tile {
		err = o.ring.Put(s)
	} else if o.refresh, err = summaries.AppendFrame(o.refresh[:0], s, o.size); err == nil {
		o.refreshSeq = s.Seq
	}
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return err
}

// serve calls call with each frame, in memory that the next one uses again, and waits until it was
// acknowledged.
func (o *outbox) serve(call func(seq uint64, frame []byte)) {
	defer close(o.ended)
	for o.wait() {
		seq, tile := o.next()
		if seq == 0 {
			continue
		}
		call(seq, o.frame)
		select {
		case <-o.acked:
		case <-o.stop:
			return
		}
		if tile {
			o.ring.Ack(seq)
		}
	}
}

// wait waits for something to hand over. It is false at the end.
func (o *outbox) wait() bool {
	select {
	case <-o.stop:
		return false
	default:
	}
	if !o.empty() {
		return true
	}
	select {
	case <-o.changed:
		return true
	case <-o.finish:
		return !o.empty()
	case <-o.stop:
		return false
	}
}

func (o *outbox) empty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.refreshSeq == 0 && o.ring.Stats().Waiting == 0
}

// next makes the next frame the outstanding one. 0: there is none.
func (o *outbox) next() (seq uint64, tile bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.frame, seq, tile = o.ring.Next(o.frame)
	if !tile && o.refreshSeq > 0 {
		o.frame, seq = append(o.frame[:0], o.refresh...), o.refreshSeq
		o.refreshSeq = 0
	}
	if seq > 0 {
		o.outstanding = seq
		o.frames++
	}
	return seq, tile
}

// acknowledge ends the time of the outstanding frame.
func (o *outbox) acknowledge(seq uint64) result {
	o.mu.Lock()
	defer o.mu.Unlock()
	if seq == 0 || seq != o.outstanding {
		return errSequence
	}
	o.outstanding = 0
	o.acks++
	o.acked <- struct{}{}
	return success
}

// close ends serve: at once, or within a time when all is delivered and acknowledged. It is
// false where something was left. Nothing is delivered after it.
func (o *outbox) close(within time.Duration) bool {
	close(o.finish)
	if within > 0 {
		timer := time.NewTimer(within)
		defer timer.Stop()
		select {
		case <-o.ended:
		case <-timer.C:
		}
	}
	close(o.stop)
	<-o.ended
	return o.empty()
}

// outboxStats are the numbers of an outbox.
type outboxStats struct {
	waiting                      int // windows, the outstanding one among them
	frames, acknowledged, merged uint64
	outstanding                  uint64
}

func (o *outbox) stats() outboxStats {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.ring.Stats()
	s := outboxStats{waiting: r.Waiting, frames: o.frames, acknowledged: o.acks, merged: r.Merges, outstanding: o.outstanding}
	if o.refreshSeq > 0 {
		s.waiting++
	}
	return s
}
