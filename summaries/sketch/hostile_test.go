package sketch

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/dgryski/go-metro"
)

// What the library's own Insert hashes with: anyone can compute it.
func unkeyed(path []byte) uint64 { return metro.Hash64(path, 1337) }

// Paths chosen against the unkeyed hash make it count thousands as hundreds, or as millions.
// The keyed hash counts the same paths right.
func TestCraftedPathsDoNotFoolTheKey(t *testing.T) {
	attacks := []struct {
		name   string
		chosen func(h uint64) bool
		fooled func(estimate, n float64) bool
	}{
		{"all in few registers", func(h uint64) bool { return h>>58 == 0 }, func(e, n float64) bool { return e < n/5 }},
		{"rare ranks only", func(h uint64) bool { return h<<10>>58 == 0 }, func(e, n float64) bool { return e > n*5 }},
	}
	for _, attack := range attacks {
		t.Run(attack.name, func(t *testing.T) {
			hasher := NewHasher(&Key{1, 2, 3})
			plain, keyed := New(10), New(10)
			const n = 8000
			path := make([]byte, 0, 64)
			for i, found := 0, 0; found < n; i++ {
				path = fmt.Appendf(path[:0], "/tmp/x/%d", i)
				h := unkeyed(path)
				if !attack.chosen(h) {
					continue
				}
				found++
				plain.InsertHash(h)
				keyed.InsertHash(hasher.Hash(path))
			}
			if e := plain.Estimate(); !attack.fooled(float64(e), n) {
				t.Fatalf("the attack does not work on the unkeyed hash: estimate %d", e)
			}
			if e := float64(keyed.Estimate()); math.Abs(e-n)/n > 4*keyed.StdError() {
				t.Errorf("keyed estimate %v, want about %d", e, n)
			}
		})
	}
}

func TestHostileRegistersAreRejected(t *testing.T) {
	bad := map[string][]byte{"nil": nil}
	for _, n := range []int{1, 8, 15, 17, 1000, 1<<11 - 1, 1<<11 + 1, 1 << 19} {
		bad[fmt.Sprint(n, " registers")] = make([]byte, n)
	}
	for p := uint8(MinPrecision); p <= MaxPrecision; p++ {
		for _, i := range []int{0, 1<<p - 1} {
			regs := make([]byte, 1<<p)
			regs[i] = maxRank(p) + 1
			bad[fmt.Sprint("p ", p, " register ", i)] = regs
		}
	}
	s := New(11)
	fill(7, 1000, s)
	before := registers(s)
	for name, regs := range bad {
		if err := s.MergeRegisters(regs); !errors.Is(err, ErrRegisters) {
			t.Errorf("%s: merged: %v", name, err)
		}
		if n, err := EstimateRegisters(regs); !errors.Is(err, ErrRegisters) || n != 0 {
			t.Errorf("%s: estimated %d: %v", name, n, err)
		}
	}
	if !bytes.Equal(registers(s), before) || s.Precision() != 11 {
		t.Error("rejected registers changed the sketch")
	}
}

// Bytes from anyone are either rejected, with one error and nothing changed, or merged as
// the register-wise maximum at the coarser precision.
func FuzzMergeRegisters(f *testing.F) {
	for _, p := range []uint8{4, 6, 8} {
		s := New(p)
		fill(1, 100, s)
		f.Add(registers(s))
	}
	f.Add(bytes.Repeat([]byte{62}, 16))
	f.Add(make([]byte, 33))
	f.Fuzz(func(t *testing.T, regs []byte) {
		s := New(6)
		fill(2, 50, s)
		before := registers(s)
		if err := s.MergeRegisters(regs); err != nil {
			if !errors.Is(err, ErrRegisters) || !bytes.Equal(registers(s), before) {
				t.Fatalf("rejected badly: %v", err)
			}
			return
		}
		p := s.Precision()
		a, b := Coarsen(nil, before, p), Coarsen(nil, regs, p)
		for i, r := range registers(s) {
			if r != max(a[i], b[i]) {
				t.Fatalf("register %d is %d, of %d and %d", i, r, a[i], b[i])
			}
		}
		s.Estimate()
	})
}
