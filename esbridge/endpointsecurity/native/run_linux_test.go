//go:build cgo

package native

import (
	"context"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
)

// A run is a source that runs against the simulator, and what it delivered.
type run struct {
	t       testing.TB
	source  *endpointsecurity.Source
	cancel  context.CancelFunc
	done    chan error
	deliver func(*esbridge.Batch) // if not nil, called first
	tally   esbridge.Tally
	kinds   [esbridge.NumKinds]uint64
	noPath  uint64
	batches int
}

// startRun opens a source and returns when its clients are there.
func startRun(t testing.TB, c endpointsecurity.Config) *run {
	resetSimulator()
	return startRunWith(t, c, nil)
}

func startRunWith(t testing.TB, c endpointsecurity.Config, deliver func(*esbridge.Batch)) *run {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{t: t, cancel: cancel, done: make(chan error, 1), deliver: deliver}
	r.source = endpointsecurity.NewSource(c, func() (endpointsecurity.Transport, error) {
		return open(c, func(*transport) error { return nil })
	})
	started := make(chan struct{})
	go func() {
		r.done <- r.source.Run(ctx, func(b *esbridge.Batch) error {
			r.add(b)
			if r.batches == 1 {
				close(started)
			}
			return nil
		})
	}()
	select {
	case <-started:
	case err := <-r.done:
		t.Fatal(err)
	}
	return r
}

func (r *run) add(b *esbridge.Batch) {
	if r.deliver != nil {
		r.deliver(b)
	}
	r.batches++
	r.tally.Add(&b.Tally)
	for i := range b.Events {
		r.kinds[b.Events[i].Kind] += b.Events[i].Count
		if len(b.Events[i].Path) == 0 {
			r.noPath += b.Events[i].Count
		}
	}
}

// end ends the source and returns when it has delivered everything.
func (r *run) end() {
	r.t.Helper()
	r.cancel()
	if err := <-r.done; err != nil {
		r.t.Error(err)
	}
}

func (r *run) events() (n uint64) {
	for _, k := range r.kinds {
		n += k
	}
	return n
}
