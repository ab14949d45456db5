package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"
)

// Stats are the numbers of a store for metrics. The first group counts since Open, the
// second one is read from the store.
type Stats struct {
	Ingested      uint64            // windows stored
	Duplicates    uint64            // windows that were there already
	Overlaps      uint64            // windows refused with ErrOverlap
	Failures      uint64            // windows not stored for any other reason
	LastIngest    time.Duration     // how long the last Ingest took
	Merged        [NumLevels]uint64 // windows counted in one of the level above
	Maintained    uint64            // times that Maintain ran to its end
	MaintainFails uint64            // times that it did not, or had something to complain of
	LongestStep   time.Duration     // longest time that Maintain kept Ingest waiting

	FileBytes      int64             // size of the file
	FreeBytes      int64             // part of it that nothing uses
	LogBytes       int64             // size of the log beside it
	Windows        [NumLevels]uint64 // windows there
	DeletedWindows [NumLevels]uint64 // by retention, ever
	DeletedEvents  [NumLevels]uint64 // of deleted windows; those of Day are gone, others are in the level above
	Refused        uint64            // windows refused with ErrOverlap, ever
}

// Stats reads the numbers.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	s.mu.Lock()
	st := s.stats
	s.mu.Unlock()
	err := s.view(ctx, func(tx *sql.Tx) error {
		pages, free, size, err := pageCounts(ctx, tx)
		if err != nil {
			return err
		}
		st.FileBytes, st.FreeBytes = pages*size, free*size
		var refused int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(sum(refused), 0) FROM sources").Scan(&refused); err != nil {
			return err
		}
		st.Refused = uint64(refused)
		return readLevels(ctx, tx, &st)
	})
	if err != nil {
		return st, fmt.Errorf("reading the store's numbers: %w", err)
	}
	if info, err := os.Stat(s.path + "-wal"); err == nil {
		st.LogBytes = info.Size()
	}
	return st, nil
}

func readLevels(ctx context.Context, tx *sql.Tx, st *Stats) error {
	for l := Raw; l < NumLevels; l++ {
		var windows, deleted, events int64
		err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM windows WHERE level = ?1), deleted_windows, deleted_events
			FROM levels WHERE level = ?1`, l).Scan(&windows, &deleted, &events)
		if err != nil {
			return err
		}
		st.Windows[l], st.DeletedWindows[l], st.DeletedEvents[l] = uint64(windows), uint64(deleted), uint64(events)
	}
	return nil
}

// querier is what both transactions and connections can do.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// pageCounts are the pages of the file, those of them that are free, and the size of one.
func pageCounts(ctx context.Context, q querier) (pages, free, size int64, err error) {
	for pragma, to := range map[string]*int64{"page_count": &pages, "freelist_count": &free, "page_size": &size} {
		if err := q.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(to); err != nil {
			return 0, 0, 0, fmt.Errorf("reading %s: %w", pragma, err)
		}
	}
	return pages, free, size, nil
}

func (s *Store) countIngest(added bool, err error, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.stats
	st.LastIngest = took
	switch {
	case errors.Is(err, ErrOverlap):
		st.Overlaps++
	case err != nil:
		st.Failures++
	case added:
		st.Ingested++
	default:
		st.Duplicates++
	}
}
