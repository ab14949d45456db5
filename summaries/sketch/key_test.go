package sketch

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The vectors of the SipHash paper's reference implementation: key 00 01 … 0f, input of n
// bytes 00 01 … n−1, output read as little endian.
func TestHashVectors(t *testing.T) {
	k, err := ParseKey(" 000102030405060708090A0b0c0d0e0f\n")
	if err != nil {
		t.Fatal(err)
	}
	in := make([]byte, 64)
	for i := range in {
		in[i] = byte(i)
	}
	for n, want := range map[int]uint64{0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5} {
		if got := k.sip(in[:n]); got != want {
			t.Errorf("%d bytes: %#x, want %#x", n, got, want)
		}
	}
}

func TestParseKey(t *testing.T) {
	k := RandomKey()
	got, err := ParseKey(hex.EncodeToString(k[:]))
	if err != nil || got != k {
		t.Errorf("key did not come back: %v", err)
	}
	for _, bad := range []string{"", "secret", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32), strings.Repeat("ü", 16)} {
		_, err := ParseKey(bad)
		if err == nil || !strings.Contains(err.Error(), "openssl rand -hex 16") {
			t.Errorf("%q: error %v does not say how to make a key", bad, err)
		}
		if bad != "" && err != nil && strings.Contains(err.Error(), bad) {
			t.Errorf("error repeats what may be a secret: %v", err)
		}
	}
}

func TestKeyID(t *testing.T) {
	a, b := RandomKey(), RandomKey()
	if a == b {
		t.Fatal("two random keys are equal")
	}
	if again := a; a.ID() != again.ID() {
		t.Error("the ID of a key changes")
	}
	if a.ID() == b.ID() || a.ID() == 0 {
		t.Errorf("IDs %d and %d", a.ID(), b.ID())
	}
	fixed := Key{1}
	if got := fixed.ID(); got != fixedID {
		t.Errorf("ID of a fixed key is %#x: keys of frames already stored would no longer match", got)
	}
}

// fixedID is Key{1}.ID, with the hash of hasher_test.go.
const fixedID = 0x8d56407bdd671447
