package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"summarizer/summaries"
)

// packer makes frames smaller for the disk: their zeros are cut off, the rest is compressed.
type packer struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	buffers *sync.Pool // of *[]byte: frames on their way to summaries
}

func newPacker() (p packer, err error) {
	p.buffers = &sync.Pool{New: func() any { return new([]byte) }}
	// The fastest level packs summaries as small as slower ones do.
	p.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return p, err
	}
	p.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(summaries.MaxFrameSize))
	return p, err
}

func (p packer) close() {
	if p.encoder != nil {
		_ = p.encoder.Close() // nothing is open: every frame is packed by itself
	}
	if p.decoder != nil {
		p.decoder.Close()
	}
}

// pack is the stored form of a whole frame. The error is one of summaries.ParseHeader, or
// says that the frame has another length than its header.
func (p packer) pack(frame []byte) (packed []byte, payload int, err error) {
	h, err := summaries.ParseHeader(frame)
	if err != nil {
		return nil, 0, err
	}
	if len(frame) != h.FrameSize {
		return nil, 0, fmt.Errorf("%d bytes of a frame of %d: %w", len(frame), h.FrameSize, summaries.ErrLength)
	}
	return p.encoder.EncodeAll(frame[:summaries.HeaderSize+h.PayloadSize], nil), h.PayloadSize, nil
}

// unpack is the inverse of pack. It allocates no more than the largest frame.
func (p packer) unpack(packed []byte) ([]byte, error) { return p.unpackInto(nil, packed) }

// unpackInto is unpack into a buffer, as far as that has room.
func (p packer) unpackInto(buffer, packed []byte) ([]byte, error) {
	frame, err := p.decoder.DecodeAll(packed, slices.Grow(buffer[:0], summaries.DefaultFrameSize))
	if err != nil {
		return nil, fmt.Errorf("unpacking a frame: %w", err)
	}
	h, err := summaries.ParseHeader(frame)
	if err != nil {
		return nil, err
	}
	if len(frame) != summaries.HeaderSize+h.PayloadSize {
		return nil, fmt.Errorf("unpacking a frame: %d bytes of payload where its header says %d", len(frame)-summaries.HeaderSize, h.PayloadSize)
	}
	used := len(frame)
	frame = slices.Grow(frame, h.FrameSize-used)[:h.FrameSize]
	clear(frame[used:])
	return frame, nil
}

// summary is the summary of a packed frame.
func (p packer) summary(packed []byte) (*summaries.Summary, error) {
	buffer := p.buffers.Get().(*[]byte)
	defer p.buffers.Put(buffer)
	frame, err := p.unpackInto(*buffer, packed)
	if err != nil {
		return nil, err
	}
	*buffer = frame
	return summaries.DecodeFrame(frame)
}

// appendCounts appends counts as varints, without the zeros at the end.
func appendCounts(dst []byte, counts []uint64) []byte {
	n := len(counts)
	for n > 0 && counts[n-1] == 0 {
		n--
	}
	for _, c := range counts[:n] {
		dst = binary.AppendUvarint(dst, c)
	}
	return dst
}

// readCounts fills counts from what appendCounts wrote.
func readCounts(counts []uint64, b []byte) error {
	r := bytes.NewReader(b)
	for i := 0; r.Len() > 0; i++ {
		c, err := binary.ReadUvarint(r)
		if err != nil || i >= len(counts) {
			return fmt.Errorf("%d bytes of counts are none that this release wrote", len(b))
		}
		counts[i] = c
	}
	return nil
}
