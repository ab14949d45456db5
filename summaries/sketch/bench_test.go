package sketch

import (
	"fmt"
	"testing"
)

var sink uint64

func BenchmarkHash(b *testing.B) {
	k := NewHasher(&Key{1})
	for _, n := range []int{16, 80, 200, 1024} {
		b.Run(fmt.Sprint(n, "B"), func(b *testing.B) {
			in := make([]byte, n)
			for b.Loop() {
				sink += k.Hash(in)
			}
		})
	}
}

func BenchmarkInsertHash(b *testing.B) {
	s := New(11)
	h := uint64(1)
	for b.Loop() {
		s.InsertHash(h)
		h *= 0x9e3779b97f4a7c15
	}
}

func BenchmarkEstimate(b *testing.B) {
	for _, p := range []uint8{10, 11, 12, 14} {
		b.Run(fmt.Sprint("p", p), func(b *testing.B) {
			s := New(p)
			fill(1, 100_000, s)
			for b.Loop() {
				sink += s.Estimate()
			}
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	s, o := New(11), New(11)
	fill(1, 10_000, o)
	regs := registers(o)
	b.Run("sketch", func(b *testing.B) {
		for b.Loop() {
			s.Merge(o)
		}
	})
	b.Run("registers", func(b *testing.B) {
		for b.Loop() {
			if err := s.MergeRegisters(regs); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("coarsen", func(b *testing.B) {
		buf := make([]byte, 0, 1<<11)
		for b.Loop() {
			buf = o.AppendRegisters(buf[:0], 9)
		}
	})
}
