package spool

import (
	"errors"
	"io/fs"
	"syscall"
)

// DiskError is why the disk failed the ring.
type DiskError uint8

const (
	NoSpace       DiskError = iota // disk or quota full
	ReadOnly                       // file system became read-only, or permission was taken away
	IO                             // the device failed
	Deleted                        // somebody deleted the file or moved it away; it is created again
	Resized                        // somebody truncated or extended it; it is created again
	Replaced                       // somebody put another file in its place; it is left as it is
	OtherError                     // anything else
	NumDiskErrors = iota
)

var diskErrorNames = [NumDiskErrors]string{"no_space", "read_only", "io", "deleted", "resized", "replaced", "other"}

func (e DiskError) String() string {
	if int(e) < len(diskErrorNames) {
		return diskErrorNames[e]
	}
	return "invalid"
}

// errorsOf are the errors of the system behind each DiskError.
var errorsOf = [NumDiskErrors][]error{
	NoSpace:  {syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG},
	ReadOnly: {syscall.EROFS, fs.ErrPermission},
	IO:       {syscall.EIO},
	Deleted:  {errDeleted},
	Resized:  {errResized},
	Replaced: {errReplaced},
}

func diskErrorOf(err error) DiskError {
	for e, all := range errorsOf {
		for _, target := range all {
			if errors.Is(err, target) {
				return DiskError(e)
			}
		}
	}
	return OtherError
}

// Stats is what a ring has done since it was made, and what it holds.
type Stats struct {
	Waiting  int  // tiles not acknowledged
	Slots    int  // how many can wait before the oldest merge
	InFlight bool // the oldest was sent
	InMemory int  // of the waiting ones, those that are not on a disk
	Failing  bool // the disk failed last time; the next attempt is at one of the next 8 Puts

	Put, Acked  uint64 // tiles
	Recovered   uint64 // open windows that became tiles when the spool was opened: 0 or 1
	Checkpoints uint64 // written
	Merges      uint64 // of two tiles into one because the ring was full
	GapsMerged  uint64 // of these, those that hide a gap or another machine
	// BadSlots counts places of the file that were damaged when it was opened or read: a tile,
	// or a write that a crash cut off.
	BadSlots uint64
	// Lost counts tiles given up because the disk did not read them, or because the ring was full and no
	// two would merge.
	Lost         uint64
	DiskErrors   [NumDiskErrors]uint64
	LastError    error  // of the disk; nil for none so far
	BytesWritten uint64 // to the file
}

// Stats returns the counters as they are now.
func (r *Ring) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Waiting, s.Slots = len(r.tiles), r.cfg.Slots
	s.InFlight = len(r.tiles) > 0 && r.tiles[0].last <= r.st.Sent
	s.InMemory = r.inMemory()
	s.Failing = r.trouble.failing
	s.BytesWritten = r.written
	return s
}

// trouble paces the attempts while the disk fails. Its clock is Put.
type trouble struct {
	failing bool
	pause   int // Puts from one attempt to the next
	wait    int // Puts until the next attempt
}

const longestPause = 8

// mayTry is asked once for each Put.
func (t *trouble) mayTry() bool {
	if t.wait > 0 {
		t.wait--
		return false
	}
	return true
}

// settle notes how an attempt to write ended.
func (r *Ring) settle(err error) {
	if err == nil {
		r.trouble = trouble{}
		return
	}
	r.count(err)
	t := &r.trouble
	t.failing = true
	t.pause = min(max(1, 2*t.pause), longestPause)
	t.wait = t.pause - 1
}

func (r *Ring) count(err error) {
	r.stats.DiskErrors[diskErrorOf(err)]++
	r.stats.LastError = err
}

// mostAttempts is how often reading a tile may fail before it is given up.
const mostAttempts = 3

// lost notes that a tile could not be read. It is true if the tile is given up: it is
// damaged, or it was tried often enough.
func (r *Ring) lost(i int, err error) bool {
	t := &r.tiles[i]
	if errors.Is(err, errDamaged) {
		r.stats.BadSlots++
		r.remove(i, &r.free)
		return true
	}
	r.count(err)
	if t.attempts++; t.attempts < mostAttempts {
		return false
	}
	r.stats.Lost++
	r.remove(i, &r.free)
	return true
}
