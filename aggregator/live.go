package aggregator

import (
	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// live folds a live source: by arrival, in the goroutine of the source. Full panes go to the
// goroutine of summarize by way of one slot, and come back empty by another.
type live struct {
	a          *Aggregator
	lowerBound bool
	clock      *window.Clock
	open       *pane
	full       chan ended
	free       chan *pane
}

// ended is a pane that is over.
type ended struct {
	pane *pane
	over window.Pane
}

func newLive(a *Aggregator, lowerBound bool, now window.Reading) *live {
	l := &live{
		a: a, lowerBound: lowerBound, clock: window.NewClock(a.window, now), open: a.panes[0],
		full: make(chan ended, 1), free: make(chan *pane, 2),
	}
	l.open.start = l.clock.Start()
	l.free <- a.panes[1]
	return l
}

// take folds a batch. Where a pane is over, what arrived before its end still belongs to it.
func (l *live) take(b *esbridge.Batch, now window.Reading) {
	over, ended := l.clock.Tick(now)
	if !ended {
		l.open.account(&b.Tally)
		l.fold(b.Events, func(int64) bool { return true })
		return
	}
	l.open.account(&b.Tally)
	l.fold(b.Events, func(arrival int64) bool { return arrival < over.End })
	l.end(over)
	l.fold(b.Events, func(arrival int64) bool { return arrival >= over.End })
}

// fold folds the events of a batch whose arrival is wanted.
func (l *live) fold(events []esbridge.Event, wanted func(arrival int64) bool) {
	p := l.open
	for i := range events {
		e := &events[i]
		if !wanted(e.Arrival) {
			continue
		}
		if !wellFormed(e) {
			p.refuse(e)
			continue
		}
		at := max(e.Arrival, p.start)
		first, early := window.Clamp(e.First, at)
		last, late := window.Clamp(e.Last, at)
		if early || late {
			p.ledger.Clamped += e.Count
			clamped := *e
			clamped.First, clamped.Last = min(first, last), last
			p.fold(&clamped, at)
			continue
		}
		if e.Last < p.start {
			p.ledger.Late += e.Count
		}
		p.ledger.MaxLag = max(p.ledger.MaxLag, e.Arrival-e.Last)
		p.fold(e, at)
	}
}

// end hands the open pane over, or lets it go on where the one before is still being
// summarized.
func (l *live) end(over window.Pane) {
	select {
	case fresh := <-l.free:
		l.full <- ended{l.open, over}
		l.open = fresh
		l.open.start = l.clock.Start()
		l.open.lowerBound = l.lowerBound
	default:
		l.open.merged++
	}
}

// finish hands over what is left and ends summarize.
func (l *live) finish(reason summaries.EndReason, now window.Reading) {
	if over, ended := l.clock.Tick(now); ended && over.Reason == summaries.Closed {
		l.end(over)
	}
	end := max(min(now.Wall, l.open.start+int64(l.a.window.Hop)*int64(l.open.merged)), l.open.start+1)
	l.full <- ended{l.open, window.Pane{Start: l.open.start, End: end, Reason: reason}}
	close(l.full)
}

// summarize fits full panes into frames and delivers windows until finish, or until deliver
// fails: then panes are only taken, so that folding does not wait.
func (l *live) summarize(deliver func(*summaries.Summary) error) (err error) {
	for e := range l.full {
		if err == nil {
			err = l.a.close(e.pane, e.over, deliver)
		}
		e.pane.reset(l.a.window.Hop)
		l.free <- e.pane
	}
	return err
}

// close summarizes a pane and delivers the windows that it ends.
func (a *Aggregator) close(p *pane, over window.Pane, deliver func(*summaries.Summary) error) error {
	s, err := p.summarize(over, a.window.Hop, a.roller.paneSize())
	if err != nil {
		return err
	}
	return a.roller.add(s, deliver)
}
