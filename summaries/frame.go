package summaries

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"google.golang.org/protobuf/proto"

	pb "summarizer/summaries/internal/summarypb"
)

//go:generate go -C .. tool -modfile=.tools/buf.mod buf generate

// Sizes of a frame in bytes. Every frame size is a multiple of FrameSizeUnit.
const (
	MinFrameSize     = 16 << 10
	MaxFrameSize     = 1 << 20
	DefaultFrameSize = 64 << 10
	FrameSizeUnit    = 1 << 10
)

// HeaderSize is the length of the head of a frame, in bytes, little endian:
//
//	offset 0   magic "ESUM"
//	offset 4   version u16
//	offset 6   flags u16: the frame size in units of FrameSizeUnit
//	offset 8   payload length u32, in bytes
//	offset 12  CRC-32C of the payload u32
//
// The payload follows, the protobuf message summarizer.v1.Summary
// (proto/summarizer/v1/summary.proto), and zeros up to the frame size.
const HeaderSize = 16

const frameVersion = 1

var frameMagic = []byte("ESUM")

// Errors about frames. What a reader returns wraps one of them and says what was found.
var (
	ErrMagic    = errors.New("not a frame: read a file that the summarizer wrote, from its beginning")
	ErrVersion  = errors.New("frame of an unknown version: read it with the release that wrote it, or a newer one")
	ErrLength   = errors.New("frame of a wrong length: it was cut or damaged, or its size is not a multiple of 1 KiB from 16 KiB to 1 MiB")
	ErrChecksum = errors.New("frame with a wrong checksum: it was damaged after it was written, get it again from where it came")
	ErrPadding  = errors.New("frame with bytes behind its payload: it was damaged after it was written, get it again from where it came")
	ErrPayload  = errors.New("frame whose content contradicts itself: its writer is broken or not the summarizer, discard it")
	ErrTooLarge = errors.New("summary larger than its frame: fit it before it is encoded, or raise the frame size")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is the head of a frame.
type Header struct {
	FrameSize   int // bytes of the whole frame
	PayloadSize int // bytes of the payload
	Checksum    uint32
}

// CheckFrameSize returns an error wrapping ErrLength unless frames may be of n bytes.
func CheckFrameSize(n int) error {
	if n < MinFrameSize || n > MaxFrameSize || n%FrameSizeUnit != 0 {
		return fmt.Errorf("frame size %d: %w", n, ErrLength)
	}
	return nil
}

// ParseHeader reads the head of a frame. FrameSize and PayloadSize of what it returns are
// possible: a reader may rely on their bounds before it has seen the rest. The error wraps
// ErrMagic, ErrVersion or ErrLength.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, fmt.Errorf("%d bytes are no frame header: %w", len(b), ErrLength)
	}
	if !bytes.Equal(b[:4], frameMagic) {
		return Header{}, fmt.Errorf("frame begins with %q: %w", b[:4], ErrMagic)
	}
	if v := binary.LittleEndian.Uint16(b[4:]); v != frameVersion {
		return Header{}, fmt.Errorf("frame version %d, this is %d: %w", v, frameVersion, ErrVersion)
	}
	size := int(binary.LittleEndian.Uint16(b[6:])) * FrameSizeUnit
	if err := CheckFrameSize(size); err != nil {
		return Header{}, err
	}
	payload := binary.LittleEndian.Uint32(b[8:])
	if payload > uint32(size-HeaderSize) {
		return Header{}, fmt.Errorf("payload of %d bytes in a frame of %d: %w", payload, size, ErrLength)
	}
	return Header{FrameSize: size, PayloadSize: int(payload), Checksum: binary.LittleEndian.Uint32(b[12:])}, nil
}

// AppendFrame appends s to dst as one frame of exactly frameSize bytes. Equal summaries give
// equal bytes. Strings that are not UTF-8 lose the bytes that are not; s is not changed. The
// error wraps ErrTooLarge where s does not fit (never after Tree.Fit to that size), or
// ErrLength where no frame is of that size; dst comes back as it was.
func AppendFrame(dst []byte, s *Summary, frameSize int) ([]byte, error) {
	if err := CheckFrameSize(frameSize); err != nil {
		return dst, fmt.Errorf("encoding a summary: %w", err)
	}
	m := encodeSummary(s)
	size := proto.Size(m)
	if size > frameSize-HeaderSize {
		return dst, fmt.Errorf("encoding a summary of %d bytes into a frame of %d: %w", size, frameSize, ErrTooLarge)
	}
	begin := len(dst)
	out := slices.Grow(dst, frameSize)[:begin+HeaderSize]
	out, err := proto.MarshalOptions{Deterministic: true, UseCachedSize: true}.MarshalAppend(out, m)
	if err != nil {
		return dst, fmt.Errorf("encoding a summary: %w", err)
	}
	end := len(out)
	out = out[:begin+frameSize]
	clear(out[end:])
	putHeader(out[begin:], frameSize, out[begin+HeaderSize:end])
	return out, nil
}

func putHeader(frame []byte, frameSize int, payload []byte) {
	copy(frame, frameMagic)
	binary.LittleEndian.PutUint16(frame[4:], frameVersion)
	binary.LittleEndian.PutUint16(frame[6:], uint16(frameSize/FrameSizeUnit))
	binary.LittleEndian.PutUint32(frame[8:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[12:], crc32.Checksum(payload, castagnoli))
}

// DecodeFrame reads one whole frame. Magic, version, lengths, checksum and padding are
// checked before anything is allocated; what the payload says is checked before it is
// returned: a summary that comes out of here has sums that add up, paths in order and
// numbers in range. It owns everything it points to. Fields that a newer release added are
// ignored. The error wraps ErrMagic, ErrVersion, ErrLength, ErrChecksum, ErrPadding or
// ErrPayload.
func DecodeFrame(frame []byte) (*Summary, error) {
	payload, err := framePayload(frame)
	if err != nil {
		return nil, fmt.Errorf("decoding a frame: %w", err)
	}
	m := new(pb.Summary)
	if err := proto.Unmarshal(payload, m); err != nil {
		return nil, fmt.Errorf("decoding a frame: %w: %w", ErrPayload, err)
	}
	s, err := decodeSummary(m)
	if err == nil {
		err = validate(s)
	}
	if err != nil {
		return nil, fmt.Errorf("decoding a frame: %w: %w", ErrPayload, err)
	}
	return s, nil
}

// framePayload is the payload of a frame whose bytes are as they were written.
func framePayload(frame []byte) ([]byte, error) {
	h, err := ParseHeader(frame)
	if err != nil {
		return nil, err
	}
	if len(frame) != h.FrameSize {
		return nil, fmt.Errorf("%d bytes of a frame of %d: %w", len(frame), h.FrameSize, ErrLength)
	}
	payload, padding := frame[HeaderSize:HeaderSize+h.PayloadSize], frame[HeaderSize+h.PayloadSize:]
	if sum := crc32.Checksum(payload, castagnoli); sum != h.Checksum {
		return nil, fmt.Errorf("checksum %08x, the frame says %08x: %w", sum, h.Checksum, ErrChecksum)
	}
	if !zeros(padding) {
		return nil, ErrPadding
	}
	return payload, nil
}

// zeros tells whether all bytes are 0: the first one is, and each is as the one before it.
func zeros(b []byte) bool { return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1]) }
