package sketch

import (
	"encoding/binary"
	"math/bits"

	"github.com/dchest/siphash"
)

// maxDigest is the longest input of digest, in bytes.
const maxDigest = 1024

// words is how many words of eight bytes that is.
const words = maxDigest / 8

// Hasher computes the keyed hash of members, for Sketch.InsertHash. Make one with NewHasher.
//
// A digest of 128 bits tells different members apart, and SipHash-2-4 of the digest alone is
// the hash. The digest is NH (Black, Halevi, Krawczyk, Krovetz and Rogaway, "UMAC: Fast and Secure
// Message Authentication", CRYPTO '99) over words of 64 bits: Σ (m₂ᵢ + k₂ᵢ)(m₂ᵢ₊₁ + k₂ᵢ₊₁),
// sums in brackets mod 2^64 and the others mod 2^128. Two inputs of one length have the same
// digest with a probability of at most 2^−64 over the key, whatever they are. The product of
// the length and one more word of the key, which nothing else uses, says the same of
// inputs of different lengths. A pseudorandom function of such a digest (SipHash-2-4) is a
// pseudorandom function of the input (Wegman and Carter, 1981): nobody who does not know the
// key can choose inputs whose hashes meet. Of a path it takes little more than half the time of
// SipHash of the input.
type Hasher struct {
	k0, k1 uint64
	length uint64
	words  [words]uint64
}

// digest is 128 bits that are equal for equal inputs.
type digest struct{ hi, lo uint64 }

// NewHasher expands a key: SipHash-2-4 under the key, of a label and a counter.
func NewHasher(k *Key) *Hasher {
	h := &Hasher{k0: binary.LittleEndian.Uint64(k[:8]), k1: binary.LittleEndian.Uint64(k[8:])}
	word := func(i int) uint64 { return siphash.Hash(h.k0, h.k1, append([]byte("\x00digest "), byte(i))) }
	for i := range h.words {
		h.words[i] = word(i)
	}
	h.length = word(len(h.words))
	return h
}

// Hash is the hash of b: uniform, and not predictable without the key. Beyond 1,024 bytes it
// is SipHash-2-4 of b itself. It keeps nothing of b.
func (h *Hasher) Hash(b []byte) uint64 {
	if len(b) > maxDigest {
		return siphash.Hash(h.k0, h.k1, b)
	}
	d := h.digest(b)
	var d16 [16]byte
	binary.LittleEndian.PutUint64(d16[:8], d.lo)
	binary.LittleEndian.PutUint64(d16[8:], d.hi)
	return siphash.Hash(h.k0, h.k1, d16[:])
}

// digest is that of at most 1,024 bytes. Where they are no multiple of 16 the last pair of
// words is that of the last 16 bytes, some of them for the second time; fewer than 16 are
// filled up with zeros. Inputs of one length so have the same words only if they are equal.
func (h *Hasher) digest(b []byte) digest {
	hi, lo := bits.Mul64(uint64(len(b)), h.length)
	if len(b) < 16 {
		var padded [16]byte
		copy(padded[:], b)
		return product(&padded, h.words[0], h.words[1]).plus(hi, lo)
	}
	i, rest := uint(0), b
	for ; len(rest) >= 16; rest = rest[16:] {
		p := product((*[16]byte)(rest), h.words[i%words], h.words[(i+1)%words])
		var carry uint64
		lo, carry = bits.Add64(lo, p.lo, 0)
		hi += p.hi + carry
		i += 2
	}
	if len(rest) > 0 {
		return product((*[16]byte)(b[len(b)-16:]), h.words[i%words], h.words[(i+1)%words]).plus(hi, lo)
	}
	return digest{hi, lo}
}

// product is that of two words, each with its word of the key.
func product(b *[16]byte, k0, k1 uint64) (d digest) {
	d.hi, d.lo = bits.Mul64(binary.LittleEndian.Uint64(b[:8])+k0, binary.LittleEndian.Uint64(b[8:])+k1)
	return d
}

func (d digest) plus(hi, lo uint64) digest {
	lo, carry := bits.Add64(d.lo, lo, 0)
	return digest{d.hi + hi + carry, lo}
}
