package sketch

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/dchest/siphash"
)

// Key is the secret of the hash. Sketches can be merged only if they were made with the same
// key: machines and restarts whose sketches meet share a configured one.
type Key [16]byte

// RandomKey returns a new key from the system's random generator.
func RandomKey() Key {
	var k Key
	rand.Read(k[:]) // never fails: it ends the program where the system has no randomness
	return k
}

// ParseKey reads a key of 32 hexadecimal digits; space around them is allowed. The error says
// how to make one and does not repeat s, which may be a secret with a slip in it.
func ParseKey(s string) (Key, error) {
	s = strings.TrimSpace(s)
	var k Key
	if len(s) != hex.EncodedLen(len(k)) {
		return Key{}, fmt.Errorf("sketch key has %d characters, not 32 hexadecimal digits: make one with `openssl rand -hex 16`", len(s))
	}
	if _, err := hex.Decode(k[:], []byte(s)); err != nil {
		return Key{}, errors.New("sketch key is not made of hexadecimal digits: make one with `openssl rand -hex 16`")
	}
	return k, nil
}

// sip is SipHash-2-4 of b under k: uniform, and not predictable without k (Aumasson and
// Bernstein, "SipHash: a fast short-input PRF", 2012).
func (k *Key) sip(b []byte) uint64 {
	return siphash.Hash(binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:]), b)
}

// idLabel is what ID hashes. Nothing else that is hashed under a key is equal to it. The 2 is
// for the hash: sketches of the one before (SipHash-2-4 of the member) have other IDs.
var idLabel = []byte("\x00sketch key id 2")

// ID names k without revealing it: sketches of different IDs must not be merged. It is never 0.
func (k *Key) ID() uint64 { return max(k.sip(idLabel), 1) }
