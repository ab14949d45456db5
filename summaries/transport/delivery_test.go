package transport

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/transport/spool"
)

var seedFlag = flag.Uint64("seed", 0, "repeat the random test of this seed; 0: several at random")

// TestDelivery breaks connections at random bytes, on both sides, with hosts that are slow,
// fail to store, or are dead for a while, and watchers that do as they like: the keeper has
// everything once, in order, without a gap.
func TestDelivery(t *testing.T) {
	seeds := []uint64{*seedFlag}
	if *seedFlag == 0 {
		seeds = make([]uint64, 12)
		for i := range seeds {
			seeds[i] = rand.Uint64()
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { deliveryTrial(t, seed) })
		})
	}
}

func deliveryTrial(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	ring := spool.Memory(spool.Config{FrameSize: testFrame, Slots: 2 + rng.IntN(8)})
	r := newRig(t, SenderConfig{Ring: ring})
	k := &keeper{t: t, rng: rand.New(rand.NewPCG(seed, 1)), frames: map[uint64][]byte{}}
	line := &brokenLine{rng: rand.New(rand.NewPCG(seed, 2)), inside: r.inside, mean: []int{testFrame / 4, 3 * testFrame, 50 * testFrame}[rng.IntN(3)]}
	ctx, cancel := context.WithCancel(t.Context())
	var hosts sync.WaitGroup
	defer hosts.Wait()
	defer cancel()
	receive := func(mode Mode, handle func(*summaries.Summary, []byte) error) {
		host := NewReceiver(ReceiverConfig{Dial: line.Dial, Mode: mode, Handle: handle})
		hosts.Go(func() { host.Run(ctx) })
	}
	receive(Keep, k.handle)
	for range rng.IntN(4) {
		w := &watcher{t: t, rng: rand.New(rand.NewPCG(seed, 3))}
		receive(Watch, w.handle)
	}
	var events uint64
	for range 300 {
		if rng.IntN(4) == 0 {
			r.putRefresh()
		} else {
			n := rng.Uint64N(1000)
			events += n
			r.putTile(n)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(4 * time.Second))))
		if rng.IntN(60) == 0 {
			time.Sleep(5 * time.Minute)
		}
	}
	line.mend()
	if err := r.Drain(timeout(t, time.Hour)); err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.events != events || k.last != r.tile {
		t.Errorf("the keeper has %d events up to number %d, want %d up to %d", k.events, k.last, events, r.tile)
	}
	if w := ring.Stats().Waiting; w != 0 {
		t.Errorf("%d tiles wait", w)
	}
}

// keeper stores what a host stores, and checks it.
type keeper struct {
	t   *testing.T
	rng *rand.Rand

	mu     sync.Mutex
	frames map[uint64][]byte // by their last number, as they came first
	last   uint64            // number of the last tile
	newest uint64            // of all
	events uint64
}

func (k *keeper) handle(s *summaries.Summary, frame []byte) error {
	linger(k.rng)
	k.mu.Lock()
	defer k.mu.Unlock()
	switch before, again := k.frames[s.Seq]; {
	case again && !bytes.Equal(frame, before):
		k.t.Errorf("frame %d came again with other bytes", s.Seq)
	case again && s.Seq != k.newest:
		k.t.Errorf("frame %d came again after %d", s.Seq, k.newest)
	case again:
	case s.Seq <= k.newest:
		k.t.Errorf("frame %d came after %d", s.Seq, k.newest)
	default:
		if k.rng.IntN(5) == 0 {
			return errors.New("the store is locked")
		}
		k.store(s, frame)
	}
	if k.rng.IntN(20) == 0 { // stored, and the agent does not hear of it
		return errors.New("the store is slow")
	}
	return nil
}

func (k *keeper) store(s *summaries.Summary, frame []byte) {
	k.frames[s.Seq], k.newest = bytes.Clone(frame), s.Seq
	if !s.Window.Tile {
		return
	}
	if s.FirstSeq != k.last+1 {
		k.t.Errorf("tile %d–%d came after %d", s.FirstSeq, s.Seq, k.last)
	}
	k.last, k.events = s.Seq, k.events+s.Events
}

// linger makes a slow host, at times one that is as good as dead.
func linger(rng *rand.Rand) {
	switch rng.IntN(12) {
	case 0:
		time.Sleep(time.Duration(rng.Int64N(int64(time.Minute))))
	case 1, 2:
		time.Sleep(time.Duration(rng.Int64N(int64(5 * time.Second))))
	}
}

// watcher checks that what it gets is in order. It gets nothing twice.
type watcher struct {
	t    *testing.T
	rng  *rand.Rand
	last uint64
}

func (w *watcher) handle(s *summaries.Summary, _ []byte) error {
	linger(w.rng)
	if s.Seq <= w.last {
		w.t.Errorf("frame %d–%d came after %d", s.FirstSeq, s.Seq, w.last)
	}
	w.last = s.Seq
	if w.rng.IntN(20) == 0 {
		return errors.New("looked away")
	}
	return nil
}

// brokenLine makes connections of which each direction breaks after a random number of
// bytes.
type brokenLine struct {
	inside *Inside

	mu   sync.Mutex
	rng  *rand.Rand
	mean int // bytes; 0: they hold
	live []net.Conn
}

func (l *brokenLine) Dial(ctx context.Context) (net.Conn, error) {
	c, err := l.inside.Dial(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mean == 0 {
		return c, nil
	}
	b := &brittle{Conn: c, reads: l.rng.IntN(2 * l.mean), writes: l.rng.IntN(20 * AckSize)}
	l.live = append(l.live, b)
	return b, nil
}

// mend makes new connections hold, and breaks the old ones.
func (l *brokenLine) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mean = 0
	for _, c := range l.live {
		c.Close()
	}
}

// brittle is a connection that ends after so many bytes.
type brittle struct {
	net.Conn
	reads, writes int
}

func (b *brittle) Read(p []byte) (int, error) {
	if b.reads == 0 {
		b.Close()
	}
	n, err := b.Conn.Read(p[:min(len(p), max(b.reads, 1))])
	b.reads -= n
	return n, err
}

func (b *brittle) Write(p []byte) (int, error) {
	if len(p) <= b.writes {
		b.writes -= len(p)
		return b.Conn.Write(p)
	}
	n, _ := b.Conn.Write(p[:b.writes])
	b.Close()
	return n, net.ErrClosed
}
