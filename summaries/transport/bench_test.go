package transport

import (
	"context"
	"net"
	"testing"

	"summarizer/summaries"
)

// BenchmarkSocket is one tile from Deliver to its acknowledgement, over a Unix socket, one
// in flight: encoded into a ring in memory, sent, decoded, acknowledged.
func BenchmarkSocket(b *testing.B) {
	r := newSocketRig(b, SenderConfig{FrameSize: summaries.DefaultFrameSize})
	handled := make(chan struct{}, 1)
	host := NewReceiver(ReceiverConfig{
		Dial:   func(context.Context) (net.Conn, error) { return net.Dial("unix", r.path) },
		Handle: func(*summaries.Summary, []byte) error { handled <- struct{}{}; return nil },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- host.Run(ctx) }()
	r.putTile(1)
	<-handled
	b.SetBytes(summaries.DefaultFrameSize)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r.putTile(1)
		<-handled
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
	b.StopTimer()
	cancel()
	<-done
}

// BenchmarkSend is the sender's part alone: a host that reads and acknowledges, and decodes
// nothing.
func BenchmarkSend(b *testing.B) {
	r := newSocketRig(b, SenderConfig{FrameSize: summaries.DefaultFrameSize})
	h := r.dialSocket()
	h.mode = Keep
	h.ack(0)
	frame := make([]byte, summaries.DefaultFrameSize)
	b.SetBytes(summaries.DefaultFrameSize)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r.putTile(1)
		var err error
		if frame, err = summaries.ReadFrame(h, frame); err != nil {
			b.Fatal(err)
		}
		h.ack(r.tile)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}
