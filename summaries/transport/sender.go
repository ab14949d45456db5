package transport

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/sketch"
	"summarizer/summaries/transport/spool"
)

// Defaults of a SenderConfig.
const (
	DefaultMaxWatchers  = 8
	DefaultHelloTimeout = 10 * time.Second
	DefaultWriteTimeout = 10 * time.Second
	DefaultAckTimeout   = 30 * time.Second
)

// maxStrangers is how many connections may not have said yet what they are.
const maxStrangers = 16

// SenderConfig is what a Sender is made with. Zeros are the documented defaults.
type SenderConfig struct {
	FrameSize int         // bytes of every frame; 0: 64 KiB. That of Ring must be the same.
	Ring      *spool.Ring // where tiles wait for the keeper; nil: one in memory. The caller closes it.
	// Key merges what waits for a watcher; nil: distinct counts of merged tiles become
	// upper bounds. See summaries.Merge.
	Key   *sketch.Key
	Allow Policy
	// OnPeer is called when a host has said what it is, before it is sent anything, and when
	// its connection has ended. Calls of different connections overlap, and one process may
	// have several. nil: nobody wants to know.
	OnPeer       func(p Peer, connected bool)
	MaxWatchers  int           // 0: 8; negative: none
	HelloTimeout time.Duration // for a connection to say what it is; 0: 10 s
	WriteTimeout time.Duration // for a host to take a frame; 0: 10 s
	AckTimeout   time.Duration // for a host to acknowledge it; 0: 30 s
}

func (c SenderConfig) withDefaults() SenderConfig {
	c.FrameSize = cmp.Or(c.FrameSize, summaries.DefaultFrameSize)
	c.MaxWatchers = cmp.Or(c.MaxWatchers, DefaultMaxWatchers)
	c.HelloTimeout = cmp.Or(c.HelloTimeout, DefaultHelloTimeout)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, DefaultWriteTimeout)
	c.AckTimeout = cmp.Or(c.AckTimeout, DefaultAckTimeout)
	if c.Ring == nil {
		c.Ring = spool.Memory(spool.Config{FrameSize: c.FrameSize, Key: c.Key})
	}
	if c.OnPeer == nil {
		c.OnPeer = func(Peer, bool) {}
	}
	return c
}

// Sender hands summaries to hosts. Deliver is called by one goroutine; the rest is safe for
// several.
type Sender struct {
	cfg    SenderConfig
	ring   *spool.Ring
	policy policy
	acked  chan struct{} // of one place: the keeper has acknowledged something
	told   uint64        // of stats.Resent, what ledgers have; of the goroutine that delivers

	mu        sync.Mutex
	keeper    *conn
	watchers  []*conn
	strangers []*conn // oldest first
	latest    refresh
	taken     uint64 // Seq of the last refresh that a keeper acknowledged
	sent      uint64 // Seq of the tile that was sent to the keeper last
	scratch   []byte // a tile on its way to watchers
	stats     SenderStats
}

// refresh is the newest refresh, encoded, for all who have nothing more urgent to take.
type refresh struct {
	frame []byte
	seq   uint64 // 0: none that is news
}

// NewSender makes a Sender. The error says what is wrong with cfg.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if cfg.FrameSize != 0 {
		if err := summaries.CheckFrameSize(cfg.FrameSize); err != nil {
			return nil, fmt.Errorf("making a sender: %w", err)
		}
	}
	allow, err := cfg.Allow.resolve()
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Sender{cfg: cfg, ring: cfg.Ring, policy: allow, acked: make(chan struct{}, 1)}, nil
}

// Deliver takes a summary for all hosts: a tile goes to the ring and to the watchers, a
// refresh takes the place of the one before. It never waits for a host, and keeps nothing of
// sum. To the ledger of a tile it adds the tiles that were sent again since the one before. The
// error is about a summary that fits no frame; see summaries.AppendFrame.
func (s *Sender) Deliver(sum *summaries.Summary) error {
	tile := sum.Window.Tile
	if tile {
		resent := s.Stats().Resent
		sum.Ledger.SendRetries += resent - s.told
		if err := s.ring.Put(sum); err != nil {
			return err
		}
		s.told = resent
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest.seq > s.taken {
		s.stats.RefreshesReplaced++
	}
	s.latest.seq = 0 // older than sum, whatever that is
	if tile {
		s.stats.Tiles++
		if err := s.offer(sum); err != nil {
			return err
		}
	} else {
		s.stats.Refreshes++
		frame, err := summaries.AppendFrame(s.latest.frame[:0], sum, s.cfg.FrameSize)
		if err != nil {
			return err
		}
		s.latest = refresh{frame, sum.Seq}
	}
	if s.keeper != nil {
		s.keeper.rouse()
	}
	for _, w := range s.watchers {
		w.rouse()
	}
	return nil
}

// offer gives a tile to every watcher.
func (s *Sender) offer(sum *summaries.Summary) (err error) {
	if len(s.watchers) == 0 {
		return nil
	}
	if s.scratch, err = summaries.AppendFrame(s.scratch[:0], sum, s.cfg.FrameSize); err != nil {
		return err
	}
	for _, w := range s.watchers {
		w.offer(sum, s.scratch)
	}
	return nil
}

// Drain waits until the keeper has acknowledged every tile, or ctx is done. Its error says
// how many are left: they wait in the ring, and are lost with one in memory. Serve must be
// running; one goroutine may drain.
func (s *Sender) Drain(ctx context.Context) error {
	for {
		n := s.ring.Stats().Waiting
		if n == 0 {
			return nil
		}
		select {
		case <-s.acked:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the host to take what is left: %w: %d tiles wait", context.Cause(ctx), n)
		}
	}
}
