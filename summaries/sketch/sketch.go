// Package sketch counts distinct things in fixed memory: a keyed hash and a HyperLogLog
// sketch over it.
//
// A sketch is 2^p registers of one byte. Feed it Hasher.Hash of each member with InsertHash;
// Estimate tells how many different ones it has seen, with a relative standard error of
// 1.04/√2^p (Flajolet et al., "HyperLogLog", 2007). The hash is keyed because a writer who
// can compute it chooses names that all fall into few registers, or into the rarest values
// of each, and so makes the estimate say anything. What the sketch has estimated must not be
// shown to such a writer in a loop either: adaptive queries break any sketch.
//
// The registers are the wire form: dense, one byte each, at the same positions for everyone
// who has the key, equal for equal sets. Sketches merge register by register, which gives
// the sketch of the union exactly. Precisions may differ: registers at precision p hold all
// that is needed to make those at any p' < p, exactly as if the members had been inserted at
// p', so a merge ends at the coarser of the two.
//
// Nothing here allocates but New, a merge with a coarser sketch, and reading the registers
// of sketches above precision 14. A Sketch has no lock: one writer, or several readers.
package sketch

import (
	"fmt"
	"math"

	"github.com/axiomhq/hyperloglog"
)

// MinPrecision and MaxPrecision bound p: 16 to 262,144 registers.
const (
	MinPrecision = 4
	MaxPrecision = 18
)

// Sketch estimates the number of different hashes inserted. Make one with New.
type Sketch struct {
	hll *hyperloglog.Sketch
	p   uint8
}

// New returns an empty sketch of 2^p bytes. It panics where p is not within MinPrecision and
// MaxPrecision: precisions are constants of the program.
func New(p uint8) *Sketch { return &Sketch{hll: newHLL(p), p: p} }

func newHLL(p uint8) *hyperloglog.Sketch {
	// Dense from the start: the sparse form allocates as it fills and is not canonical.
	hll, err := hyperloglog.NewSketch(p, false)
	if err != nil {
		panic(fmt.Sprintf("sketch: precision %d: %v", p, err))
	}
	return hll
}

// InsertHash adds a member by its Hasher.Hash.
func (s *Sketch) InsertHash(h uint64) { s.hll.InsertHash(h) }

// Reset empties s and keeps its storage and precision.
func (s *Sketch) Reset() { s.hll.Reset() }

// Precision is p: s has 2^p registers.
func (s *Sketch) Precision() uint8 { return s.p }

// StdError is the relative standard error of Estimate.
func (s *Sketch) StdError() float64 { return StdError(s.p) }

// StdError is the relative standard error of an estimate from 2^p registers. It is a root
// mean square: of a handful of members the estimate is mostly exact and seldom one or two
// off, where members share a register. It is rounded to five places.
func StdError(p uint8) float64 {
	return math.Round(1.04/math.Sqrt(float64(uint64(1)<<p))*1e5) / 1e5
}

// Merge makes s the sketch of the union of what s and o have seen. Where precisions differ s
// ends at the coarser. o does not change. Both must have been made with the same key.
func (s *Sketch) Merge(o *Sketch) {
	if s.p == o.p {
		if err := s.hll.Merge(o.hll); err != nil {
			panic(fmt.Sprintf("sketch: merging equal precisions: %v", err))
		}
		return
	}
	var buf registerBuffer
	s.merge(o.registers(&buf), o.p)
}

// MergeRegisters is Merge with the registers of another sketch, as AppendRegisters wrote
// them. They may come from anyone: it returns an error and leaves s as it was unless there
// are 2^p of them, p within MinPrecision and MaxPrecision, none above 65−p. regs is not kept.
func (s *Sketch) MergeRegisters(regs []byte) error {
	p, err := checkRegisters(regs)
	if err != nil {
		return err
	}
	s.merge(regs, p)
	return nil
}

// merge adds valid registers of precision p: each is as good as one hash that sets it.
func (s *Sketch) merge(regs []byte, p uint8) {
	if p < s.p {
		s.coarsen(p)
	}
	for i, r := range regs {
		if r != 0 {
			s.hll.InsertHash(hashOf(i, r, p))
		}
	}
}

func (s *Sketch) coarsen(p uint8) {
	var buf registerBuffer
	fine := s.registers(&buf)
	from := s.p
	s.hll, s.p = newHLL(p), p
	s.merge(fine, from)
}

// AppendRegisters appends the registers at precision p to dst, one byte each: 2^p of them,
// equal for equal sets. A p above the sketch's own is taken as the sketch's own; it panics
// on one below MinPrecision.
func (s *Sketch) AppendRegisters(dst []byte, p uint8) []byte {
	var buf registerBuffer
	return Coarsen(dst, s.registers(&buf), min(p, s.p))
}

// Estimate is the estimated number of different hashes inserted; 0 if there were none.
func (s *Sketch) Estimate() uint64 {
	var buf registerBuffer
	h := histogramOf(s.registers(&buf))
	return h.estimate(s.p)
}

// headerSize is what precedes the registers in the library's encoding of a dense sketch:
// version, precision, bias and form of one byte each, and a count of four.
const headerSize = 8

// registerBuffer lives on the stack and holds an encoded sketch up to precision 14; larger
// ones go to the heap.
type registerBuffer [headerSize + 1<<14]byte

// registers returns a copy of the registers of s, in buf if they fit.
func (s *Sketch) registers(buf *registerBuffer) []byte {
	b, err := s.hll.AppendBinary(buf[:0])
	if err != nil || len(b) != headerSize+1<<s.p {
		panic(fmt.Sprintf("sketch: encoding precision %d: %d bytes: %v", s.p, len(b), err))
	}
	return b[headerSize:]
}
