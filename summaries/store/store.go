// Package store is the history of a host: every window that an agent delivered, rolled up to
// minutes, hours and days, in one SQLite file.
//
// # What is stored
//
// A window (a tile, or several merged) is stored as its frame, the exact summary, compressed; as a head
// (time, numbers, totals, ledger) for totals and series; and as one row for each origin and
// program, for the history of a program. Processes and paths are in the frames alone. A
// query over them decodes the few frames that cover its range: a frame decodes faster than
// SQL adds up the same rows, rows for every path would take more than twice the bytes, and
// a dictionary of paths would be a table that an attacker makes grow.
//
// # Nothing twice, nothing lost
//
// A window is known by machine, boot, session and its first and last sequence number: one
// that comes again changes nothing (Ingest). What is missing between two numbers is a gap
// (Gaps). Ingest returns after the commit has reached the disk (synchronous=FULL): the agent
// frees its spool on the strength of that, so that "will be there unless the power fails"
// would not do.
//
// # Roll-ups
//
// Every window but those of days is counted in at most one parent one level up, made by
// summaries.MergeSeq with one frame size per level, and stays as it is from then on. A late
// window goes into the parent of its bucket while nobody counts that one yet; afterwards
// into a second parent beside it. So windows are a forest, and whatever set of them covers
// a range counts each event once. A window belongs to the bucket of its start, UTC.
//
// # Queries
//
// Every query takes a Range and a Filter and says in its Answer what it really covers: where
// finer windows were deleted it begins and ends at a border of the coarser ones. A Count is
// what was surely counted, and a bound on what may be missing; the events of a range without
// a filter are exact at every level. Sums that exceed 64 bits stay at the largest number.
//
// # Files
//
// Beside the file at Path SQLite keeps Path-wal and Path-shm. `summarizer check` reads a
// store without changing it (Check). Every error a user may see ends with what to do.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// Config is what a store is opened with. The zero value is valid.
type Config struct {
	// Keep is how long the windows of each level are kept; 0: two days, two weeks, three
	// months and two years. A coarser level is kept at least as long as a finer one.
	Keep [NumLevels]time.Duration
	// MaxBytes is how large the file may become; 0: 2 GiB. Beyond it the oldest windows of
	// the finest level go first. What is not rolled up yet always stays.
	MaxBytes int64
	// FrameSize is the size of the frames of each level but Raw, in bytes; 0: 64, 128 and
	// 256 KiB for minutes, hours and days.
	FrameSize [NumLevels]int
	// Key is that of the agents' sketches. nil: distinct counts of roll-ups may become
	// upper bounds, see summaries.Merge.
	Key *sketch.Key
	// BusyTimeout is how long to wait for another writer; 0: 5 s.
	BusyTimeout time.Duration
	// Now is the clock by which windows age and buckets are over; nil: time.Now.
	Now func() time.Time
}

const (
	minMaxBytes = 8 << 20
	walLimit    = 8 << 20 // what the log is cut to when it was longer, in bytes
	readers     = 4       // connections that read at the same time
)

var (
	defaultKeep      = [NumLevels]time.Duration{48 * time.Hour, 14 * 24 * time.Hour, 90 * 24 * time.Hour, 730 * 24 * time.Hour}
	defaultFrameSize = [NumLevels]int{0, 64 << 10, 128 << 10, 256 << 10}
)

func (c Config) withDefaults() Config {
	for l := range NumLevels {
		if c.Keep[l] == 0 {
			c.Keep[l] = defaultKeep[l]
		}
		if c.FrameSize[l] == 0 {
			c.FrameSize[l] = defaultFrameSize[l]
		}
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 2 << 30
	}
	if c.BusyTimeout == 0 {
		c.BusyTimeout = 5 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Validate says what is wrong with c.
func (c Config) Validate() error {
	c = c.withDefaults()
	if c.MaxBytes < minMaxBytes {
		return fmt.Errorf("store size limit of %d bytes: choose at least %d", c.MaxBytes, minMaxBytes)
	}
	for l := Raw; l < NumLevels; l++ {
		if c.Keep[l] < 0 || l > Raw && c.Keep[l] < c.Keep[l-1] {
			return fmt.Errorf("%s windows are kept for %s: choose at least what finer ones are kept for", l, c.Keep[l])
		}
		if l == Raw {
			continue
		}
		if err := summaries.CheckFrameSize(c.FrameSize[l]); err != nil {
			return fmt.Errorf("frame size of %s windows: %w", l, err)
		}
	}
	return nil
}

// Store is an open history. It is safe for use by several goroutines.
type Store struct {
	path   string
	cfg    Config
	writer *sql.DB // of one connection
	reader *sql.DB
	packer packer

	maintaining sync.Mutex // held by Maintain
	programsAt  int64      // where collecting unused programs goes on; guarded by maintaining

	mu    sync.Mutex
	stats Stats
}

// Open opens the store at path, or makes one where there is nothing. A file that is not a
// store, or a damaged one, is left as it is. The error wraps ErrForeign, ErrNewer, ErrDamaged,
// ErrLocked or ErrFull where it is one of these.
func Open(path string, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	ctx := context.Background()
	if err := prepare(ctx, path); err != nil {
		return nil, err
	}
	s := &Store{path: path, cfg: cfg}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// open connects to the file that prepare has looked at.
func (s *Store) open(ctx context.Context) (err error) {
	if s.packer, err = newPacker(); err != nil {
		return err
	}
	if s.writer, err = connect(s.path, s.cfg.BusyTimeout, true); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	if err := migrate(ctx, s.writer, s.path); err != nil {
		return err
	}
	if s.reader, err = connect(s.path, s.cfg.BusyTimeout, false); err != nil {
		return err
	}
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	return nil
}

// Close closes the store. Nobody may use it meanwhile.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.reader, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	s.packer.close()
	return errors.Join(errs...)
}

// Path is the absolute path of the store's file.
func (s *Store) Path() string { return s.path }

// change runs f in a transaction that no other writer can be in. All of it happens or
// nothing.
func (s *Store) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return explain(s.path, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing, after a commit
	if err := f(tx); err != nil {
		return explain(s.path, err)
	}
	return explain(s.path, tx.Commit())
}

// view runs f in a transaction that sees one state of the store.
func (s *Store) view(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return explain(s.path, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing, after a commit
	return explain(s.path, f(tx))
}

// release closes what was only read from: what was wrong with it has shown before.
func release(c io.Closer) { c.Close() }
