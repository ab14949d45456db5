package spool

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// FuzzOpen opens files of any bytes, and spools whose bytes were changed, with their
// checksums made right again where the first byte says so. It must not panic; what is not a
// spool must stay as it is; what is one must work.
func FuzzOpen(f *testing.F) {
	good := fuzzSpool(f)
	geo := testConfig(2).geometry()
	f.Add([]byte("E"))
	f.Add([]byte("ESPL"))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 'x'})
	f.Add([]byte{3, 1, 40, 0, 0, 0, 0xff, 0xff})
	f.Add(binary.LittleEndian.AppendUint32([]byte{3}, uint32(geo.offset(kindSlot, 1)+72)))
	for at := 8; at < recordSize; at += 4 {
		f.Add([]byte{3, 3, byte(at), 0, 0, 0, 0xff, 0x01, 2, byte(at), 0, 0, 0, 0x80, 0xff})
	}
	f.Fuzz(func(t *testing.T, edits []byte) {
		path := filepath.Join(t.TempDir(), "spool")
		content := edits
		if len(edits) > 0 && edits[0] < 4 {
			content = edited(good, edits)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, checkErr := Check(path)
		r, err := Open(path, testConfig(2))
		if err != nil {
			if !errors.Is(err, ErrForeign) && !errors.Is(err, errVersion) {
				t.Fatalf("%v", err)
			}
			if after, _ := os.ReadFile(path); string(after) != string(content) {
				t.Fatal("a foreign file was changed")
			}
			return
		}
		if checkErr != nil && len(content) > 0 {
			t.Fatalf("opened, but the check says %v", checkErr)
		}
		for range 4 {
			if err := r.Put(single(r.LastSeq() + 1)); err != nil && !errors.Is(err, ErrOrder) {
				t.Fatal(err)
			}
		}
		checkSlots(t, r)
		drain(t, r)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// fuzzSpool is a spool of two slots with a merged tile, one in flight, and a checkpoint.
func fuzzSpool(f *testing.F) []byte {
	path := newPath(f)
	r := mustOpen(f, path, testConfig(2))
	mustPut(f, r, single(1))
	next(f, r)
	mustPut(f, r, single(2), single(3))
	if err := r.Checkpoint(single(4)); err != nil {
		f.Fatal(err)
	}
	kill(r)
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	return b
}

// edited changes a spool: each edit is a place (head, checkpoint or slot), an offset from its
// begin, and two bytes. With bit 0 of the first byte the records' checksums are made right, with bit 1
// the frames' too.
func edited(good, edits []byte) []byte {
	b := append([]byte(nil), good...)
	g := testConfig(2).geometry()
	mode := edits[0]
	for e := edits[1:]; len(e) >= 7; e = e[7:] {
		offs := []int64{0, sectorSize, g.offset(kindCheckpoint, int(e[0]>>4)%2), g.offset(kindSlot, int(e[0]>>4)%g.places())}
		off := offs[e[0]%4] + int64(binary.LittleEndian.Uint32(e[1:]))%g.stride()
		copy(b[off:], e[5:7])
	}
	for off := int64(0); mode&1 != 0 && off < int64(len(b)); off += sectorSize {
		if sector := b[off : off+sectorSize]; string(sector[:4]) == string(recordMagic[:]) {
			used := binary.LittleEndian.Uint32(sector[recordSize-8:])
			if frame := b[off+sectorSize:]; mode&2 != 0 && uint64(used) <= uint64(len(frame)) {
				binary.LittleEndian.PutUint32(sector[recordSize-4:], crc32.Checksum(frame[:used], castagnoli))
			}
			binary.LittleEndian.PutUint32(sector[recordSize:], crc32.Checksum(sector[:recordSize], castagnoli))
		}
	}
	if mode == 2 { // cut
		b = b[:len(b)/2]
	}
	return b
}
