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
//
// Every window takes the next number. A tile covers all numbers since the tile before, so
// that a gap between two tiles is a loss that can be seen.
type roller struct {
	window    window.Config
	frameSize int
	key       *sketch.Key
	panes     []framed // of the last window, and all that are not in a tile yet
	untiled   int      // how many of the last ones are in no tile yet
	seq       uint64   // the last number used
	tiled     uint64   // the last number that a tile covers
}

// framed is a pane as its frame, which takes far less memory than its rows. Its mute rules
// are kept beside it, so that many panes of other rules still fit into one head.
type framed struct {
	window summaries.Window
	muted  []summaries.MuteRule
	frame  []byte
}

func newRoller(w window.Config, frameSize int, key *sketch.Key, lastSeq uint64) roller {
	return roller{window: w, frameSize: frameSize, key: key, seq: lastSeq, tiled: lastSeq}
}

// paneMemory is what the panes of a rolling window may take together, as frames, in bytes.
const paneMemory = 320 << 10

// What is left free in a frame for what its head gets after its rows were fitted: numbers;
// and after a merge limits and the sum of rows folded up.
const (
	headMargin  = 24
	mergeMargin = 128
)

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
		return r.sendTile(p, deliver)
	}
	if r.untiled > 0 {
		if open := r.firstUntiled(); p.Window.Start >= r.window.TileEnd(open.Start) || p.Window.Start < open.Start {
			if err := r.tile(deliver); err != nil {
				return err
			}
		}
	}
	muted := p.Muted
	p.Muted = nil
	frame, err := summaries.AppendFrame(nil, p, r.paneSize())
	if err != nil {
		return err
	}
	r.panes = append(r.panes, framed{p.Window, muted, frame})
	r.untiled++
	if p.Window.End >= r.window.TileEnd(r.firstUntiled().Start) || p.Window.EndReason != summaries.Closed {
		return r.tile(deliver)
	}
	return r.refresh(deliver)
}

func (r *roller) firstUntiled() summaries.Window { return r.panes[len(r.panes)-r.untiled].window }

// tile delivers all panes that are in no tile yet, as one.
func (r *roller) tile(deliver func(*summaries.Summary) error) error {
	s, err := r.mergeTile(nil)
	if err != nil {
		return err
	}
	r.untiled = 0
	r.forget(s.Window.End)
	return r.sendTile(s, deliver)
}

// refresh delivers the panes of the last window's length.
func (r *roller) refresh(deliver func(*summaries.Summary) error) error {
	end := r.panes[len(r.panes)-1].window.End
	r.forget(end)
	first := 0
	for r.panes[first].window.Start < end-int64(r.window.Window) {
		first++
	}
	s, err := r.merge(r.panes[first:], nil, r.panes[first].window.Start)
	if err != nil {
		return err
	}
	r.seq++
	s.FirstSeq, s.Seq = r.seq, r.seq
	return deliver(s)
}

// forget drops the panes that neither a window that ends after end nor a tile will need.
func (r *roller) forget(end int64) {
	n := 0
	for n < len(r.panes)-r.untiled && r.panes[n].window.Start < end-int64(r.window.Window) {
		n++
	}
	r.panes = slices.Delete(r.panes, 0, n)
}

// reload cuts time anew. All panes are in a tile: the last one ended as reloaded.
func (r *roller) reload(w window.Config) { r.window, r.panes = w, nil }

// soFar is the tile as it would be if it ended now, with the open pane, or nil for none. It
// takes the number that the tile would have, and uses none up.
func (r *roller) soFar(open *summaries.Summary) (s *summaries.Summary, err error) {
	s = open
	if r.untiled > 0 {
		if s, err = r.mergeTile(open); err != nil {
			return nil, err
		}
	}
	s.Window.Tile, s.Window.EndReason = true, summaries.Recovered
	s.FirstSeq, s.Seq = r.tiled+1, r.seq+1
	return s, nil
}

func (r *roller) sendTile(s *summaries.Summary, deliver func(*summaries.Summary) error) error {
	r.seq++
	s.FirstSeq, s.Seq, s.Window.Tile = r.tiled+1, r.seq, true
	r.tiled = r.seq
	return deliver(s)
}

// mergeTile merges the panes that are in no tile yet, and the open one where there is one.
func (r *roller) mergeTile(open *summaries.Summary) (*summaries.Summary, error) {
	return r.merge(r.panes[len(r.panes)-r.untiled:], open, r.window.TileStart(r.firstUntiled().Start))
}

// merge reads panes back one at a time and unites them, and the open one where there is one,
// into a window that begins at start, which is not after the first pane's.
func (r *roller) merge(panes []framed, open *summaries.Summary, start int64) (*summaries.Summary, error) {
	var damaged error
	rules := [][]summaries.MuteRule{}
	if open != nil {
		rules = append(rules, open.Muted)
	}
	for i := range panes {
		rules = append(rules, panes[len(panes)-1-i].muted) // those in force now come first
	}
	muted := unite(ruleRoom(r.frameSize), rules...)
	merged, err := summaries.MergeSeq(r.key, r.frameSize-mergeMargin, func(yield func(*summaries.Summary) bool) {
		for i, p := range panes {
			s, err := summaries.DecodeFrame(p.frame)
			if err != nil {
				damaged = fmt.Errorf("reading a pane back: %w", err)
				return
			}
			if i == 0 {
				beginAt(s, start)
			}
			if i == len(panes)-1 && open == nil {
				s.Muted = muted
			}
			if !yield(s) {
				return
			}
		}
		if open != nil {
			last := *open
			last.Muted = muted
			yield(&last)
		}
	})
	return merged, errors.Join(damaged, err)
}

// beginAt moves the start of a window to an earlier time.
func beginAt(s *summaries.Summary, start int64) {
	series := summaries.NewSeries(s.Window.End - start)
	for i, n := range s.Series.Events {
		series.Add(s.Window.Start-start+int64(i)*s.Series.Per, n)
	}
	s.Series, s.Window.Start = series, start
}
