package spool

import (
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"slices"

	"summarizer/summaries"
)

// storage is what a ring needs of its file. Tests cut and reorder writes behind it.
type storage interface {
	io.ReaderAt
	io.WriterAt
	Sync() error // returns when all that was written would survive a power loss
}

// volume reads and writes the places of a file.
type volume struct {
	file    storage
	geo     geometry
	st      state
	head    int    // the head sector that is written next
	buf     []byte // a sector and a frame
	written uint64 // bytes
}

func newVolume(f storage, geo geometry, st state) volume {
	return volume{file: f, geo: geo, st: st, buf: make([]byte, sectorSize+geo.frameSize)}
}

// tile is a summary that waits: where it is and what it covers.
type tile struct {
	first, last uint64
	start, end  int64  // nanoseconds since the Unix epoch
	machine     uint64 // hash of the machine's id
	place       int    // slot, or inMemory
	used        uint32 // bytes of the frame before its padding
	crc         uint32 // of these
	frame       []byte // these, where the tile is in memory
	unmergeable bool   // with its right neighbour: it was tried
	attempts    uint8  // that failed to read it
}

const inMemory = -1

// describe sets what t covers.
func (t *tile) describe(s *summaries.Summary) {
	t.first, t.last = s.FirstSeq, s.Seq
	t.start, t.end = s.Window.Start, s.Window.End
	h := fnv.New64a()
	h.Write([]byte(s.Machine.ID))
	t.machine = h.Sum64()
}

// keep makes the frame, of which it copies what is not padding, the content of t.
func (t *tile) keep(frame []byte) error {
	h, err := summaries.ParseHeader(frame)
	if err != nil {
		return err
	}
	used := frame[:summaries.HeaderSize+h.PayloadSize]
	t.place, t.frame = inMemory, slices.Clone(used)
	t.used, t.crc = uint32(len(used)), crc32.Checksum(used, castagnoli)
	return nil
}

// write writes a record, for a slot or checkpoint with the tile and its content. It does not sync.
func (v *volume) write(k kind, index int, clean bool, t *tile, content []byte) error {
	v.st.Generation++
	r := record{
		Magic: recordMagic, Version: recordVersion, Kind: k, state: v.st,
		Slots: uint32(v.geo.slots), FrameSize: uint32(v.geo.frameSize), Index: uint32(index),
	}
	if clean {
		r.Clean = 1
	}
	if t != nil {
		r.First, r.Last, r.Used, r.FrameCRC = t.first, t.last, t.used, t.crc
	}
	if k == kindSlot {
		r.Put = max(r.Put, t.last) // true if the tile itself arrives
	}
	r.put(v.buf[:sectorSize])
	n := sectorSize + copy(v.buf[sectorSize:], content)
	wrote, err := v.file.WriteAt(v.buf[:n], v.geo.offset(k, index))
	v.written += uint64(wrote)
	if err != nil {
		return fmt.Errorf("writing %s %d of the spool: %w", k, index, err)
	}
	return nil
}

// writeHead writes the next head and syncs.
func (v *volume) writeHead(clean bool) error {
	if err := v.write(kindHead, v.head, clean, nil, nil); err != nil {
		return err
	}
	v.head = (v.head + 1) % numHeads
	return v.sync()
}

func (v *volume) sync() error {
	if err := v.file.Sync(); err != nil {
		return fmt.Errorf("syncing the spool: %w", err)
	}
	return nil
}

// frame reads the frame of a tile into buf, padding and all. An error that wraps errDamaged
// says that there is no such frame (any more); another one may pass.
func (v *volume) frame(t *tile, buf []byte) ([]byte, error) {
	if t.place == inMemory {
		buf = slices.Grow(buf[:0], v.geo.frameSize)[:v.geo.frameSize]
		clear(buf[copy(buf, t.frame):])
		return buf, nil
	}
	buf, err := readFrame(v.file, v.geo, v.geo.offset(kindSlot, t.place), t, buf)
	if err != nil {
		return buf, fmt.Errorf("reading slot %d of the spool: %w", t.place, err)
	}
	return buf, nil
}

// summary reads and decodes a tile.
func (v *volume) summary(t *tile) (*summaries.Summary, error) {
	b, err := v.frame(t, nil)
	if err != nil {
		return nil, err
	}
	return decode(b)
}

func decode(frame []byte) (*summaries.Summary, error) {
	s, err := summaries.DecodeFrame(frame)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return s, nil
}

// readFrame reads the frame of the record at off, padding and all, into buf.
func readFrame(f io.ReaderAt, g geometry, off int64, t *tile, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], g.frameSize)[:g.frameSize]
	used := buf[:t.used]
	if err := readFull(f, used, off+sectorSize); err != nil {
		return buf[:0], err
	}
	if crc32.Checksum(used, castagnoli) != t.crc {
		return buf[:0], fmt.Errorf("%w: wrong checksum", errDamaged)
	}
	clear(buf[t.used:])
	return buf, nil
}

// readFull fills b. The error wraps errDamaged where the file ends before.
func readFull(f io.ReaderAt, b []byte, off int64) error {
	n, err := f.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: the file ends before", errDamaged)
	default:
		return err
	}
}
