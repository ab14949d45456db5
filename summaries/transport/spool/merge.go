package spool

import (
	"slices"

	"summarizer/summaries"
)

// mostInMemory is how many tiles are held in memory while the disk fails, with the one in flight.
const mostInMemory = 4

// mergeDown merges neighbours until at most n tiles wait.
func (r *Ring) mergeDown(n int) {
	for len(r.tiles) > n {
		if !r.mergeBest(func(*tile) bool { return true }) && !r.loseOldest() {
			return
		}
	}
}

// mergeInMemory keeps what the disk does not take within bounds: only tiles in memory merge,
// so that none that the disk has comes to memory.
func (r *Ring) mergeInMemory() {
	for len(r.tiles) > r.cfg.Slots || r.inMemory() > mostInMemory {
		if !r.mergeBest(func(t *tile) bool { return t.place == inMemory }) {
			return
		}
	}
}

// mergeBest merges the two neighbours among the eligible ones that cost the least. It is
// false where there are none.
func (r *Ring) mergeBest(eligible func(*tile) bool) bool {
	best, least := -1, cost{}
	for i := range len(r.tiles) - 1 {
		a, b := &r.tiles[i], &r.tiles[i+1]
		if a.last <= r.st.Sent || a.unmergeable || !eligible(a) || !eligible(b) {
			continue
		}
		if c := costOf(a, b); best < 0 || c.less(least) {
			best, least = i, c
		}
	}
	if best >= 0 {
		r.mergeAt(best, least.hides)
	}
	return best >= 0
}

// cost is what is lost by merging two neighbours.
type cost struct {
	hides bool   // that they are of different machines, or a gap between them
	span  uint64 // nanoseconds that become one window
}

func costOf(a, b *tile) cost {
	return cost{
		hides: a.machine != b.machine || a.last+1 != b.first,
		span:  uint64(max(a.end, b.end)) - uint64(min(a.start, b.start)), // right even where it overflows an int64
	}
}

func (c cost) less(o cost) bool {
	if c.hides != o.hides {
		return o.hides
	}
	return c.span < o.span
}

// mergeAt merges a tile with its right neighbour. Where one of them cannot be read, or the
// two cannot be one, it leaves them, and mergeBest will choose others.
func (r *Ring) mergeAt(i int, hides bool) {
	var both [2]*summaries.Summary
	for k := range both {
		s, err := r.summary(&r.tiles[i+k])
		if err != nil {
			if !r.lost(i+k, err) {
				r.isolate(i + k)
			}
			return
		}
		both[k] = s
	}
	t, err := r.merge(both[0], both[1])
	if err != nil {
		r.tiles[i].unmergeable = true
		return
	}
	t.unmergeable = r.tiles[i+1].unmergeable
	r.remove(i, &r.replaced)
	r.remove(i, &r.replaced)
	r.tiles = slices.Insert(r.tiles, i, t)
	r.stats.Merges++
	if hides {
		r.stats.GapsMerged++
	}
}

// merge returns one tile of two, in memory.
func (r *Ring) merge(a, b *summaries.Summary) (t tile, err error) {
	m, err := summaries.Merge(r.cfg.Key, r.geo.frameSize, a, b)
	if err != nil {
		return t, err
	}
	m.Ledger.SpoolMerged = uint64(m.Window.Merged)
	frame, err := summaries.AppendFrame(nil, m, r.geo.frameSize)
	if err != nil {
		return t, err
	}
	if m, err = decode(frame); err != nil { // the sums of two valid tiles may overflow
		return t, err
	}
	t.describe(m)
	return t, t.keep(frame)
}

// isolate keeps a tile that cannot be read for now from merging.
func (r *Ring) isolate(i int) {
	r.tiles[i].unmergeable = true
	if i > 0 {
		r.tiles[i-1].unmergeable = true
	}
}

// loseOldest gives up the oldest tile that was not sent, where no two can merge: their heads
// together do not fit into a frame, or the disk does not read them. It is false where there
// is none.
func (r *Ring) loseOldest() bool {
	for i := range r.tiles {
		if r.tiles[i].last > r.st.Sent {
			r.remove(i, &r.free)
			r.stats.Lost++
			return true
		}
	}
	return false
}
