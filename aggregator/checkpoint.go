package aggregator

import (
	"time"

	"summarizer/aggregator/window"
	"summarizer/summaries"
)

// A checkpoint is the tile so far: what would be lost if the process were killed now. In
// folding it costs a copy of the open pane into the one that is idle; all else is done by the
// goroutine that summarizes. Where a hop is a second or less the end of a pane is a
// checkpoint too, and costs folding nothing.
const (
	// checkpointEvery is the time between two, as far as batches come often enough.
	checkpointEvery = time.Second
	// boundaryNear is how long before the end of a pane none is begun, so that the idle pane
	// is back in time: several times what fitting, merging and writing one take.
	boundaryNear = 250 * time.Millisecond
)

// checkpoint hands a copy of the open panes over, if it is time. l.mu is held.
func (l *live) checkpoint(now window.Reading) {
	if l.a.cfg.Checkpoint == nil || !l.checkpointDue(now) || l.boundaryNear(now) {
		return
	}
	select {
	case spare := <-l.free:
		for i, s := range l.shards {
			s.mu.Lock()
			s.open.copyTo(spare[i])
			s.mu.Unlock()
		}
		start := spare[0].start
		over := window.Pane{Start: start, End: max(now.Wall, start+1), Reason: summaries.Recovered}
		l.full <- job{panes: spare, over: over, checkpoint: true}
		l.covered = now.Mono
	default: // the panes before are still being summarized
	}
}

// checkpointDue tells that the next batch would come too late: what is folded is safe within
// checkpointEvery although batches come neither in time nor alike.
func (l *live) checkpointDue(now window.Reading) bool {
	return now.Mono-l.covered+l.pace > int64(checkpointEvery)
}

// boundaryNear tells that the pane will end too soon. Where batches come slowly the one that
// ends it is far away even if its end is not.
func (l *live) boundaryNear(now window.Reading) bool {
	end := l.clock.Start() + int64(l.window.Hop)
	return end-now.Wall < int64(boundaryNear) && l.pace < int64(boundaryNear)
}

// checkpoint hands out the tile so far, with copies of the open panes.
func (a *Aggregator) checkpoint(panes []*pane, so window.Pane) error {
	s, err := a.summarize(panes, so)
	if err != nil {
		return err
	}
	if s, err = a.roller.soFar(s); err != nil {
		return err
	}
	a.cfg.Checkpoint(s)
	a.checkpointed = so.End
	return nil
}

// checkpointAt hands out the tile so far where a pane has just ended and its tile has not.
func (a *Aggregator) checkpointAt(end int64) error {
	recent := end >= a.checkpointed && end-a.checkpointed < int64(checkpointEvery)
	if a.cfg.Checkpoint == nil || a.roller.untiled == 0 || recent {
		return nil
	}
	s, err := a.roller.soFar(nil)
	if err != nil {
		return err
	}
	a.cfg.Checkpoint(s)
	a.checkpointed = end
	return nil
}
