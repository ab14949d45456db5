package sketch

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Over 1,000 seeded trials at each number of members and precision no estimate is further
// than 4 standard errors (and never less than 2 members) from the truth, and their root mean
// square is one standard error or less. The sketches are merged from two overlapping halves,
// then coarsened.
func TestEstimateWithinError(t *testing.T) {
	const trials = 1000
	precisions := []uint8{12, 11, 10}
	for _, n := range []int{1, 10, 300, 2000, 10000} {
		square := make([]float64, len(precisions))
		a, b := New(12), New(12)
		for trial := range uint64(trials) {
			a.Reset()
			b.Reset()
			rng := rand.New(rand.NewPCG(trial, uint64(n)))
			for i := range n {
				h := rng.Uint64()
				if i <= 2*n/3 {
					a.InsertHash(h)
				}
				if i >= n/3 {
					b.InsertHash(h)
				}
			}
			a.Merge(b)
			for i, p := range precisions {
				got, err := EstimateRegisters(a.AppendRegisters(nil, p))
				if err != nil {
					t.Fatal(err)
				}
				e := (float64(got) - float64(n)) / float64(n)
				square[i] += e * e
				if off := math.Abs(e) * float64(n); off > max(2, 4*StdError(p)*float64(n)) {
					t.Errorf("n=%d p=%d trial %d: estimate %d", n, p, trial, got)
				}
			}
			if got, _ := EstimateRegisters(registers(a)); got != a.Estimate() {
				t.Fatalf("sketch estimates %d, its registers %d", a.Estimate(), got)
			}
		}
		for i, p := range precisions {
			if rms := math.Sqrt(square[i] / trials); rms > 1.06*StdError(p) {
				t.Errorf("n=%d p=%d: root mean square error %.4f, standard error %.4f", n, p, rms, StdError(p))
			}
		}
	}
}

// The registers of n members, for n too many to insert: each register is the maximum of a
// binomial number of geometric ranks, drawn from its distribution (1 − 2^−r)^(n/m).
func TestEstimateOfMany(t *testing.T) {
	for _, n := range []float64{1e7, 1e10, 1e13, 1e16, 1e19} {
		for trial := range uint64(100) {
			const p = 12
			rng := rand.New(rand.NewPCG(trial, uint64(n)))
			regs := make([]byte, 1<<p)
			for i := range regs {
				above := -math.Expm1(math.Log(rng.Float64()) * (1 << p) / n) // 2^−r
				r := math.Ceil(-math.Log2(above))
				regs[i] = byte(min(max(r, 0), 65-p))
			}
			got, err := EstimateRegisters(regs)
			if err != nil {
				t.Fatal(err)
			}
			if e := math.Abs(float64(got)-n) / n; e > 4*StdError(p) {
				t.Errorf("n=%g trial %d: estimate %d", n, trial, got)
			}
		}
	}
}

// Registers that no set of members makes likely still give a number.
func TestEstimateOfExtremes(t *testing.T) {
	for p := uint8(MinPrecision); p <= MaxPrecision; p++ {
		full := make([]byte, 1<<p)
		for i := range full {
			full[i] = maxRank(p)
		}
		if n, err := EstimateRegisters(full); err != nil || n != math.MaxUint64 {
			t.Errorf("p=%d: registers at their top estimate %d, %v", p, n, err)
		}
		one := make([]byte, 1<<p)
		one[3] = maxRank(p)
		if n, err := EstimateRegisters(one); err != nil || n != 1 {
			t.Errorf("p=%d: one register at its top estimates %d, %v", p, n, err)
		}
	}
}

func TestStdError(t *testing.T) {
	if got := New(10).StdError(); got != 1.04/32 {
		t.Errorf("standard error at precision 10 is %v", got)
	}
}
