package summaries

import "math/bits"

// selection is the working memory of fold up: families, what they want, and the members of
// one family from which those of lowest rank are taken.
type selection struct {
	programs, processes       families
	originWants, programWants []int
	wants                     []int
	candidates                []candidate

	offenders   []offender
	offends     []int32 // which offender a process is, or −1
	paths       []pathCandidate
	directories []pathCandidate // of an offender, in path order
	right       []span          // see foldShared
	pending     []span
}

type candidate struct {
	rank uint64
	born uint64
	row  int32
	cost int32
}

// reserve makes room for so many rows, so that a live tree allocates nothing later.
func (s *selection) reserve(paths, processes int) {
	s.candidates, s.offenders = make([]candidate, 0, processes), make([]offender, 0, processes)
	s.paths, s.directories = make([]pathCandidate, paths), make([]pathCandidate, 0, paths)
	s.right, s.pending = make([]span, 0, paths), make([]span, 0, paths)
}

func (s *selection) add(rank, born uint64, row, cost int32) {
	s.candidates = append(s.candidates, candidate{rank, born, row, cost})
}

// lowest returns the candidates of lowest rank that together cost at least need: of those
// at the cut-off rank the youngest, and no more than it takes. The result is valid until
// the next call.
func (s *selection) lowest(need int) []candidate {
	if need <= 0 {
		return nil
	}
	cut, below := cutoff(s.candidates, need)
	n := partition(s.candidates, func(c *candidate) bool { return c.rank < cut })
	equal := s.candidates[n:]
	equal = equal[:partition(equal, func(c *candidate) bool { return c.rank == cut })]
	if below >= need {
		return s.candidates[:n]
	}
	newest := uint64(0)
	for i := range equal {
		newest = max(newest, equal[i].born)
	}
	for i := range equal {
		equal[i].rank = newest - equal[i].born // age
	}
	age, _ := cutoff(equal, need-below)
	chosen := partition(equal, func(c *candidate) bool { return c.rank <= age })
	for i := range equal[:chosen] {
		equal[i].rank = cut
	}
	return s.candidates[:n+chosen]
}

// partition moves those that belong to the front and returns how many there are.
func partition(candidates []candidate, belongs func(*candidate) bool) (n int) {
	for i := range candidates {
		if belongs(&candidates[i]) {
			candidates[i], candidates[n] = candidates[n], candidates[i]
			n++
		}
	}
	return n
}

// cutoff finds the rank at which the candidates of that rank and below cost at least need,
// and what those strictly below cost: a radix select, a byte at a time from the top.
func cutoff(candidates []candidate, need int) (cut uint64, below int) {
	var top uint64
	for i := range candidates {
		top |= candidates[i].rank
	}
	for shift := (max(bits.Len64(top), 1) - 1) &^ 7; shift >= 0; shift -= 8 {
		var costs [256]int
		for i := range candidates {
			if r := candidates[i].rank; shift == 56 || r>>(shift+8) == cut {
				costs[byte(r>>shift)] += int(candidates[i].cost)
			}
		}
		digit := 0
		for digit < 255 && below+costs[digit] < need {
			below += costs[digit]
			digit++
		}
		cut = cut<<8 | uint64(digit)
	}
	return cut, below
}
