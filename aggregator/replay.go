package aggregator

import (
	"context"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// replay folds a recording by the time its events carry. Two panes are open: the one the
// watermark is in and the next.
type replay struct {
	a          *Aggregator
	lowerBound bool
	deliver    func(*summaries.Summary) error
	watermark  *window.Watermark
	open, next *pane
	muter      muter
	err        error // of deliver
}

func newReplay(a *Aggregator, lowerBound bool, deliver func(*summaries.Summary) error) *replay {
	return &replay{
		a: a, lowerBound: lowerBound, deliver: deliver, open: a.panes[0][0], next: a.panes[1][0],
		watermark: window.NewWatermark(a.window, window.DefaultLateness),
		muter:     muter{set: a.panes[0][0].muted.set},
	}
}

// take folds a batch.
func (r *replay) take(b *esbridge.Batch) error {
	r.open.account(&b.Tally)
	r.muter.begin()
	for i := range b.Events {
		e := &b.Events[i]
		if !wellFormed(e) {
			r.open.refuse(e)
			continue
		}
		if rule := r.muter.rule(e); rule >= 0 {
			r.open.mute(e, rule)
			continue
		}
		place := r.watermark.Observe(e.Last, e.Count, r.close)
		p := r.open
		p.start = r.watermark.Start()
		if place.Next {
			p, r.next.start = r.next, r.open.start+int64(r.a.window.Hop)
		}
		p.ledger.Late += place.Late
		p.ledger.Clamped += place.Clamped
		if place.Clamped > 0 {
			clamped := *e
			clamped.First, clamped.Last = place.Time, place.Time
			e = &clamped
		}
		p.fold(e, place.Time)
		if r.err != nil {
			return r.err
		}
	}
	return r.err
}

// close delivers the open pane and makes the next one the open one.
func (r *replay) close(over window.Pane) {
	if r.err == nil {
		r.open.start = over.Start
		r.err = r.a.close([]*pane{r.open}, over, r.deliver)
	}
	r.open.reset(r.a.window.Hop)
	r.open.start, r.open.lowerBound = 0, r.lowerBound
	r.open, r.next = r.next, r.open
}

// finish closes what is open. err is what the source ended with.
func (r *replay) finish(ctx context.Context, err error) error {
	reason := summaries.SourceEnded
	if err == nil && ctx.Err() != nil {
		reason = summaries.Shutdown
	}
	r.watermark.Flush(reason, r.close)
	if !r.open.empty() && r.err == nil { // a recording without one event still has a ledger
		r.err = r.a.close([]*pane{r.open}, window.Pane{Start: r.open.start, End: r.open.start + 1, Reason: reason}, r.deliver)
	}
	if r.err != nil {
		return r.err
	}
	return err
}
