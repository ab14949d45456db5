package aggregator

import (
	"slices"
	"time"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// maxCount is the largest count that an event may carry: beyond it sums could overflow.
const maxCount = 1 << 48

// pane is what is counted between two boundaries, by one shard.
type pane struct {
	cfg        *Config
	tree       *summaries.Tree
	watch      []string // what the tree was told to watch
	ledger     summaries.Ledger
	series     summaries.Series
	muted      muted
	start      int64
	merged     uint32 // windows that went into it: more than 1 where nobody took it in time
	lowerBound bool
}

func newPane(cfg *Config, hop time.Duration) *pane {
	return &pane{
		cfg: cfg, tree: summaries.NewTree(cfg.shardLimits(), cfg.Watch, &cfg.Key), watch: cfg.Watch,
		series: summaries.NewSeries(int64(hop)), merged: 1,
	}
}

// reset empties the pane and keeps its storage.
func (p *pane) reset(hop time.Duration) {
	p.tree.Reset()
	p.ledger, p.merged, p.lowerBound = summaries.Ledger{}, 1, false
	p.series.Reset(int64(hop))
	p.muted.reset()
}

// copyTo makes dst a pane that holds what p holds.
func (p *pane) copyTo(dst *pane) {
	p.tree.CopyTo(dst.tree)
	p.muted.copyTo(&dst.muted)
	dst.watch, dst.ledger, dst.start, dst.merged, dst.lowerBound = p.watch, p.ledger, p.start, p.merged, p.lowerBound
	dst.series = summaries.Series{Per: p.series.Per, Events: append(dst.series.Events[:0], p.series.Events...)}
}

// setWatch replaces what an empty pane watches.
func (p *pane) setWatch(watch []string) {
	if !slices.Equal(p.watch, watch) {
		p.tree.SetWatch(watch)
		p.watch = watch
	}
}

// fold counts a well-formed event at a time within the pane.
func (p *pane) fold(e *esbridge.Event, at int64) {
	p.tree.Fold(e, at)
	p.series.Add(at-p.start, e.Count)
	p.ledger.Folded += e.Count
	p.ledger.Received += e.Count
}

// refuse counts an event that breaks the contract of esbridge.Event.
func (p *pane) refuse(e *esbridge.Event) {
	n := min(max(e.Count, 1), maxCount)
	p.ledger.Malformed[esbridge.BadEvent] += n
	p.ledger.Received += n
}

// mute counts a well-formed event that a rule of ours leaves out.
func (p *pane) mute(e *esbridge.Event, rule int) {
	p.muted.counts[rule] += e.Count
	p.ledger.Muted += e.Count
	p.ledger.Received += e.Count
}

// wellFormed is the contract of esbridge.Event.
func wellFormed(e *esbridge.Event) bool {
	return e.Process != nil && e.Count > 0 && e.Count <= maxCount && e.Kind < esbridge.NumKinds &&
		(len(e.Path) == 0 || e.Path[0] == '/')
}

// account adds what the source tells of what did not become events.
func (p *pane) account(t *esbridge.Tally) {
	l := &p.ledger
	for i, n := range t.Malformed {
		l.Malformed[i] += n
		l.Received += n
	}
	l.Muted += t.Muted
	p.muted.bySource += t.Muted
	l.Ignored += t.Ignored
	l.Received += t.Muted + t.Ignored
	l.KernelDropped += t.KernelDropped
	l.QueueDropped += t.QueueDropped
	for i, n := range t.Lifecycle {
		l.Lifecycle[i] += n
	}
}

// empty says that nothing reached the pane.
func (p *pane) empty() bool {
	l := &p.ledger
	return l.Received == 0 && l.KernelDropped == 0 && l.QueueDropped == 0 && l.Lifecycle == [esbridge.NumLifecycles]uint64{}
}

// summary is the pane, over for the reason and until the end that w tells, without its rows.
func (p *pane) summary(w window.Pane, hop time.Duration) *summaries.Summary {
	return &summaries.Summary{
		Machine:    p.cfg.Machine,
		Agent:      p.cfg.Agent(),
		Window:     summaries.Window{Start: p.start, End: max(w.End, p.start+1), Hop: int64(hop), EndReason: w.Reason, Merged: p.merged},
		Ledger:     p.ledger,
		LowerBound: p.lowerBound,
		Peak:       p.series.Peak(p.start),
		Series:     summaries.Series{Per: p.series.Per, Events: slices.Clone(p.series.Events)},
	}
}
