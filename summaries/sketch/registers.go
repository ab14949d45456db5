package sketch

import (
	"errors"
	"fmt"
	"math/bits"
)

// ErrRegisters is wrapped by every error about registers that no sketch can have.
var ErrRegisters = errors.New("not the registers of a sketch: the summary they came in is damaged or forged, discard it")

// checkRegisters returns the precision of dense registers, or an error wrapping ErrRegisters.
func checkRegisters(regs []byte) (p uint8, err error) {
	p, err = precisionOf(len(regs))
	if err != nil {
		return 0, err
	}
	for i, r := range regs {
		if r > maxRank(p) {
			return 0, fmt.Errorf("register %d is %d, at most %d at precision %d: %w", i, r, maxRank(p), p, ErrRegisters)
		}
	}
	return p, nil
}

func precisionOf(n int) (uint8, error) {
	if n < 1<<MinPrecision || n > 1<<MaxPrecision || n&(n-1) != 0 {
		return 0, fmt.Errorf("%d registers, not a power of two of 16 to 262144: %w", n, ErrRegisters)
	}
	return uint8(bits.TrailingZeros(uint(n))), nil
}

// maxRank is the highest value of a register: all bits below the index are zero.
func maxRank(p uint8) uint8 { return 65 - p }

// hashOf is a hash that sets register i to r > 0 at precision p. At any coarser precision it
// sets what every hash that set register i to r there sets: the index is its upper p bits,
// the rank the position of the first one bit after them, so both read on into the same bits.
func hashOf(i int, r, p uint8) uint64 {
	h := uint64(i) << (64 - p)
	if r < maxRank(p) {
		h |= 1 << (64 - p - r)
	}
	return h
}

// position is the register a hash falls into at precision p and the value it sets there.
func position(h uint64, p uint8) (i int, r uint8) {
	rest := h<<p | 1<<(p-1) // the bit ends the run of zeros where all of h's are
	return int(h >> (64 - p)), uint8(bits.LeadingZeros64(rest)) + 1
}

// Coarsen appends to dst the 2^p registers that the members behind regs would have set at
// precision p, which is at most that of regs: more is taken as that. It panics on registers
// whose number is not a power of two and on p below MinPrecision; it does not check values.
// The two must not overlap.
func Coarsen(dst, regs []byte, p uint8) []byte {
	from, err := precisionOf(len(regs))
	if err != nil || p < MinPrecision {
		panic(fmt.Sprintf("sketch: coarsening %d registers to precision %d", len(regs), p))
	}
	if p >= from {
		return append(dst, regs...)
	}
	n := len(dst)
	dst = append(dst, regs[:1<<p]...) // for the length; cleared below
	out := dst[n:]
	clear(out)
	for i, r := range regs {
		if r != 0 {
			j, v := position(hashOf(i, r, from), p)
			out[j] = max(out[j], v)
		}
	}
	return dst
}
