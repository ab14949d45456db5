package endpointsecurity

import (
	"errors"

	"summarizer/esbridge"
)

// Offsets in the records of the transport (native/es_transport.h), in bytes.
const (
	recordLayout = 2

	recordSizeAt   = 0
	recordTypeAt   = 4
	recordLayoutAt = 6
	recordSlot     = 8
	recordHead     = 8

	recordProcess = 2 // types
	recordEvent   = 3
	recordLost    = 4

	recEUID         = 12
	recToken        = 16
	recPID          = 48
	recPPID         = 52
	recResponsible  = 56
	recVersion      = 60
	recStart        = 64
	recCDHash       = 72
	recPlatform     = 92
	recAdhoc        = 93
	recExecutable   = 94
	recSigningID    = 96
	recTeamID       = 98
	recProcessTexts = 104

	recKind       = 12
	recTruncated  = 13
	recCount      = 16
	recFirst      = 24
	recLast       = 32
	recLength     = 40
	recFirstSize  = 48
	recInode      = 56
	recDevice     = 64
	recPathSize   = 68
	recSourceSize = 72
	recEventTexts = 80

	recCounts   = 16
	recLostSize = recCounts + 8*numKinds
)

// numKinds are the kinds of a record: those of files, then exec, fork, exit.
const numKinds = esbridge.NumKinds + esbridge.NumLifecycles

var errRecord = errors.New("reading what the Endpoint Security handler wrote: not a record of this build; report this with the output of summarizer version")

// A record is one record of the transport, with its length checked.
type record []byte

// nextRecord takes the first record of b.
func nextRecord(b []byte) (r record, rest []byte, err error) {
	if len(b) < recordHead {
		return nil, nil, errRecord
	}
	n := uint64(u32(b, recordSizeAt))
	if n > uint64(len(b)) || n%8 != 0 || uint16(u32(b, recordTypeAt)>>16) != recordLayout {
		return nil, nil, errRecord
	}
	r = b[:n:n]
	if n < recordHead || !r.complete() {
		return nil, nil, errRecord
	}
	return r, b[n:], nil
}

// complete says that the record has all that its type has beside texts.
func (r record) complete() bool {
	switch r.kind() {
	case recordProcess:
		return len(r) >= recProcessTexts
	case recordEvent:
		return len(r) >= recEventTexts
	case recordLost:
		return len(r) >= recLostSize
	}
	return false
}

func (r record) kind() uint16 { return uint16(u32(r, recordTypeAt)) }
func (r record) slot() uint32 { return u32(r, recordSlot) }

func (r record) size(at uint64) uint64 { return uint64(u32(r, at) & 0xffff) }

// texts cuts the texts that follow each other from at, or returns false where they leave the
// record.
func (r record) texts(at uint64, sizes ...uint64) (texts [3][]byte, ok bool) {
	rest := r[at:]
	for i, n := range sizes {
		if n > uint64(len(rest)) {
			return texts, false
		}
		texts[i], rest = rest[:n:n], rest[n:]
	}
	return texts, true
}
