package sketch

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// fill inserts n random hashes, the same for the same seed.
func fill(seed uint64, n int, into ...*Sketch) {
	rng := rand.New(rand.NewPCG(seed, 0))
	for range n {
		h := rng.Uint64()
		for _, s := range into {
			s.InsertHash(h)
		}
	}
}

// registers at the sketch's own precision.
func registers(s *Sketch) []byte { return s.AppendRegisters(nil, s.Precision()) }

// Registers coarsened from p to q are those of a sketch built at q from the same hashes, and
// any merge ends there. The hashes include those at the edges of rank and index.
func TestCoarsenIsExact(t *testing.T) {
	edges := []uint64{0, 1, 2, math.MaxUint64, 1 << 63, 1<<63 - 1}
	for b := range 64 {
		edges = append(edges, 1<<b, ^uint64(0)<<b, 3<<b)
	}
	for p := uint8(MinPrecision); p <= MaxPrecision; p++ {
		for q := uint8(MinPrecision); q <= p; q++ {
			fine, coarse := New(p), New(q)
			fill(uint64(p)<<8|uint64(q), 3000, fine, coarse)
			for _, h := range edges {
				fine.InsertHash(h)
				coarse.InsertHash(h)
			}
			want := registers(coarse)
			if got := fine.AppendRegisters([]byte("head"), q); !bytes.Equal(got[4:], want) || string(got[:4]) != "head" {
				t.Fatalf("registers %d to %d differ", p, q)
			}
			merged := New(p)
			merged.Merge(New(q))
			if merged.Merge(fine); merged.Precision() != q || !bytes.Equal(registers(merged), want) {
				t.Fatalf("merge of %d into %d differs", p, q)
			}
			if fine.Merge(New(q)); fine.Precision() != q || !bytes.Equal(registers(fine), want) {
				t.Fatalf("sketch coarsened %d to %d differs", p, q)
			}
		}
	}
}

// Every single hash, at every rank and into low and high registers, sets the register and
// the value that position says: the library's layout is the one this package assumes.
func TestPositionIsTheLibrarys(t *testing.T) {
	for p := uint8(MinPrecision); p <= MaxPrecision; p++ {
		for _, i := range []int{0, 1, 1<<p - 1, 1 << (p - 1)} {
			for r := uint8(1); r <= maxRank(p); r++ {
				s := New(p)
				s.InsertHash(hashOf(i, r, p))
				if got := registers(s)[i]; got != r {
					t.Fatalf("p=%d register %d is %d, want %d", p, i, got, r)
				}
				if j, v := position(hashOf(i, r, p), p); j != i || v != r {
					t.Fatalf("p=%d position %d:%d, want %d:%d", p, j, v, i, r)
				}
			}
		}
	}
}

// Merge is the register-wise maximum, and commutative, associative and idempotent.
func TestMergeIsUnion(t *testing.T) {
	for seed := range uint64(50) {
		p := uint8(MinPrecision + seed%10)
		build := func(parts ...uint64) *Sketch {
			s := New(p)
			for _, part := range parts {
				fill(seed*10+part, 500, s)
			}
			return s
		}
		a, b, c := build(1, 2), build(2, 3), build(4)
		ra, rb := registers(a), registers(b)
		ab := build(1, 2)
		ab.Merge(b)
		for i, r := range registers(ab) {
			if r != max(ra[i], rb[i]) {
				t.Fatalf("seed %d: register %d is %d, not max(%d, %d)", seed, i, r, ra[i], rb[i])
			}
		}
		same(t, "union", ab, build(1, 2, 3))
		ba := build(2, 3)
		ba.Merge(a)
		same(t, "commutative", ab, ba)
		ab.Merge(c)
		bc := build(2, 3)
		bc.Merge(c)
		a.Merge(bc)
		same(t, "associative", ab, a)
		a.Merge(a)
		a.Merge(b)
		same(t, "idempotent", ab, a)
		if !bytes.Equal(registers(b), rb) {
			t.Fatal("merge changed its argument")
		}
	}
}

func same(t *testing.T, law string, a, b *Sketch) {
	t.Helper()
	if !bytes.Equal(registers(a), registers(b)) {
		t.Fatalf("not %s", law)
	}
}

// Mixed precisions merge alike whatever the order, by sketch and by registers.
func TestMergeAcrossPrecisions(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var parts []*Sketch
		lowest := uint8(MaxPrecision)
		for i := range uint64(4) {
			p := uint8(MinPrecision + rng.IntN(11))
			lowest = min(lowest, p)
			s := New(p)
			fill(seed*10+i, 200+rng.IntN(2000), s)
			parts = append(parts, s)
		}
		whole := New(lowest)
		for _, s := range parts {
			if err := whole.MergeRegisters(registers(s)); err != nil {
				t.Fatal(err)
			}
		}
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		for _, s := range parts[1:] {
			parts[0].Merge(s)
		}
		if parts[0].Precision() != lowest {
			t.Fatalf("seed %d: ended at %d, want %d", seed, parts[0].Precision(), lowest)
		}
		same(t, "equal by registers", parts[0], whole)
	}
}

func TestResetAndEmpty(t *testing.T) {
	for p := uint8(MinPrecision); p <= MaxPrecision; p++ {
		s := New(p)
		if s.Estimate() != 0 {
			t.Fatalf("p=%d: a sketch of nothing estimates %d", p, s.Estimate())
		}
		s.InsertHash(math.MaxUint64)
		if s.Estimate() != 1 {
			t.Fatalf("p=%d: a sketch of one estimates %d", p, s.Estimate())
		}
		s.Reset()
		if s.Estimate() != 0 || s.Precision() != p {
			t.Fatalf("p=%d: after Reset %d at precision %d", p, s.Estimate(), s.Precision())
		}
	}
}

func TestNoAllocations(t *testing.T) {
	key, s, o := RandomKey(), New(14), New(12)
	k := NewHasher(&key)
	fill(1, 1000, s, o)
	path := []byte("/Users/somebody/Library/Caches/com.example.app/Cache.db-wal")
	dst := make([]byte, 0, 1<<14)
	var sum uint64
	check := func(name string, f func()) {
		t.Helper()
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %g times", name, n)
		}
	}
	check("Hash", func() { sum += k.Hash(path) })
	check("InsertHash", func() { s.InsertHash(sum); sum++ })
	check("Estimate", func() { sum += s.Estimate() })
	check("AppendRegisters", func() { dst = s.AppendRegisters(dst[:0], 14); dst = s.AppendRegisters(dst[:0], 11) })
	check("EstimateRegisters", func() { n, _ := EstimateRegisters(dst); sum += n })
	check("MergeRegisters", func() { _ = o.MergeRegisters(dst) })
	check("Merge", func() { o.Merge(s) })
	check("Reset", func() { s.Reset() })
}
