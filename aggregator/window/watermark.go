package window

import (
	"time"

	"summarizer/summaries"
)

// What Watermark believes.
const (
	// DefaultLateness covers what one recorder mixes up: threads that were stamped and then
	// had to wait for their turn.
	DefaultLateness = 2 * time.Second
	// MaxJump is how far time may jump ahead on the word of a single event; or a hop, where
	// that is longer.
	MaxJump = 10 * time.Minute
	// Confirm is how many events in a row have to agree on a longer jump.
	Confirm = 4
)

// Watermark places the events of a recording by the time they carry.
//
// Two panes are open at most: the open one and the next. An event after the end of the open
// pane goes into the next one; an event later than that by the allowed lateness closes the
// open pane. An event from before the open pane goes into it and is late.
//
// A time further than MaxJump ahead of all others is a gap in the recording, or damaged.
// Until Confirm events in a row agree on it, such events are clamped: they count in the pane
// that holds the latest believed time. In the same way the first events are believed only
// provisionally: if an earlier time turns up before Confirm of them have come, and no pane
// has been closed, the open pane moves there, and those before are clamped.
type Watermark struct {
	c              Config
	lateness, jump int64

	begun, anyClosed bool
	start            int64  // of the open pane, which is never empty
	next             bool   // the next pane holds events
	latest           int64  // latest believed event time
	believed         int    // events that were believed, up to Confirm
	early            uint64 // events before believed reached Confirm

	ahead int64 // where events in doubt say it is
	votes int   // how many in a row
}

// NewWatermark returns a Watermark that allows events to be late by lateness: 0 is none, and
// then the next pane is never used; more than a hop is taken as a hop. c is valid and has its
// defaults.
func NewWatermark(c Config, lateness time.Duration) *Watermark {
	return &Watermark{
		c:        c,
		lateness: int64(min(max(lateness, 0), c.Hop)),
		jump:     int64(max(MaxJump, c.Hop)),
	}
}

// Start is where the open pane begins; 0 before the first event.
func (w *Watermark) Start() int64 { return w.start }

// Placement is where events of one time go.
type Placement struct {
	Time int64 // the time they count at, within the pane
	Next bool  // into the pane after the open one
	// Late and Clamped are how many events to add to the ledger: these ones, and for Clamped
	// also earlier ones that only now turn out to be absurd.
	Late, Clamped uint64
}

// Observe places n events of time t. Before it returns it calls closed for each pane that is
// over, at most twice: that was the open pane, and the next pane, which may be empty, is now
// the open one.
func (w *Watermark) Observe(t int64, n uint64, closed func(Pane)) Placement {
	t, clamped := w.believe(t, n)
	if w.latest = max(w.latest, t); !w.begun {
		w.begun, w.start = true, w.c.Start(t)
	}
	w.advance(t, closed)
	p := Placement{Time: t, Clamped: clamped}
	switch {
	case t >= w.start+int64(w.c.Hop):
		p.Next, w.next = true, true
	case t < w.start:
		p.Time, p.Late = w.start, n
	}
	return p
}

// believe returns the time to count n events at that say t, and how many to call clamped.
func (w *Watermark) believe(t int64, n uint64) (at int64, clamped uint64) {
	switch {
	case t < Earliest || t > Latest:
		return max(w.latest, Earliest), n
	case w.begun && w.believed == 0: // nothing but absurd times so far
		w.start, w.latest = w.c.Start(t), t
	case w.begun && t-w.latest > w.jump:
		if w.votes == 0 || max(t-w.ahead, w.ahead-t) > w.jump {
			w.votes = 0
		}
		w.ahead = t
		if w.votes++; w.votes < Confirm {
			return w.latest, n
		}
	case w.believed < Confirm && !w.anyClosed && w.latest-t > w.jump:
		clamped, w.early, w.believed = w.early, 0, 0
		w.start, w.latest = w.c.Start(t), t
	}
	w.votes = 0
	if w.believed < Confirm {
		w.believed++
		w.early += n
	}
	return t, clamped
}

// advance closes the panes that the latest time leaves behind. t is that time where there is
// anything to close.
func (w *Watermark) advance(t int64, closed func(Pane)) {
	for w.latest >= w.start+int64(w.c.Hop)+w.lateness {
		w.close(summaries.Closed, closed)
		if !w.next {
			w.start = w.c.Start(t)
			return
		}
		w.start, w.next = w.start+int64(w.c.Hop), false
	}
}

// Flush closes what is open: the last pane ends for the given reason. Nothing may be observed
// after it.
func (w *Watermark) Flush(reason summaries.EndReason, closed func(Pane)) {
	if w.next {
		w.close(summaries.Closed, closed)
		w.start, w.next = w.start+int64(w.c.Hop), false
	}
	if w.begun {
		w.close(reason, closed)
		w.begun = false
	}
}

func (w *Watermark) close(reason summaries.EndReason, closed func(Pane)) {
	w.anyClosed = true
	closed(Pane{Start: w.start, End: w.start + int64(w.c.Hop), Reason: reason})
}
