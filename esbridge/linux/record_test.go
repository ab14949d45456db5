package linux

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// encodeRecord is the inverse of decodeRecord.
func encodeRecord(r *record) []byte {
	b := []byte{byte(r.kind), r.slot, r.cut, 0}
	b = binary.NativeEndian.AppendUint32(b, r.id)
	for _, s := range r.strings {
		b = binary.NativeEndian.AppendUint16(b, uint16(len(s)))
	}
	b = binary.NativeEndian.AppendUint64(b, r.when)
	for _, s := range r.strings {
		b = append(b, s...)
	}
	return b
}

func sampleRecord() *record {
	return &record{kind: pathsRecord, slot: 6, cut: 5, id: 77, when: 1 << 40,
		strings: [4][]byte{[]byte("b\x00a\x00"), []byte("../x"), nil, []byte("/y")}}
}

func TestRecordRoundTrip(t *testing.T) {
	want := sampleRecord()
	got, err := decodeRecord(encodeRecord(want))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encodeRecord(&got), encodeRecord(want)) {
		t.Errorf("got %+v, want %+v", got, *want)
	}
	if !got.isCut(0) || got.isCut(1) || !got.isCut(2) {
		t.Error("wrong strings are cut")
	}
}

func TestTruncatedRecord(t *testing.T) {
	b := encodeRecord(sampleRecord())
	for n := range b {
		if _, err := decodeRecord(b[:n]); err == nil {
			t.Errorf("%d of %d bytes were accepted", n, len(b))
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(encodeRecord(sampleRecord()))
	f.Add([]byte(nil))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRecord(b)
		if err != nil {
			if err != errBadRecord {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		n := 0
		for i, s := range r.strings {
			n += len(s)
			path := appendArgument(nil, s, r.strings[i^1], r.isCut(i))
			if len(path) > len(s)+len(r.strings[i^1])+len(cutMark)+2 {
				t.Fatalf("%q and %q became %q", s, r.strings[i^1], path)
			}
		}
		if n > len(b)-recordHeader {
			t.Fatalf("%d bytes of strings in a record of %d", n, len(b))
		}
	})
}
