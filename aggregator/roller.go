package aggregator

import (
	"summarizer/aggregator/window"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// roller turns panes into the windows that leave: each pane ends one, of the last
// window/hop panes. A window that begins at a multiple of its length is a tile. Every pane
// is in exactly one tile, whatever happens: where time jumps, a tile ends early or late.
type roller struct {
	window    window.Config
	frameSize int
	key       *sketch.Key
	panes     []*summaries.Summary // of the last window, and all that are not in a tile yet
	untiled   int                  // how many of the last ones are in no tile yet
	seq       uint64
}

func newRoller(w window.Config, frameSize int, key *sketch.Key) roller {
	return roller{window: w, frameSize: frameSize, key: key}
}

// paneMemory is what the panes of a rolling window may take together, in bytes.
const paneMemory = 8 << 20

// paneSize is the frame size that a pane is fitted into: the final one where a pane is a
// window, and more where panes merge, so that detail is lost once and not twice.
func (r *roller) paneSize() int {
	if r.window.Panes() == 1 {
		return r.frameSize
	}
	return min(max(paneMemory/r.window.Panes(), r.frameSize), summaries.MaxFrameSize)
}

// add takes the next pane and delivers the window that it ends; before that a tile, where
// the pane is the first one behind it.
func (r *roller) add(p *summaries.Summary, deliver func(*summaries.Summary) error) error {
	if r.untiled > 0 {
		if open := r.panes[len(r.panes)-r.untiled]; p.Window.Start >= r.window.TileEnd(open.Window.Start) || p.Window.Start < open.Window.Start {
			if err := r.tile(deliver); err != nil {
				return err
			}
		}
	}
	r.panes = append(r.panes, p)
	r.untiled++
	tileEnd := r.window.TileEnd(r.panes[len(r.panes)-r.untiled].Window.Start)
	if p.Window.End >= tileEnd || p.Window.EndReason != summaries.Closed {
		return r.tile(deliver)
	}
	return r.refresh(deliver)
}

// tile delivers all panes that are in no tile yet, as one.
func (r *roller) tile(deliver func(*summaries.Summary) error) error {
	s, err := r.merge(r.panes[len(r.panes)-r.untiled:])
	if err != nil {
		return err
	}
	r.untiled = 0
	r.forget(s.Window.End)
	s.Window.Start = r.window.TileStart(s.Window.Start)
	s.Window.Tile = true
	return r.send(s, deliver)
}

// refresh delivers the panes of the last window's length.
func (r *roller) refresh(deliver func(*summaries.Summary) error) error {
	end := r.panes[len(r.panes)-1].Window.End
	r.forget(end)
	first := 0
	for r.panes[first].Window.Start < end-int64(r.window.Window) {
		first++
	}
	s, err := r.merge(r.panes[first:])
	if err != nil {
		return err
	}
	return r.send(s, deliver)
}

// forget drops the panes that neither a window that ends after end nor a tile will need.
func (r *roller) forget(end int64) {
	n := 0
	for n < len(r.panes)-r.untiled && r.panes[n].Window.Start < end-int64(r.window.Window) {
		n++
	}
	r.panes = append(r.panes[:0], r.panes[n:]...)
}

func (r *roller) merge(panes []*summaries.Summary) (*summaries.Summary, error) {
	if len(panes) == 1 && r.window.Panes() == 1 {
		return panes[0], nil
	}
	return summaries.Merge(r.key, r.frameSize, panes...)
}

func (r *roller) send(s *summaries.Summary, deliver func(*summaries.Summary) error) error {
	r.seq++
	s.FirstSeq, s.Seq = r.seq, r.seq
	return deliver(s)
}
