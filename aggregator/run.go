package aggregator

import (
	"context"
	"errors"
	"time"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// Run folds src until it ends or ctx is done, and calls deliver with each summary, from one
// goroutine at a time: fitted to the frame size, numbered from 1. The last one ends with
// Shutdown or SourceEnded and holds all that was counted. Run returns the first error of
// the source or of deliver; after one of deliver nothing more is delivered.
//
// A live source is folded by arrival, and folding does not wait for deliver: as long as it
// is busy the open window grows. A recording waits, so that its summaries depend on nothing
// but its events.
func (a *Aggregator) Run(ctx context.Context, src esbridge.Source, deliver func(*summaries.Summary) error) error {
	info := src.Info()
	a.started = time.Now()
	a.cfg.Machine.Source = info.Name
	for _, p := range a.panes {
		p.lowerBound = info.LowerBound
	}
	if info.Live {
		return a.runLive(ctx, src, deliver)
	}
	r := newReplay(a, info.LowerBound, deliver)
	return r.finish(ctx, src.Run(ctx, r.take))
}

// runLive folds in the goroutine of the source and summarizes in another.
func (a *Aggregator) runLive(ctx context.Context, src esbridge.Source, deliver func(*summaries.Summary) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := newLive(a, src.Info().LowerBound, a.read())
	failed := make(chan error, 1)
	go func() {
		err := l.summarize(deliver)
		if err != nil {
			cancel() // nobody takes what the source still brings
		}
		failed <- err
	}()
	err := src.Run(ctx, func(b *esbridge.Batch) error {
		l.take(b, a.read())
		return nil
	})
	reason := summaries.SourceEnded
	if err == nil && ctx.Err() != nil {
		reason = summaries.Shutdown
	}
	l.finish(reason, a.read())
	return errors.Join(err, <-failed)
}

// read looks at the clocks.
func (a *Aggregator) read() window.Reading {
	now := time.Now()
	return window.Reading{Wall: now.UnixNano(), Mono: int64(now.Sub(a.started)), Boot: a.cfg.Boottime()}
}
