package summaries

import (
	"math"
	"math/bits"
)

// offender is an owner over its share of the path rows, with all of its rows, the youngest
// first.
type offender struct {
	owner  int32
	share  int
	target int // what it folds down to
	rows   []pathCandidate
}

// pathCandidate is a path row that may fold.
type pathCandidate struct {
	rank uint64
	row  int32
	cost int32
}

// gather hands every offender its rows. One pass over the table in its order is what takes
// least of the caches: the rows of an owner lie all over it.
func (s *selection) gather(t *Tree) {
	for i := range s.offends {
		s.offends[i] = -1
	}
	if len(s.paths) < len(t.paths) {
		s.paths = make([]pathCandidate, len(t.paths))
	}
	from := 0
	for i := range s.offenders {
		o := &s.offenders[i]
		to := from + int(t.processes[o.owner].pathRows)
		o.rows, from = s.paths[from:from:to], to
		s.offends[o.owner] = int32(i)
	}
	for i := len(t.paths) - 1; i >= 0; i-- {
		r := &t.paths[i]
		if r.owner < 0 || s.offends[r.owner] < 0 {
			continue
		}
		o := &s.offenders[s.offends[r.owner]]
		o.rows = append(o.rows, pathCandidate{row: int32(i)})
	}
}

// watchedRank is added to the rank of watched rows: they rank above all others.
const watchedRank = math.MaxInt64 + 1

// rank says anew what the rows that are left rank and cost. Watched ones rank above all others
// unless they hold more than a quarter of the share: a flood of them must not crowd out the
// rest.
func (o *offender) rank(t *Tree) {
	p := &t.processes[o.owner]
	watch := 4*p.watchedCost <= o.share
	left := o.rows[:0]
	for _, c := range o.rows {
		r := &t.paths[c.row]
		if r.owner != o.owner {
			continue
		}
		c.rank, c.cost = r.events, r.cost
		if !r.dir {
			c.rank += uint64(max(r.missed+p.debt, 0))
		}
		if r.watched && watch {
			c.rank |= watchedRank
		}
		left = append(left, c)
	}
	o.rows = left
}

// lowest is where the lowest ranks end: all below rank, and of those at rank the first ones that
// cost rest.
type lowest struct {
	rank uint64
	rest int
}

// takes tells whether a row is among the lowest. It must be asked once for each, in order.
func (l *lowest) takes(c *pathCandidate) bool {
	if c.rank != l.rank {
		return c.rank < l.rank
	}
	if l.rest <= 0 {
		return false
	}
	l.rest -= int(c.cost)
	return true
}

// cutAt finds where the rows of lowest rank end that together cost need: a radix select, a
// byte at a time from the top.
func cutAt(rows []pathCandidate, need int) lowest {
	l := lowest{rest: need}
	for shift := topShift(rows, need); shift >= 0; shift -= 8 {
		var costs [256]int32
		above := uint(shift+8) % 64 // of the top byte there is nothing above: all zeros
		for i := range rows {
			if r := rows[i].rank; r>>above == l.rank || shift == 56 {
				costs[byte(r>>(uint(shift)%64))] += rows[i].cost
			}
		}
		digit := 0
		for digit < 255 && int(costs[digit]) < l.rest {
			l.rest -= int(costs[digit])
			digit++
		}
		l.rank = l.rank<<8 | uint64(digit)
	}
	return l
}

// topShift is the place of the highest byte that cutAt must look at: of rows that are not
// watched, if these suffice.
func topShift(rows []pathCandidate, need int) int {
	var top uint64
	for i := range rows {
		if c := &rows[i]; c.rank < watchedRank {
			top |= c.rank
			need -= int(c.cost)
		}
	}
	if need > 0 {
		return 56
	}
	return (max(bits.Len64(top), 1) - 1) &^ 7
}
