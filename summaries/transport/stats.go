package transport

// SenderStats are the numbers of a Sender since it was made.
type SenderStats struct {
	Tiles, Refreshes  uint64 // summaries delivered
	RefreshesReplaced uint64 // refreshes that no keeper had acknowledged when something newer came
	// Frames sent to keepers, those of them sent once more after a reconnect, and
	// those acknowledged. What waits and merges is in the numbers of the ring.
	Sent, Resent, Acked       uint64
	WatcherSent, WatcherAcked uint64
	WatcherMerged             uint64 // tiles that merged with one that waited for a watcher
	WatcherLost               uint64 // tiles that a watcher does not get because a newer one could not merge with them

	// Accepted = Σ Ended + connections there are: the keeper, the watchers, the strangers, and
	// those that are about to be counted as ended.
	Accepted     uint64
	Ended        [NumReasons]uint64
	AcceptErrors uint64
	Keeper       bool // one is connected
	Watchers     int
	Strangers    int    // connections that have not said yet what they are
	LastCut      string // who was refused or cut off last, why, and what to do; "" for nobody
}

// Stats returns the numbers so far.
func (s *Sender) Stats() SenderStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Keeper, st.Watchers, st.Strangers = s.keeper != nil, len(s.watchers), len(s.strangers)
	return st
}

// count changes the numbers.
func (s *Sender) count(change func(*SenderStats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}

// ended counts the end of a connection. The caller holds mu.
func (s *Sender) ended(p *Peer, why Reason) {
	s.stats.Ended[why]++
	if why != Hangup && why != Stopped {
		s.stats.LastCut = p.String() + " " + reasons[why].text
	}
}
