package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"summarizer/summaries"
)

// ErrForeign says that a file is no spool. It is left as it is.
var ErrForeign = errors.New("not a spool, or damaged beyond recognition: move the file away, or choose another path")

// largestFile is the size of the largest spool that there can be, in bytes.
var largestFile = geometry{maxSlots, summaries.MaxFrameSize}.size()

// image is what a file holds.
type image struct {
	geo        geometry
	st         state
	clean      bool   // it was closed, and nothing was written since
	head       int    // the older head
	tiles      []tile // oldest first
	checkpoint *found // a window that no tile covers
	problems   []Problem
}

// found is a valid record, and what it stands before once that was loaded.
type found struct {
	record
	index   int
	tile    tile
	frame   []byte
	summary *summaries.Summary
}

// scanner reads a file.
type scanner struct {
	f           io.ReaderAt
	img         image
	sector      []byte
	frame       []byte
	newestHead  uint64 // its generation
	slots       []found
	checkpoints []found
}

// scan reads what a file of size bytes holds. What cannot be read is a problem, and so no
// error. It allocates by the geometry of a record with a valid checksum and by nothing else
// that the file says. The error wraps ErrForeign or errVersion, or is the file's own where
// nothing at all could be read.
func scan(f io.ReaderAt, size int64) (*image, error) {
	s := scanner{f: f, sector: make([]byte, sectorSize)}
	if err := s.findGeometry(size); err != nil {
		return nil, err
	}
	if expect := s.img.geo.size(); size != expect {
		s.problem(WrongSize, 0, fmt.Errorf("the file has %d bytes, not %d", size, expect))
	}
	s.frame = make([]byte, s.img.geo.frameSize)
	all := slices.Concat(s.records(kindHead), s.records(kindCheckpoint), s.records(kindSlot))
	s.img.st.Session = newestSession(all)
	for i := range all {
		s.take(&all[i])
	}
	s.chooseTiles()
	s.chooseCheckpoint()
	return &s.img, nil
}

func (s *scanner) problem(k ProblemKind, index int, err error) {
	s.img.problems = append(s.img.problems, Problem{Kind: k, Index: index, Err: err})
}

// findGeometry takes it from a head, or from any record that is where it says it belongs.
func (s *scanner) findGeometry(size int64) error {
	if size > largestFile {
		return fmt.Errorf("file of %d bytes: %w", size, ErrForeign)
	}
	none := ErrForeign
	for off := int64(0); off+sectorSize <= size; off += sectorSize {
		err := readFull(s.f, s.sector, off)
		if err != nil && !errors.Is(err, errDamaged) {
			none = fmt.Errorf("reading the spool: %w", err)
		}
		if err != nil {
			continue
		}
		r, err := parseRecord(s.sector)
		if err == nil && r.offset() == off {
			s.img.geo = r.geometry()
			return nil
		}
		if off < numHeads*sectorSize && errors.Is(err, errVersion) {
			none = err
		}
	}
	return none
}

// records reads all valid records of a kind.
func (s *scanner) records(k kind) (valid []found) {
	for i := range s.img.geo.count(k) {
		err := readFull(s.f, s.sector, s.img.geo.offset(k, i))
		if err == nil && k != kindHead && allZero(s.sector) {
			continue // never written
		}
		var r record
		if err == nil {
			r, err = parseRecord(s.sector)
		}
		if err == nil && !(r.Kind == k && r.Index == uint32(i) && r.geometry() == s.img.geo) {
			err = fmt.Errorf("%w: its record belongs elsewhere", errDamaged)
		}
		if err != nil {
			s.problem(damageOf(k), i, err)
			continue
		}
		valid = append(valid, found{record: r, index: i})
	}
	return valid
}

func allZero(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 })
}

// newestSession is that of the newest head, or without a head of the newest record.
func newestSession(all []found) uint32 {
	if len(all) == 0 {
		return 0
	}
	return slices.MaxFunc(all, func(a, b found) int {
		if c := cmp.Compare(b.Kind, a.Kind); c != 0 && min(a.Kind, b.Kind) == kindHead {
			return c
		}
		return cmp.Compare(a.Generation, b.Generation)
	}).Session
}

// take adds what one record says.
func (s *scanner) take(r *found) {
	st := &s.img.st
	if r.Session != st.Session {
		s.problem(OtherSession, r.index, fmt.Errorf("%s %d is of session %08x", r.Kind, r.index, r.Session))
		return
	}
	if r.Generation > st.Generation {
		st.Generation = r.Generation
		s.img.clean = r.Clean == 1
	}
	st.Acked, st.Sent = max(st.Acked, r.Acked), max(st.Sent, r.Sent)
	if r.Kind == kindSlot {
		// Its Put holds for the tile itself: a write that was cut behind the record must not
		// make the checkpoint of the same window look old.
		if _, err := readFrame(s.f, s.img.geo, r.offset(), &tile{used: r.Used, crc: r.FrameCRC}, s.frame); err != nil {
			s.problem(DamagedSlot, r.index, err)
			return
		}
	}
	st.Put = max(st.Put, st.Sent, r.Put)
	switch r.Kind {
	case kindHead:
		if r.Generation > s.newestHead {
			s.newestHead, s.img.head = r.Generation, (r.index+1)%numHeads
		}
	case kindCheckpoint:
		s.checkpoints = append(s.checkpoints, *r)
	default:
		s.slots = append(s.slots, *r)
	}
}

func newestFirst(a, b found) int { return cmp.Compare(b.Generation, a.Generation) }

// chooseTiles takes the slots that are not acknowledged, newest first, unless a newer one
// covers their numbers.
func (s *scanner) chooseTiles() {
	slices.SortFunc(s.slots, newestFirst)
	for i := range s.slots {
		c := &s.slots[i]
		covered := slices.ContainsFunc(s.img.tiles, func(t tile) bool { return c.First <= t.last && t.first <= c.Last })
		if c.Last <= s.img.st.Acked || covered {
			continue
		}
		if err := s.load(c); err != nil {
			s.problem(DamagedSlot, c.index, err)
			continue
		}
		c.tile.place = c.index
		s.img.tiles = append(s.img.tiles, c.tile)
		c.frame, c.summary = nil, nil
	}
	slices.SortFunc(s.img.tiles, func(a, b tile) int { return cmp.Compare(a.first, b.first) })
	if len(s.img.tiles) > 0 { // no ring had more than its oldest in flight, whatever a record says
		st := &s.img.st
		st.Sent = min(st.Sent, max(st.Acked, s.img.tiles[0].last))
	}
}

// chooseCheckpoint takes the newest checkpoint that no tile covers.
func (s *scanner) chooseCheckpoint() {
	slices.SortFunc(s.checkpoints, newestFirst)
	for i := range s.checkpoints {
		c := &s.checkpoints[i]
		if c.First <= s.img.st.Put {
			continue
		}
		if err := s.load(c); err != nil {
			s.problem(DamagedCheckpoint, c.index, err)
			continue
		}
		s.img.checkpoint = c
		return
	}
}

// load reads and decodes what a record stands before.
func (s *scanner) load(c *found) (err error) {
	c.tile = tile{used: c.Used, crc: c.FrameCRC}
	if c.frame, err = readFrame(s.f, s.img.geo, c.offset(), &c.tile, nil); err != nil {
		return err
	}
	if c.summary, err = decode(c.frame); err != nil {
		return err
	}
	if c.summary.FirstSeq != c.First || c.summary.Seq != c.Last {
		return fmt.Errorf("%w: its record and its frame have different numbers", errDamaged)
	}
	c.tile.describe(c.summary)
	return nil
}
