package sketch

import (
	"fmt"
	"math"
)

// histogram counts registers by value.
type histogram [256]uint32

func histogramOf(regs []byte) (h histogram) {
	for _, r := range regs {
		h[r]++
	}
	return h
}

// EstimateRegisters is Sketch.Estimate over registers. The error wraps ErrRegisters if no
// sketch can have them.
func EstimateRegisters(regs []byte) (uint64, error) {
	p, err := checkRegisters(regs)
	if err != nil {
		return 0, fmt.Errorf("estimating: %w", err)
	}
	h := histogramOf(regs)
	return h.estimate(p), nil
}

// estimate is the improved raw estimator of Otmar Ertl, "New cardinality estimation
// algorithms for HyperLogLog sketches" (arXiv 1702.01284), algorithm 6. It needs no bias
// table and no switch between ranges.
//
// Products are converted to float64 before they are added, which forbids fusing the two
// (Go specification, floating-point operators): every machine gets the same estimate.
func (h *histogram) estimate(p uint8) uint64 {
	m := float64(uint64(1) << p)
	top := maxRank(p)
	z := float64(m * tau(1-float64(h[top])/m))
	for k := top - 1; k > 0; k-- {
		z = 0.5 * (z + float64(h[k]))
	}
	z += float64(m * sigma(float64(h[0])/m))
	n := math.Round(m * m / (2 * math.Ln2) / z)
	if n >= math.MaxUint64 { // all registers at their top: z is 0
		return math.MaxUint64
	}
	return uint64(n)
}

// sigma is x + Σ x^(2^k)·2^(k−1) over k ≥ 1: what the registers still at zero contribute.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	z := x
	for y, last := 1.0, math.NaN(); z != last; y += y {
		x *= x
		last, z = z, z+float64(x*y)
	}
	return z
}

// tau is (1 − x − Σ (1−x^(2^−k))²·2^(−k))/3 over k ≥ 1: what the registers at their top
// contribute.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	z := 1 - x
	for y, last := 0.5, math.NaN(); z != last; y *= 0.5 {
		x = math.Sqrt(x)
		last, z = z, z-float64((1-x)*(1-x)*y)
	}
	return z / 3
}
