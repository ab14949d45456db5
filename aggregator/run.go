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
// goroutine at a time: fitted to the frame size, numbered from Config.LastSeq on. The last one
// ends with Shutdown or SourceEnded and holds all that was counted. Run returns the first
// error of the source or of deliver; after one of deliver nothing more is delivered.
//
// A live source is folded by arrival, and folding does not wait for deliver: as long as it
// is busy the open window grows. A recording waits, so that its summaries depend on nothing
// but its events.
func (a *Aggregator) Run(ctx context.Context, src esbridge.Source, deliver func(*summaries.Summary) error) error {
	info := src.Info()
	if info.Live {
		return a.runLive(ctx, info, deliver, func(ctx context.Context, take takeFunc) error {
			return src.Run(ctx, func(b *esbridge.Batch) error { return take(0, b) })
		})
	}
	a.begin(info)
	r := newReplay(a, info.LowerBound, deliver)
	return r.finish(ctx, src.Run(ctx, r.take))
}

// RunParallel is Run of a live source that delivers from Config.Shards goroutines. What
// another goroutine has not yet handed over when a window ends is counted in the next one.
func (a *Aggregator) RunParallel(ctx context.Context, src ParallelSource, deliver func(*summaries.Summary) error) error {
	return a.runLive(ctx, src.Info(), deliver, func(ctx context.Context, take takeFunc) error {
		return src.RunParallel(ctx, a.cfg.Shards, take)
	})
}

// takeFunc folds a batch of a shard.
type takeFunc func(shard int, b *esbridge.Batch) error

// begin notes what runs and when it began, and takes over what was reloaded before.
func (a *Aggregator) begin(info esbridge.Info) {
	a.wanted.mu.Lock() // a Reload may read the configuration
	defer a.wanted.mu.Unlock()
	a.started = time.Now()
	a.cfg.Machine.Source = info.Name
	s := a.wanted.now.Load()
	a.window, a.roller.window = s.window, s.window
	for _, panes := range a.panes {
		for _, p := range panes {
			p.reset(s.window.Hop)
			p.muted.set, p.lowerBound = s.mute, info.LowerBound
			p.setWatch(s.watch)
		}
	}
}

// runLive folds in the goroutines of the source and summarizes in another.
func (a *Aggregator) runLive(ctx context.Context, info esbridge.Info, deliver func(*summaries.Summary) error,
	source func(context.Context, takeFunc) error) error {
	a.begin(info)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := newLive(a, info.LowerBound, a.read())
	failed := make(chan error, 1)
	go func() {
		err := l.summarize(deliver)
		if err != nil {
			cancel() // nobody takes what the source still brings
		}
		failed <- err
	}()
	err := source(ctx, func(shard int, b *esbridge.Batch) error {
		l.take(shard, b, a.read())
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
