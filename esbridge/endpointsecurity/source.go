package endpointsecurity

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"summarizer/esbridge"
)

const (
	// drainEvery is how long records wait. The default ring holds what comes in it at more than a
	// million distinct files a second.
	drainEvery = 25 * time.Millisecond
	// flushEvery is how often a batch is delivered although it is empty.
	flushEvery = 250 * time.Millisecond
)

// Source is live events of Endpoint Security through a Transport. It runs once.
type Source struct {
	open  func() (Transport, error)
	blind []string
	lanes [NumLanes]*lane
	out   *output

	mu    sync.Mutex
	stats [NumLanes]Counters
}

// lane is the consumer's side of a lane.
type lane struct {
	lane       Lane
	identities identities
	seen       Counters // already in a tally
	buf        []byte
	most       int // bytes of records that can wait, before and after a Collector's buffers change places
}

// NewSource makes a source of what open opens. Run calls open on an operating system thread
// of its own, which is also the one that stops the transport: Endpoint Security wants that.
func NewSource(c Config, open func() (Transport, error)) *Source {
	c = c.WithDefaults()
	s := &Source{open: open, blind: c.Plan.Blind, out: newOutput(&c)}
	for i := range s.lanes {
		s.lanes[i] = &lane{
			lane: Lane(i), identities: newIdentities(c.Slots[i]), buf: make([]byte, DrainBytes), most: c.RingBytes[i] + 2*c.Slots[i]*recLostSize,
		}
	}
	return s
}

// Info implements esbridge.Source.
func (s *Source) Info() esbridge.Info { return esbridge.Info{Name: "endpoint-security", Live: true} }

// MuteRules says what is left out in the kernel, where nobody can count it.
func (s *Source) MuteRules() []string { return s.blind }

// Stats is what a lane had counted when it was last drained. It may be called at any time.
func (s *Source) Stats(l Lane) Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats[l]
}

// Run implements esbridge.Source. When it ends, whatever had come has been delivered, unless
// deliver failed.
func (s *Source) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	t, err := s.open()
	if err != nil {
		return err
	}
	s.out.to = deliver
	err = s.follow(ctx, t)
	stopErr := t.Stop(func() {
		if err == nil {
			err = s.drain(t)
		}
	})
	return errors.Join(err, stopErr)
}

// follow drains until ctx is done.
func (s *Source) follow(ctx context.Context, t Transport) error {
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	// The first batch, before any time has passed, says that the clients are there.
	if err := s.out.deliver(time.Now().UnixNano()); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.drain(t); err != nil {
				return err
			}
		}
	}
}

// drain delivers what waits in both lanes.
func (s *Source) drain(t Transport) error {
	for _, l := range s.lanes {
		if err := s.drainLane(t, l); err != nil {
			return err
		}
		s.account(l, t.Counters(l.lane))
	}
	return s.out.flush(time.Now().UnixNano())
}

// drainLane delivers what waits in a lane. What comes meanwhile can be left for the next time:
// a flood that comes as fast as it is drained must not keep the other lane waiting, nor the end.
func (s *Source) drainLane(t Transport, l *lane) error {
	for taken := 0; taken < l.most; {
		n := t.Drain(l.lane, l.buf)
		if err := s.out.records(l, l.buf[:n], time.Now().UnixNano()); err != nil {
			return err
		}
		// A buffer that is not nearly full was large enough for what waited.
		if n <= DrainBytes/2 {
			break
		}
		taken += n
	}
	return nil
}

// account puts into the tally what a lane has counted since the last time.
func (s *Source) account(l *lane, now Counters) {
	tally := &s.out.batch.Tally
	tally.Ignored += now.Ignored - l.seen.Ignored
	tally.KernelDropped += now.KernelDropped - l.seen.KernelDropped
	for i := range now.Malformed {
		tally.Malformed[i] += now.Malformed[i] - l.seen.Malformed[i]
	}
	for kind := range now.Unattributed {
		n := now.Unattributed[kind] - l.seen.Unattributed[kind]
		if kind < esbridge.NumKinds {
			tally.QueueDropped += n
		} else {
			tally.Lifecycle[kind-esbridge.NumKinds] += n
		}
	}
	l.seen = now
	s.mu.Lock()
	s.stats[l.lane] = now
	s.mu.Unlock()
}
