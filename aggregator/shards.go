package aggregator

import (
	"context"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// ParallelSource is a source that delivers from several goroutines.
type ParallelSource interface {
	Info() esbridge.Info
	// RunParallel calls deliver from up to n goroutines at a time, each with a shard of its
	// own from 0 to n−1; otherwise it is esbridge.Source.Run. Isolation costs least where all
	// events of a process come by one shard.
	RunParallel(ctx context.Context, n int, deliver func(shard int, b *esbridge.Batch) error) error
}

// shardLimits are the limits of one shard: its part of what is configured, but no less than
// the least limits there are. Shared out, n shards take the memory that one takes. A source
// that keeps each process to one shard loses nothing by it, since a shard then has as few
// families as it has rows; one that deals out events at random loses up to n times: a
// family has 1/n of its share in each shard, which the shards may all spend on the same rows.
func (c *Config) shardLimits() summaries.Limits {
	if c.Shards == 1 {
		return c.Limits
	}
	l, unit := c.Limits, c.Limits.PathBytes/c.Limits.Paths
	for n, least := range map[*int]int{&l.Origins: 4, &l.Programs: 16, &l.Processes: 16, &l.Paths: 64} {
		*n = min(*n, max(*n/c.Shards, least))
	}
	l.PathBytes = l.Paths * unit
	return l
}

// summarize writes panes of the same stretch of time, over for the reason and until the end
// that w tells, into one summary that fits into a pane's frame. The panes are spent.
//
// Each is fitted into a frame of that size before they are merged. Nothing is lost that
// would be listed otherwise: a family has no smaller share of a frame beside fewer others.
func (a *Aggregator) summarize(panes []*pane, w window.Pane) (*summaries.Summary, error) {
	size := a.roller.paneSize() - headMargin
	rules := rulesOf(panes)
	if len(panes) == 1 {
		s := panes[0].summary(w, a.window.Hop)
		s.Muted = rules
		return s, panes[0].tree.Fit(s, size)
	}
	peak := peakOf(panes)
	var all []*summaries.Summary
	for i, p := range panes {
		s := p.summary(w, a.window.Hop)
		s.Peak = peak
		if i == 0 {
			s.Muted = rules
		} else {
			s.Window.Merged = 0 // one window, of which each shard holds a part
		}
		if err := p.tree.Fit(s, size); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	merged, err := summaries.Merge(&a.cfg.Key, a.roller.paneSize()-mergeMargin, all...)
	if err == nil {
		merged.Limits = a.cfg.Limits
	}
	return merged, err
}

// rulesOf are the mute rules that panes of the same stretch of time counted for.
func rulesOf(panes []*pane) []summaries.MuteRule {
	var all [][]summaries.MuteRule
	for _, p := range panes {
		all = append(all, p.rules())
	}
	return unite(ruleRoom(panes[0].cfg.FrameSize), all...)
}

// peakOf is the busiest stretch of all panes together.
func peakOf(panes []*pane) summaries.Peak {
	sum := summaries.NewSeries(panes[0].series.Per)
	for _, p := range panes {
		for i, n := range p.series.Events {
			sum.Add(int64(i)*p.series.Per, n)
		}
	}
	return sum.Peak(panes[0].start)
}
