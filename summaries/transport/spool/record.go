package spool

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// kind is what a place of the file is for.
type kind uint8

const (
	kindHead kind = 1 + iota
	kindCheckpoint
	kindSlot
)

func (k kind) String() string {
	switch k {
	case kindHead:
		return "head"
	case kindCheckpoint:
		return "checkpoint"
	default:
		return "slot"
	}
}

const recordVersion = 1

var (
	recordMagic = [4]byte{'E', 'S', 'P', 'L'}
	castagnoli  = crc32.MakeTable(crc32.Castagnoli)
)

// largestNumber bounds every number and generation, so that none overflows.
const largestNumber = 1 << 62

// state is what every record says about the whole ring. Its numbers only rise.
type state struct {
	Session    uint32
	Generation uint64 // of the last record written
	Put        uint64 // last number put; what comes before is on the disk, or was acknowledged
	Acked      uint64 // last number that a host has acknowledged
	Sent       uint64 // last number that a host may have seen
}

// newState begins a session.
func newState() state {
	var b [4]byte
	rand.Read(b[:])
	return state{Session: binary.LittleEndian.Uint32(b[:])}
}

// session is the name of the session.
func (s *state) session() string { return fmt.Sprintf("%08x", s.Session) }

// plausible is false for numbers that no ring comes to.
func (s *state) plausible() bool {
	return s.Acked <= s.Sent && s.Sent <= s.Put && s.Put < largestNumber && s.Generation < largestNumber
}

// record is the beginning of every sector that the ring writes, little endian, in this
// order, and the CRC-32C of it behind.
type record struct {
	Magic     [4]byte
	Version   uint16
	Kind      kind
	Clean     uint8 // of a head: 1 if the ring was closed
	Slots     uint32
	FrameSize uint32
	Index     uint32 // which of its kind
	state
	// Of a slot or checkpoint: the numbers of its tile, how many bytes of the frame follow
	// the sector (the others are zero), and their CRC-32C.
	First, Last uint64
	Used        uint32
	FrameCRC    uint32
}

var recordSize = binary.Size(record{})

var (
	errDamaged = errors.New("damaged")
	errVersion = errors.New("spool of an unknown version: let the release that wrote it drain it, or move the file away")
)

// put writes the record and its checksum to the beginning of a sector.
func (r *record) put(sector []byte) {
	clear(sector)
	n, err := binary.Encode(sector, binary.LittleEndian, r)
	if err != nil {
		panic(err) // the size of a record is a constant
	}
	binary.LittleEndian.PutUint32(sector[n:], crc32.Checksum(sector[:n], castagnoli))
}

// parseRecord reads a sector. The error is errVersion or errDamaged; what is returned without
// one has a possible geometry and possible numbers.
func parseRecord(sector []byte) (r record, err error) {
	if !bytes.Equal(sector[:len(recordMagic)], recordMagic[:]) {
		return r, errDamaged
	}
	if _, err := binary.Decode(sector, binary.LittleEndian, &r); err != nil {
		return r, errDamaged
	}
	if r.Version != recordVersion {
		return r, errVersion // whose checksum may be elsewhere
	}
	if crc32.Checksum(sector[:recordSize], castagnoli) != binary.LittleEndian.Uint32(sector[recordSize:]) {
		return r, errDamaged
	}
	if r.geometry().check() != nil || !r.plausible() || r.Used > r.FrameSize {
		return r, errDamaged
	}
	if r.Kind != kindHead && (r.First == 0 || r.First > r.Last || r.Last >= largestNumber) || r.Kind == kindSlot && r.Last > r.Put {
		return r, errDamaged
	}
	return r, nil
}

func (r *record) geometry() geometry {
	if r.Slots > maxSlots {
		return geometry{}
	}
	return geometry{int(r.Slots), int(r.FrameSize)}
}

// offset is where the record belongs, in bytes, or negative where a file has no such place.
func (r *record) offset() int64 {
	g := r.geometry()
	if r.Kind < kindHead || r.Kind > kindSlot || r.Index >= uint32(g.count(r.Kind)) {
		return -1
	}
	return g.offset(r.Kind, int(r.Index))
}
