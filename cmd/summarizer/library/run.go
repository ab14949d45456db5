package main

import (
	"context"
	"time"

	"summarizer/aggregator"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// maxTick is how long events wait at most until they are folded.
const maxTick = 100 * time.Millisecond

// foldFunc folds a batch.
type foldFunc func(*esbridge.Batch) error

// run is an aggregator at work. It is its own source.
type run struct {
	engine *engine
	before *run // whose last summary comes before its first; nil: none
	fold   foldFunc
	ready  chan struct{} // closed: fold is set
	stop   context.CancelFunc
	done   chan struct{} // closed: it has delivered its last summary
	base   uint64        // number before its first; set when before is done
	last   uint64        // number of its last summary
	err    error
}

// begin starts a run that nobody folds into yet.
func (e *engine) begin(before *run) (*run, error) {
	agg, err := aggregator.New(e.cfg)
	if err != nil {
		return nil, inKeys(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &run{engine: e, before: before, stop: stop, ready: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = agg.RunParallel(ctx, r, r.deliver)
	}()
	<-r.ready
	return r, nil
}

// end stops r, which nobody folds into any more, and waits until it has delivered all.
func (r *run) end() result {
	r.stop()
	<-r.done
	if r.err != nil {
		return errFailed
	}
	return success
}

// Info implements aggregator.ParallelSource.
func (r *run) Info() esbridge.Info { return esbridge.Info{Name: "embedded", Live: true} }

// RunParallel implements aggregator.ParallelSource: batches come from whoever has the turn,
// one at a time, and at least once a tick.
func (r *run) RunParallel(ctx context.Context, _ int, deliver func(shard int, b *esbridge.Batch) error) error {
	r.fold = func(b *esbridge.Batch) error { return deliver(0, b) }
	close(r.ready)
	defer r.engine.turn.retire(r)
	tick := time.NewTicker(r.engine.pace())
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.engine.tick(notAtAll)
		case <-ctx.Done():
			return nil
		}
	}
}

// deliver numbers a summary on from the last one of the run before, and hands it over.
func (r *run) deliver(s *summaries.Summary) error {
	if r.before != nil {
		<-r.before.done
		r.base, r.before = r.before.last, nil
	}
	s.FirstSeq += r.base
	s.Seq += r.base
	r.last = s.Seq
	return r.engine.outbox.deliver(s)
}
