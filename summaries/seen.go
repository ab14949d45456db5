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
