//go:build cgo

package native

import (
	"context"
	"testing"
	"time"

	"summarizer/aggregator"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/summaries"
)

// TestFrames: what leaves in the forum's scenario are frames of one size, and the ledgers in
// them hold every event that the kernel had.
func TestFrames(t *testing.T) {
	const frameSize = summaries.DefaultFrameSize
	var total, dropped, queue uint64
	frames := 0
	a, err := aggregator.New(aggregator.Config{Window: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	resetSimulator()
	ctx, cancel := context.WithCancel(context.Background())
	opened := make(chan struct{})
	source := endpointsecurity.NewSource(endpointsecurity.Config{}, func() (endpointsecurity.Transport, error) {
		defer close(opened)
		return open(endpointsecurity.Config{})
	})
	done := make(chan error, 1)
	go func() {
		done <- a.Run(ctx, source, func(s *summaries.Summary) error {
			frame, err := summaries.AppendFrame(nil, s, frameSize)
			if err != nil || len(frame) != frameSize {
				t.Errorf("a frame of %d bytes, error %v", len(frame), err)
			}
			total += s.Events
			dropped += s.Ledger.KernelDropped
			queue += s.Ledger.QueueDropped
			frames++
			return nil
		})
	}()
	<-opened
	for _, processes := range []uint32{1, 10, 1000} {
		startFlood(flood{events: 100_000, processes: processes, threads: 100, files: 100, version: 9, dropEvery: 1009})
		waitFlood()
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	k := readReport(0)
	if total+queue != k.delivered[write] || dropped != k.dropped[write] || frames == 0 {
		t.Errorf("%d frames hold %d events and %d losses of %d delivered; %d drops of %d", frames, total, queue, k.delivered[write], dropped, k.dropped[write])
	}
}
