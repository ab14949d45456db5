package transport

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

// The bytes are the contract with hosts of other releases.
func TestAckBytes(t *testing.T) {
	got := ack{Keep, 0x0102030405060708}.append([]byte("before"))
	const want = "6265666f7265" + "4541434b" + "0100" + "0100" + "0807060504030201" + "3d717ee1"
	if hex.EncodeToString(got) != want {
		t.Errorf("got %x, want %s", got, want)
	}
	if len(got) != len("before")+AckSize {
		t.Errorf("%d bytes", len(got))
	}
}

// Any one byte that is wrong is noticed, and any length but the right one.
func TestAckDamage(t *testing.T) {
	whole := ack{Watch, 77}.append(nil)
	if a, err := parseAck(whole); err != nil || a != (ack{Watch, 77}) {
		t.Fatalf("got %v %v", a, err)
	}
	for i := range whole {
		for _, flip := range []byte{1, 0x80, 0xff} {
			b := bytes.Clone(whole)
			b[i] ^= flip
			if _, err := parseAck(b); !errors.Is(err, errAck) {
				t.Errorf("byte %d ^ %#x: %v", i, flip, err)
			}
		}
		if _, err := parseAck(whole[:i]); !errors.Is(err, errAck) {
			t.Errorf("%d bytes: %v", i, err)
		}
	}
}

// A mode or version of the future with a right checksum is refused too.
func TestAckUnknown(t *testing.T) {
	for _, a := range []ack{{0, 1}, {3, 1}, {0xffff, 1}} {
		if _, err := parseAck(a.append(nil)); !errors.Is(err, errAck) {
			t.Errorf("mode %d: %v", a.mode, err)
		}
	}
	if _, err := parseAck(futureAck()); !errors.Is(err, errAck) {
		t.Errorf("version: %v", err)
	}
}

func FuzzParseAck(f *testing.F) {
	f.Add([]byte{})
	f.Add(ack{Keep, 0}.append(nil))
	f.Add(ack{Watch, 1<<64 - 1}.append(nil))
	f.Add(ack{9, 5}.append(nil))
	f.Add(futureAck())
	f.Add(append(ack{Keep, 3}.append(nil), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseAck(b)
		if err != nil {
			if !errors.Is(err, errAck) || a != (ack{}) {
				t.Fatalf("%v %v", a, err)
			}
			return
		}
		if !bytes.Equal(a.append(nil), b) { // one form for one meaning
			t.Fatalf("%x reads as %v, which is %x", b, a, a.append(nil))
		}
	})
}
