package summaries

import "summarizer/summaries/sketch"

// seen counts the distinct members of a row. Where no member was ever folded the rows are
// all there is, and are counted; the sketch answers once some were.
type seen struct {
	sketch *sketch.Sketch // nil where summaries without one were merged: then atMost counts
	atMost uint64
	dirty  bool // the sketch is not empty
}

func (s *seen) reset() {
	if s.dirty {
		s.sketch.Reset()
	}
	s.atMost, s.dirty = 0, false
}

func (s *seen) insert(hash uint64) {
	if s.sketch != nil {
		s.sketch.InsertHash(hash)
		s.dirty = true
	}
}

// estimate is the number of members as far as the sketch, or the bound, can tell.
func (s *seen) estimate() uint64 {
	if s.sketch != nil {
		return s.sketch.Estimate()
	}
	return s.atMost
}

// merge makes s the union of both. Without a sketch on either side the sum is what is left:
// an upper bound.
func (s *seen) merge(o *seen) {
	if s.sketch != nil && o.sketch != nil {
		s.sketch.Merge(o.sketch)
		s.dirty = s.dirty || o.dirty
		return
	}
	s.atMost = s.bound() + o.bound()
	s.sketch, s.dirty = nil, false
}

// distinct is what a summary says: an exact number where all members are listed, with
// registers of the given precision (0: none) for merging.
func (s *seen) distinct(listed int, incomplete bool, precision uint8) (d Distinct) {
	switch {
	case !incomplete:
		d.Estimate = uint64(listed)
	case s.sketch == nil:
		d.Estimate, d.AtMost = max(s.atMost, uint64(listed)), true
	default:
		d.Estimate, d.StdError = max(s.sketch.Estimate(), uint64(listed)), s.sketch.StdError()
	}
	if s.sketch != nil && precision > 0 {
		d.Registers = s.sketch.AppendRegisters(nil, min(precision, s.sketch.Precision()))
	}
	return d
}

// bound is what the number of members is not above: four standard errors beyond an estimate.
func (s *seen) bound() uint64 {
	if s.sketch == nil {
		return s.atMost
	}
	return uint64(float64(s.sketch.Estimate()) * (1 + 4*s.sketch.StdError()))
}

// Of the files of a live tree those that have a row are not in the sketches: they can be
// counted. A file enters them when its row folds, or when a summary is made. So a family whose
// files all have rows never touches its sketch, and a process of a fork storm costs none.

// seeFolded enters a file that folds.
func (t *Tree) seeFolded(owner int32, hash uint64) {
	t.processes[owner].seen.insert(hash)
	t.machine.paths.insert(hash)
}

// seenOf is the hash of a row's path in sketches.
func (t *Tree) seenOf(r *pathRow) uint64 {
	if r.seen == 0 {
		r.seen = t.hash.Hash(t.bytesOf(r))
	}
	return r.seen
}

// seeListed enters the files that have rows: all for the machine, and those of processes that
// have folded files.
func (t *Tree) seeListed() {
	for i := range t.paths {
		if r := &t.paths[i]; t.lazy && r.owner >= 0 && !r.dir {
			h := t.seenOf(r)
			t.machine.paths.insert(h)
			if s := &t.processes[r.owner].seen; s.dirty {
				s.insert(h)
			}
		}
	}
}

// seeAllOf makes the sketch of a process that of all its files.
func (t *Tree) seeAllOf(i int32) {
	if s := &t.processes[i].seen; t.lazy && !s.dirty {
		for j := t.processes[i].paths; j >= 0; j = t.paths[j].next {
			if r := &t.paths[j]; r.owner == i && !r.dir {
				s.insert(t.seenOf(r))
			}
		}
	}
}

// pathsSeen is how many files a process has seen.
func (t *Tree) pathsSeen(i int32) uint64 {
	if s := &t.processes[i].seen; !t.lazy || s.dirty || s.sketch == nil {
		return s.estimate()
	}
	return uint64(t.countFiles(i))
}

// settleRows makes the rows what a summary shows: one row for each path, and in the sketches
// what the rows list.
func (t *Tree) settleRows() {
	if t.moved {
		t.sweep()
	}
	t.seeListed()
}
