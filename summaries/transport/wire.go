package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Mode is what a host is to the agent.
type Mode uint16

const (
	// Keep is the mode of the one host that keeps history: what it acknowledges is gone from
	// the agent.
	Keep Mode = 1 + iota
	// Watch is the mode of hosts that only look: they get what is new.
	Watch
)

func (m Mode) String() string {
	switch m {
	case Keep:
		return "keep"
	case Watch:
		return "watch"
	}
	return "invalid"
}

// AckSize is the length of an acknowledgement in bytes, little endian:
//
//	offset 0   magic "EACK"
//	offset 4   version u16
//	offset 6   mode u16: 1 keep, 2 watch
//	offset 8   seq u64: Seq of the frame, 0 in the first one
//	offset 16  CRC-32C of the bytes before u32
const AckSize = 20

const ackVersion = 1

var (
	ackMagic   = []byte("EACK")
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

var errAck = errors.New("not an acknowledgement")

// ack is one acknowledgement.
type ack struct {
	mode Mode
	seq  uint64
}

// append appends the AckSize bytes of a.
func (a ack) append(dst []byte) []byte {
	begin := len(dst)
	dst = append(dst, ackMagic...)
	dst = binary.LittleEndian.AppendUint16(dst, ackVersion)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(a.mode))
	dst = binary.LittleEndian.AppendUint64(dst, a.seq)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[begin:], castagnoli))
}

// parseAck reads what append wrote. The error wraps errAck.
func parseAck(b []byte) (ack, error) {
	if len(b) != AckSize || !bytes.Equal(b[:4], ackMagic) {
		return ack{}, fmt.Errorf("%d bytes that begin with %q: %w", len(b), b[:min(len(b), 4)], errAck)
	}
	if sum := crc32.Checksum(b[:16], castagnoli); sum != binary.LittleEndian.Uint32(b[16:]) {
		return ack{}, fmt.Errorf("wrong checksum: %w", errAck)
	}
	if v := binary.LittleEndian.Uint16(b[4:]); v != ackVersion {
		return ack{}, fmt.Errorf("version %d, this is %d: %w", v, ackVersion, errAck)
	}
	a := ack{Mode(binary.LittleEndian.Uint16(b[6:])), binary.LittleEndian.Uint64(b[8:])}
	if a.mode != Keep && a.mode != Watch {
		return ack{}, fmt.Errorf("mode %d: %w", a.mode, errAck)
	}
	return a, nil
}
