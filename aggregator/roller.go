package aggregator

import (
	"errors"
	"fmt"
	"slices"

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
	panes     []framed // of the last window, and all that are not in a tile yet
	untiled   int      // how many of the last ones are in no tile yet
	seq       uint64
}

// framed is a pane as its frame, which takes far less memory than its rows.
type framed struct {
	window summaries.Window
	frame  []byte
}

func newRoller(w window.Config, frameSize int, key *sketch.Key) roller {
	return roller{window: w, frameSize: frameSize, key: key}
}

// paneMemory is what the panes of a rolling window may take together, as frames, in bytes.
const paneMemory = 320 << 10

// paneSize is the frame size that a pane is fitted into: the final one where a pane is a
// window, and else what paneMemory has for each.
func (r *roller) paneSize() int {
	if r.window.Panes() == 1 {
		return r.frameSize
	}
	size := min(max(paneMemory/r.window.Panes(), summaries.MinFrameSize), summaries.MaxFrameSize)
	return size - size%summaries.FrameSizeUnit
}

// add takes the next pane and delivers the window that it ends; before that a tile, where
// the pane is the first one behind it.
func (r *roller) add(p *summaries.Summary, deliver func(*summaries.Summary) error) error {
	if r.window.Panes() == 1 {
		p.Window.Tile = true
		return r.send(p, deliver)
	}
	if r.untiled > 0 {
		if open := r.firstUntiled(); p.Window.Start >= r.window.TileEnd(open.Start) || p.Window.Start < open.Start {
			if err := r.tile(deliver); err != nil {
				return err
			}
		}
	}
	frame, err := summaries.AppendFrame(nil, p, r.paneSize())
	if err != nil {
		return err
	}
	r.panes = append(r.panes, framed{p.Window, frame})
	r.untiled++
	if p.Window.End >= r.window.TileEnd(r.firstUntiled().Start) || p.Window.EndReason != summaries.Closed {
		return r.tile(deliver)
	}
	return r.refresh(deliver)
}

func (r *roller) firstUntiled() summaries.Window { return r.panes[len(r.panes)-r.untiled].window }

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
	end := r.panes[len(r.panes)-1].window.End
	r.forget(end)
	first := 0
	for r.panes[first].window.Start < end-int64(r.window.Window) {
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
	for n < len(r.panes)-r.untiled && r.panes[n].window.Start < end-int64(r.window.Window) {
		n++
	}
	r.panes = slices.Delete(r.panes, 0, n)
}

// merge reads panes back one at a time.
func (r *roller) merge(panes []framed) (*summaries.Summary, error) {
	var damaged error
	merged, err := summaries.MergeSeq(r.key, r.frameSize, func(yield func(*summaries.Summary) bool) {
		for _, p := range panes {
			s, err := summaries.DecodeFrame(p.frame)
			if err != nil {
				damaged = fmt.Errorf("reading a pane back: %w", err)
				return
			}
			if !yield(s) {
				return
			}
		}
	})
	return merged, errors.Join(damaged, err)
}

func (r *roller) send(s *summaries.Summary, deliver func(*summaries.Summary) error) error {
	r.seq++
	s.FirstSeq, s.Seq = r.seq, r.seq
	return deliver(s)
}
