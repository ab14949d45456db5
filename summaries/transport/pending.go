package transport

import "summarizer/summaries"

// flight is the frame that was sent and not acknowledged. Its bytes stay as they are.
type flight struct {
	frame []byte
	seq   uint64
	tile  bool
}

// next puts the next frame in flight. For the keeper that is the oldest tile of the ring,
// for a watcher its own; then the newest refresh, where it is news.
func (s *Sender) next(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &c.flight
	switch {
	case c.peer.Mode == Keep && s.nextTile(f):
	case c.peer.Mode == Watch && c.tileSeq > 0:
		f.frame, c.tile = c.tile, f.frame
		f.seq, f.tile = c.tileSeq, true
		c.tileSeq = 0
	case s.latest.seq > c.seen:
		f.frame = append(f.frame[:0], s.latest.frame...)
		f.seq, f.tile = s.latest.seq, false
		c.seen = s.latest.seq
	default:
		return false
	}
	if c.peer.Mode == Keep {
		s.stats.Sent++
	} else {
		s.stats.WatcherSent++
	}
	return true
}

// nextTile takes the oldest tile from the ring, which freezes it.
func (s *Sender) nextTile(f *flight) (ok bool) {
	if f.frame, f.seq, ok = s.ring.Next(f.frame); !ok {
		return false
	}
	if f.seq == s.sent {
		s.stats.Resent++
	}
	s.sent, f.tile = f.seq, true
	return true
}

// acknowledged ends the flight of a frame. What a keeper has acknowledged counts even if
// another has replaced it meanwhile: it has it.
func (s *Sender) acknowledged(c *conn) {
	if c.peer.Mode == Watch {
		s.count(func(st *SenderStats) { st.WatcherAcked++ })
		return
	}
	if c.flight.tile {
		s.ring.Ack(c.flight.seq)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Acked++
	if !c.flight.tile {
		s.taken = max(s.taken, c.flight.seq)
	}
	select {
	case s.acked <- struct{}{}:
	default:
	}
}

// offer gives a watcher a tile, which merges with the one that waits for it.
func (c *conn) offer(sum *summaries.Summary, frame []byte) {
	if c.tileSeq > 0 {
		if c.merge(sum) {
			c.s.stats.WatcherMerged++
			return
		}
		c.s.stats.WatcherLost++
	}
	c.tile, c.tileSeq = append(c.tile[:0], frame...), sum.Seq
}

// merge merges a tile into the one that waits. It returns false where that cannot be.
func (c *conn) merge(sum *summaries.Summary) bool {
	waiting, err := summaries.DecodeFrame(c.tile)
	if err != nil {
		return false
	}
	both, err := summaries.Merge(c.s.cfg.Key, c.s.cfg.FrameSize, waiting, sum)
	if err != nil {
		return false
	}
	frame, err := summaries.AppendFrame(c.tile[:0], both, c.s.cfg.FrameSize)
	if err == nil {
		c.tile, c.tileSeq = frame, both.Seq
	}
	return err == nil
}
