package aggregator

import (
	"math"
	"sync"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// live folds a live source: by arrival, in the goroutines of the source, each into a shard of
// its own. Full panes go to the goroutine of summarize by way of one slot, and come back
// empty by another.
type live struct {
	a          *Aggregator
	lowerBound bool
	shards     []*shard
	full       chan job
	free       chan []*pane

	mu      sync.Mutex // guards time, the exchange of panes, and what follows; before shard.mu
	mute    *muteSet   // in force
	window  window.Config
	clock   *window.Clock
	took    int64 // when the batch before came, by the monotonic clock
	pace    int64 // how long after the one before it
	covered int64 // when all that was folded last went to summarize
}

// shard is what one goroutine of the source folds into.
type shard struct {
	mu    sync.Mutex
	open  *pane
	muter muter
}

// job is work for summarize.
type job struct {
	panes      []*pane
	over       window.Pane
	checkpoint bool           // the panes are a copy, and what they copy goes on
	next       *window.Config // of the panes that follow, where it is another
}

func newLive(a *Aggregator, lowerBound bool, now window.Reading) *live {
	l := &live{
		a: a, lowerBound: lowerBound, full: make(chan job, 1), free: make(chan []*pane, 2),
		mute: a.wanted.now.Load().mute, window: a.window, clock: window.NewClock(a.window, now),
		took: now.Mono, covered: now.Mono,
	}
	for _, p := range a.panes[0] {
		l.shards = append(l.shards, &shard{open: p, muter: muter{set: l.mute}})
	}
	for _, s := range l.shards {
		l.begin(s)
	}
	l.free <- a.panes[1]
	return l
}

// begin opens the empty pane of a shard.
func (l *live) begin(s *shard) {
	p := s.open
	p.start, p.lowerBound = l.clock.Start(), l.lowerBound
	p.series.Reset(int64(l.window.Hop))
	p.muted.set = l.mute
	p.setWatch(l.a.wanted.now.Load().watch)
}

// take folds a batch of shard i. Where a pane is over, what arrived before its end still
// belongs to it.
func (l *live) take(i int, b *esbridge.Batch, now window.Reading) {
	s, from, tally := l.shards[i], int64(math.MinInt64), &b.Tally
	l.mu.Lock()
	l.took, l.pace = now.Mono, now.Mono-l.took
	l.muteAnew()
	if over, ended := l.clock.Tick(now); ended {
		s.fold(b.Events, tally, from, over.End-1)
		l.end(job{over: over}, now)
		from, tally = over.End, nil
	}
	l.mu.Unlock()
	s.fold(b.Events, tally, from, math.MaxInt64)
	l.mu.Lock()
	l.cutAnew(now)
	l.checkpoint(now)
	l.mu.Unlock()
}

// fold folds the events of a batch that arrived from from to to, both included.
func (s *shard) fold(events []esbridge.Event, tally *esbridge.Tally, from, to int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.open
	if tally != nil {
		p.account(tally)
	}
	s.muter.begin()
	p.tree.Begin()
	defer p.tree.End()
	for i := range events {
		e := &events[i]
		if e.Arrival < from || e.Arrival > to {
			continue
		}
		if !wellFormed(e) {
			p.refuse(e)
		} else if rule := s.muter.rule(e); rule >= 0 {
			p.mute(e, rule)
		} else {
			p.arrive(e)
		}
	}
}

// arrive folds a well-formed event by its arrival.
func (p *pane) arrive(e *esbridge.Event) {
	at := max(e.Arrival, p.start)
	first, early := window.Clamp(e.First, at)
	last, late := window.Clamp(e.Last, at)
	if early || late {
		p.ledger.Clamped += e.Count
		clamped := *e
		clamped.First, clamped.Last = min(first, last), last
		p.fold(&clamped, at)
		return
	}
	if e.Last < p.start {
		p.ledger.Late += e.Count
	}
	p.ledger.MaxLag = max(p.ledger.MaxLag, e.Arrival-e.Last)
	p.fold(e, at)
}

// end hands the open panes over, or lets them go on where those before are still being
// summarized.
func (l *live) end(j job, now window.Reading) {
	select {
	case fresh := <-l.free:
		j.panes = l.exchange(fresh)
		l.full <- j
		l.covered = now.Mono
	default:
		for _, s := range l.shards {
			s.mu.Lock()
			s.open.merged++
			s.mu.Unlock()
		}
	}
}

// exchange makes each shard fold into another pane. It waits for the batches that others are
// at; what they fold after it is in the next window.
func (l *live) exchange(fresh []*pane) (full []*pane) {
	for i, s := range l.shards {
		s.mu.Lock()
		full, s.open = append(full, s.open), fresh[i]
		l.begin(s)
		s.mu.Unlock()
	}
	return full
}

// finish hands over what is left and ends summarize.
func (l *live) finish(reason summaries.EndReason, now window.Reading) {
	if over, ended := l.clock.Tick(now); ended && over.Reason == summaries.Closed {
		l.end(job{over: over}, now)
	}
	p := l.shards[0].open
	end := max(min(now.Wall, p.start+int64(l.window.Hop)*int64(p.merged)), p.start+1)
	j := job{over: window.Pane{Start: p.start, End: end, Reason: reason}}
	for _, s := range l.shards {
		j.panes = append(j.panes, s.open)
	}
	l.full <- j
	close(l.full)
}

// summarize fits full panes into frames and delivers windows until finish, or until deliver
// fails: then panes are only taken, so that folding does not wait.
func (l *live) summarize(deliver func(*summaries.Summary) error) (err error) {
	for j := range l.full {
		if err == nil {
			err = l.a.do(j, deliver)
		}
		for _, p := range j.panes {
			p.reset(l.a.window.Hop)
		}
		l.free <- j.panes
	}
	return err
}

// do summarizes panes and delivers the windows that they end, or the tile so far.
func (a *Aggregator) do(j job, deliver func(*summaries.Summary) error) error {
	if j.checkpoint {
		return a.checkpoint(j.panes, j.over)
	}
	if err := a.close(j.panes, j.over, deliver); err != nil {
		return err
	}
	if j.next != nil {
		a.window = *j.next
		a.roller.reload(a.window)
		return nil
	}
	return a.checkpointAt(j.over.End)
}

// close summarizes panes and delivers the windows that they end.
func (a *Aggregator) close(panes []*pane, over window.Pane, deliver func(*summaries.Summary) error) error {
	s, err := a.summarize(panes, over)
	if err != nil {
		return err
	}
	return a.roller.add(s, deliver)
}
