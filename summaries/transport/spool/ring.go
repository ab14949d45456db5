package spool

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"summarizer/summaries"
)

// Errors of Put and Checkpoint: mistakes of the caller, not of the disk.
var (
	// ErrOrder says that a tile does not come after the one before.
	ErrOrder = errors.New("tile out of order: number it after Ring.LastSeq")
	// ErrClosed says that the ring was closed.
	ErrClosed = errors.New("spool is closed")
)

// Ring holds the tiles that wait for a host, oldest first. It is safe for use by several
// goroutines; each method may wait for the disk, and for a merge in another.
type Ring struct {
	mu     sync.Mutex
	cfg    Config
	volume // without a file for Memory
	path   string
	disk   *disk  // the file of the volume; nil for Memory
	taken  uint64 // last number taken: volume.st.Put once all is on the disk
	tiles  []tile // those that wait, oldest first
	// Slots of the file that hold no tile: free ones; retired ones, whose tile was
	// acknowledged but no record on the disk says so yet; replaced ones, whose tile was
	// merged into one that is not on the disk yet.
	free, retired, replaced []int
	checkpointAt            int // which is written next
	trouble                 trouble
	stats                   Stats
	closed                  bool
}

// Memory makes a ring without a file.
func Memory(cfg Config) *Ring {
	return &Ring{cfg: cfg.withDefaults(), volume: volume{geo: cfg.withDefaults().geometry(), st: newState()}}
}

// Session is the random id of the numbers in this ring, 8 hexadecimal digits. A spool file
// keeps it for as long as it exists.
func (r *Ring) Session() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.st.session()
}

// LastSeq is the last number taken: the next summary has the next number. After Open it
// is past what was recovered, and past the number that an unclean end skips.
func (r *Ring) LastSeq() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken
}

// Put adds the newest tile. The ring does not keep a reference to it. When Put returns, the tile is on the
// disk, or, if the disk fails, in memory and counted. The error wraps ErrOrder, ErrClosed or
// summaries.ErrTooLarge.
func (r *Ring) Put(s *summaries.Summary) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, err := r.encode(s)
	if err != nil {
		return fmt.Errorf("putting a tile into the spool: %w", err)
	}
	if t.first <= r.taken {
		return fmt.Errorf("putting tile %d to %d after number %d into the spool: %w", t.first, t.last, r.taken, ErrOrder)
	}
	r.stats.Put++
	r.add(t)
	r.persist()
	return nil
}

// encode makes a tile, in memory.
func (r *Ring) encode(s *summaries.Summary) (t tile, err error) {
	if r.closed {
		return t, ErrClosed
	}
	if s.FirstSeq == 0 || s.FirstSeq > s.Seq || s.Seq >= largestNumber/2 {
		return t, fmt.Errorf("numbers %d to %d: %w", s.FirstSeq, s.Seq, ErrOrder)
	}
	frame, err := summaries.AppendFrame(nil, s, r.geo.frameSize)
	if err != nil {
		return t, err
	}
	t.describe(s)
	return t, t.keep(frame)
}

// add appends a tile that is in memory and makes room for it.
func (r *Ring) add(t tile) {
	r.tiles = append(r.tiles, t)
	r.taken = t.last
	if r.trouble.failing {
		r.mergeInMemory()
	} else {
		r.mergeDown(r.cfg.Slots)
	}
}

// Next appends the oldest tile's frame, Config.FrameSize bytes, to frame[:0] and returns it with
// the tile's number (Summary.Seq). From now on the tile is frozen: it comes again, byte for
// byte, until Ack frees it. It is false where no tile waits, and where the disk fails to
// read the oldest one; three such failures in a row lose the tile, which is counted.
func (r *Ring) Next(frame []byte) (out []byte, seq uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.tiles) > 0 && !r.closed {
		t := &r.tiles[0]
		out, err := r.frame(t, frame)
		if err == nil {
			r.freeze(t.last)
			return out, t.last, true
		}
		if !r.lost(0, err) {
			break
		}
	}
	return frame[:0], 0, false
}

// freeze notes that the tile may be seen by a host, on the disk first.
func (r *Ring) freeze(last uint64) {
	if last <= r.st.Sent {
		return
	}
	r.st.Sent = last
	if r.file == nil || r.trouble.failing {
		return
	}
	r.settle(r.flushHead())
}

// Ack frees the tiles up to seq that Next has returned; what nobody was given cannot be
// acknowledged.
func (r *Ring) Ack(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.tiles) > 0 && r.tiles[0].last <= min(seq, r.st.Sent) {
		r.st.Acked = r.tiles[0].last
		r.stats.Acked++
		r.remove(0, &r.retired)
	}
}

// remove takes a tile off the list. Its slot goes to slots.
func (r *Ring) remove(i int, slots *[]int) {
	if p := r.tiles[i].place; p != inMemory {
		*slots = append(*slots, p)
	}
	r.tiles = slices.Delete(r.tiles, i, i+1)
}

// Checkpoint saves the open window, so that Open makes a tile of it should it never be put.
// It is not synced. A window that a tile covers already is ignored. Without a file, and while
// the disk fails, it does nothing. The error wraps ErrClosed or is about what cannot
// be a tile; errors of the disk are counted.
func (r *Ring) Checkpoint(s *summaries.Summary) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, err := r.encode(s)
	if err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	if r.file == nil || r.trouble.failing || t.first <= r.taken {
		return nil
	}
	err = r.ensureFile()
	if err == nil {
		err = r.write(kindCheckpoint, r.checkpointAt, false, &t, t.frame)
	}
	if err == nil {
		r.stats.Checkpoints++
		r.checkpointAt = (r.checkpointAt + 1) % numHeads
	}
	r.settle(err)
	return nil
}

// Close saves what is only in memory, marks the spool as closed, and gives up its lock. The
// error says what will be missing.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	if r.file == nil {
		return nil
	}
	err := r.ensureFile()
	if err == nil && r.inMemory() > 0 {
		err = r.flush()
	}
	if err == nil {
		r.st.Put = r.taken
		err = r.writeHead(true)
	}
	if r.disk != nil {
		err = errors.Join(err, r.disk.Close())
	}
	if err != nil {
		return fmt.Errorf("closing the spool with %d tiles in memory alone: %w", r.inMemory(), err)
	}
	return nil
}
