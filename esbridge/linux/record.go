package linux

import (
	"encoding/binary"
	"errors"
)

// A record is what the kernel sends through the ring: struct record of bpf/window.h, and
// four strings, one behind the other.
type record struct {
	kind    recordKind
	slot    uint8
	cut     uint8 // bit i: string i lacks its upper part
	id      uint32
	when    uint64 // nanoseconds since boot
	strings [4][]byte
}

type recordKind uint8

const (
	nameRecord       recordKind = iota // the path of a file; id is that of the file
	executableRecord                   // the path of a program, and its control group; id is that of the process
	pathsRecord                        // an event with its paths; id is that of the process
)

const (
	recordHeader = 24
	maxString    = 4096
)

var errBadRecord = errors.New("malformed record")

// decodeRecord reads one record. Its strings point into b. The kernel wrote it, so it is
// well-formed; that is checked all the same.
func decodeRecord(b []byte) (r record, err error) {
	if len(b) < recordHeader {
		return record{}, errBadRecord
	}
	r = record{
		kind: recordKind(b[0]),
		slot: b[1],
		cut:  b[2],
		id:   binary.NativeEndian.Uint32(b[4:]),
		when: binary.NativeEndian.Uint64(b[16:]),
	}
	if r.kind > pathsRecord {
		return record{}, errBadRecord
	}
	rest := b[recordHeader:]
	for i := range r.strings {
		n := int(binary.NativeEndian.Uint16(b[8+2*i:]))
		if n > len(rest) || n > maxString {
			return record{}, errBadRecord
		}
		r.strings[i], rest = rest[:n:n], rest[n:]
	}
	return r, nil
}

// isCut says whether string i lacks its upper part.
func (r *record) isCut(i int) bool { return r.cut>>i&1 != 0 }
