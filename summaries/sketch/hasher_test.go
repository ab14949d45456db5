package sketch

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestDigestAgainstNH compares the digest with NH as the paper defines it, in integers of any
// size.
func TestDigestAgainstNH(t *testing.T) {
	h := NewHasher(&Key{1, 2, 3})
	rng := rand.New(rand.NewPCG(1, 1))
	big64 := func(v uint64) *big.Int { return new(big.Int).SetUint64(v) }
	for n := range maxDigest + 1 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		blocks := bytes.Clone(b[:n/16*16])
		switch {
		case n < 16:
			blocks = append(bytes.Clone(b), make([]byte, 16-n)...)
		case n%16 != 0:
			blocks = append(blocks, b[n-16:]...)
		}
		sum := new(big.Int).Mul(big64(uint64(len(b))), big64(h.length))
		word := func(i int) uint64 {
			w := uint64(0)
			for j := range 8 {
				w |= uint64(blocks[8*i+j]) << (8 * j)
			}
			return w + h.words[i] // mod 2^64
		}
		for i := 0; i < len(blocks)/8; i += 2 {
			sum.Add(sum, new(big.Int).Mul(big64(word(i)), big64(word(i+1))))
		}
		d := h.digest(b)
		got := new(big.Int).Or(new(big.Int).Lsh(big64(d.hi), 64), big64(d.lo))
		if want := sum.And(sum, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))); got.Cmp(want) != 0 {
			t.Fatalf("%d bytes: digest %x, want %x", n, got, want)
		}
	}
}

// TestHashTellsApart: inputs that differ in one bit, in length by zero bytes, or in the order
// of words have different hashes, on either side of every border of the construction.
func TestHashTellsApart(t *testing.T) {
	h := NewHasher(&Key{4, 5, 6})
	seen := map[uint64]string{}
	add := func(what string, b []byte) {
		hash := h.Hash(b)
		if other, met := seen[hash]; met {
			t.Fatalf("%s and %s have one hash", what, other)
		}
		seen[hash] = what
	}
	for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 80, 85, maxDigest - 1, maxDigest, maxDigest + 1, 4096} {
		b := make([]byte, n)
		add(fmt.Sprint(n, " zeros"), b)
		for i := range n {
			for bit := range 8 {
				b[i] ^= 1 << bit
				add(fmt.Sprintf("%d bytes, bit %d of byte %d", n, bit, i), b)
				b[i] ^= 1 << bit
			}
		}
	}
}

// TestHashIsUniform: of inputs that differ in little, every bit of the hash is set as often as
// not.
func TestHashIsUniform(t *testing.T) {
	h := NewHasher(&Key{7})
	const n = 1 << 16
	var ones [64]int
	path := make([]byte, 0, 64)
	for i := range n {
		path = fmt.Appendf(path[:0], "/private/tmp/a-directory/drop-%08x.dat", i)
		hash := h.Hash(path)
		for bit := range ones {
			ones[bit] += int(hash >> bit & 1)
		}
	}
	for bit, k := range ones {
		if d := k - n/2; d*d > 25*n/4 { // five standard deviations
			t.Errorf("bit %d is set in %d of %d hashes", bit, k, n)
		}
	}
}

// TestHashesOfKeys: the hash depends on every bit of the key, and is the same tomorrow.
func TestHashesOfKeys(t *testing.T) {
	path := []byte("/Users/alex/Library/Caches/a.db")
	seen := map[uint64]bool{}
	for i := range 16 {
		for bit := range 8 {
			var k Key
			k[i] = 1 << bit
			seen[NewHasher(&k).Hash(path)] = true
		}
	}
	if len(seen) != 128 {
		t.Errorf("128 keys make %d hashes", len(seen))
	}
	if got := NewHasher(&Key{1}).Hash(path); got != fixedHash {
		t.Errorf("hash under a fixed key is %#x: sketches of frames already stored would no longer match", got)
	}
}

// fixedHash is a hash under Key{1}, whose ID is fixedID.
const fixedHash = 0x4bfa6fca710d0a13
