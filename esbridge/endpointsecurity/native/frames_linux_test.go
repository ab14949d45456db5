//go:build cgo

package native

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"summarizer/aggregator"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/summaries"
	delivery "summarizer/summaries/transport"
)

// host takes frames from the agent of TestFrames and keeps the books.
type host struct {
	t *testing.T
	// handle is what this host does with a frame before it takes it; its error is a host that
	// dies of it.
	handle func(frames int) error

	mu                     sync.Mutex
	seen                   map[uint64]bool
	frames                 int
	total, dropped, queued uint64
}

func (h *host) take(s *summaries.Summary, frame []byte) error {
	h.mu.Lock()
	h.frames++
	n := h.frames
	h.mu.Unlock()
	if err := h.handle(n); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(frame) != summaries.DefaultFrameSize {
		h.t.Errorf("a frame of %d bytes", len(frame))
	}
	if h.seen[s.Seq] {
		return nil
	}
	h.seen[s.Seq] = true
	h.total += s.Events
	h.dropped += s.Ledger.KernelDropped
	h.queued += s.Ledger.QueueDropped
	return nil
}

// TestFrames: what leaves in the forum's scenario are frames of one size, and the ledgers in
// them hold every event that the kernel had, whatever the host does: one that keeps up, one
// that takes a window's time for each frame, one that stands still until the flood is over,
// one that dies of every second frame.
func TestFrames(t *testing.T) {
	over := make(chan struct{}) // closed when the flood of the case is over
	for _, c := range []struct {
		name   string
		handle func(frames int) error
	}{
		{"steady", func(int) error { return nil }},
		{"slow", func(int) error {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-over:
			}
			return nil
		}},
		{"stopped", func(int) error { <-over; return nil }},
		{"killed", func(n int) error {
			if n%2 == 1 {
				return errors.New("killed")
			}
			return nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			over = make(chan struct{})
			testFrames(t, c.handle, func() { close(over) })
		})
	}
}

func testFrames(t *testing.T, handle func(int) error, floodIsOver func()) {
	resetSimulator()
	a, err := aggregator.New(aggregator.Config{Window: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	sender, err := delivery.NewSender(delivery.SenderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, handle: handle, seen: map[uint64]bool{}}
	inside := delivery.NewInside()
	receiver := delivery.NewReceiver(delivery.ReceiverConfig{Dial: inside.Dial, Handle: h.take, MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond})
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	var hosts sync.WaitGroup
	hosts.Go(func() { _ = sender.Serve(serving, inside) })
	hosts.Go(func() { _ = receiver.Run(serving) })

	runFlood(t, a, sender.Deliver)
	floodIsOver()
	if err := sender.Drain(serving); err != nil {
		t.Fatal(err)
	}
	stop()
	hosts.Wait()
	k := readReport(0)
	if h.total+h.queued != k.delivered[write] || h.dropped != k.dropped[write] || len(h.seen) == 0 {
		t.Errorf("%d frames hold %d events and %d losses of %d delivered; %d drops of %d", len(h.seen), h.total, h.queued, k.delivered[write], h.dropped, k.dropped[write])
	}
}

// runFlood folds the floods of 1, 10 and 1,000 processes and ends the aggregator.
func runFlood(t *testing.T, a *aggregator.Aggregator, deliver func(*summaries.Summary) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	opened := make(chan struct{})
	source := endpointsecurity.NewSource(endpointsecurity.Config{}, func() (endpointsecurity.Transport, error) {
		defer close(opened)
		return open(endpointsecurity.Config{})
	})
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, source, deliver) }()
	<-opened
	for _, processes := range []uint32{1, 10, 1000} {
		startFlood(flood{events: 100_000, processes: processes, threads: 100, files: 100, version: 9, dropEvery: 1009})
		waitFlood()
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
