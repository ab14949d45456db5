package summaries

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestIndexAgainstMap: rows come and go under keys that meet in few buckets and tags.
func TestIndexAgainstMap(t *testing.T) {
	for _, seed := range seeds(t, 9) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			const rows = 600
			x, want := newIndex(rows), map[uint32][]int32{}
			one := rng.IntN(3) == 0 // all in one bucket: more go on than are counted
			key := func() uint32 {
				if one {
					return rng.Uint32N(4) << 30
				}
				return rng.Uint32N(40)<<25 | rng.Uint32N(30)
			}
			check := func(key uint32) {
				var found []int32
				for at := x.probe(key); ; {
					row := x.next(&at)
					if row < 0 {
						break
					}
					found = append(found, row)
				}
				for _, row := range want[key] {
					if n := len(slices.DeleteFunc(slices.Clone(found), func(r int32) bool { return r != row })); n != 1 {
						t.Fatalf("row %d of key %x is found %d times", row, key, n)
					}
				}
			}
			keys := make([]uint32, rows)
			var in []int32
			free := rng.Perm(rows)
			for range 4000 {
				if n := len(free); n > 0 && (len(in) == 0 || rng.IntN(5) < 3) {
					row, k := int32(free[n-1]), key()
					free, in = free[:n-1], append(in, row)
					keys[row], want[k] = k, append(want[k], row)
					x.insert(k, row)
				} else {
					i := rng.IntN(len(in))
					row := in[i]
					in = slices.Delete(in, i, i+1)
					free = append(free, int(row))
					k := keys[row]
					want[k] = slices.DeleteFunc(want[k], func(r int32) bool { return r == row })
					x.remove(k, row)
				}
				check(key())
			}
			for k := range want {
				check(k)
			}
		})
	}
}
