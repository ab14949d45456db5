package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"
)

const (
	deleteBatch  = 64   // windows deleted in one transaction
	shrinkPages  = 256  // pages given back in one transaction
	keepFree     = 256  // free pages that stay for what comes next
	collectBatch = 1000 // names looked at in one transaction
)

// retain deletes what is older than its level is kept, in whole buckets of the level above.
func (s *Store) retain(ctx context.Context, now int64) error {
	for l := Raw; l < NumLevels; l++ {
		horizon := min(l+1, Day).floor(clampTime(now - int64(s.cfg.Keep[l])))
		if err := s.raiseHorizon(ctx, l, horizon); err != nil {
			return err
		}
		if err := s.deleteBelow(ctx, l, horizon); err != nil {
			return err
		}
	}
	return nil
}

// raiseHorizon says that level l and all finer ones may have nothing before horizon.
func (s *Store) raiseHorizon(ctx context.Context, l Level, horizon int64) error {
	err := s.step(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE levels SET horizon = ?1 WHERE level <= ?2 AND horizon < ?1", horizon, l)
		return err
	})
	if err != nil {
		return fmt.Errorf("moving the horizon of %s windows: %w", l, err)
	}
	return nil
}

// deletable are windows that may go: another counts them, or nobody ever will.
const deletable = "level = ?1 AND (parent IS NOT NULL OR level = 3)"

// deleteBelow deletes the windows of a level that start before horizon and are counted in
// another one.
func (s *Store) deleteBelow(ctx context.Context, l Level, horizon int64) error {
	for {
		n := 0
		err := s.step(ctx, func(tx *sql.Tx) error {
			old, err := oldest(ctx, tx, l, horizon)
			if err != nil {
				return err
			}
			n = len(old)
			return deleteAll(ctx, tx, l, old)
		})
		if err != nil {
			return fmt.Errorf("deleting %s windows: %w", l, err)
		}
		if n < deleteBatch {
			return nil
		}
	}
}

// oldest are the first windows of a level that may go, of those that start before horizon.
func oldest(ctx context.Context, tx *sql.Tx, l Level, horizon int64) (list []window, err error) {
	rows, err := tx.QueryContext(ctx, oldestQuery, l, horizon, deleteBatch)
	if err != nil {
		return nil, err
	}
	defer release(rows)
	for rows.Next() {
		w := window{level: l}
		var events int64
		if err := rows.Scan(&w.start, &w.id, &events); err != nil {
			return nil, err
		}
		w.events = uint64(events)
		list = append(list, w)
	}
	return list, rows.Err()
}

const oldestQuery = "SELECT start_ns, id, events FROM windows WHERE " + deletable + " AND start_ns < ?2 ORDER BY start_ns LIMIT ?3"

func deleteAll(ctx context.Context, tx *sql.Tx, l Level, list []window) error {
	var windows, events int64
	if err := tx.QueryRowContext(ctx, "SELECT deleted_windows, deleted_events FROM levels WHERE level = ?", l).Scan(&windows, &events); err != nil {
		return err
	}
	for i := range list {
		if err := takeOut(ctx, tx, &list[i], ""); err != nil {
			return err
		}
		events = int64(plus(uint64(events), list[i].events))
	}
	_, err := tx.ExecContext(ctx, "UPDATE levels SET deleted_windows = ?, deleted_events = ? WHERE level = ?", windows+int64(len(list)), events, l)
	return err
}

// limit deletes until the file is not larger than it may be: the oldest windows of the
// finest level that has any to delete, a bucket of the level above at a time.
func (s *Store) limit(ctx context.Context, _ int64) error {
	for {
		pages, free, size, err := pageCounts(ctx, s.reader)
		if err != nil {
			return explain(s.path, err)
		}
		if (pages-free)*size <= s.cfg.MaxBytes-keepFree*size {
			return nil
		}
		l, start, found, err := s.finestDeletable(ctx)
		if err != nil || !found {
			return err
		}
		horizon := min(l+1, Day).floor(start) + buckets[min(l+1, Day)]
		if err := s.raiseHorizon(ctx, l, horizon); err != nil {
			return err
		}
		if err := s.deleteBelow(ctx, l, horizon); err != nil {
			return err
		}
	}
}

const firstDeletableQuery = "SELECT start_ns FROM windows WHERE " + deletable + " ORDER BY start_ns LIMIT 1"

// finestDeletable is where the oldest window that may go starts, in the finest level that
// has one.
func (s *Store) finestDeletable(ctx context.Context) (l Level, start int64, found bool, err error) {
	for l := Raw; l < NumLevels; l++ {
		err := s.reader.QueryRowContext(ctx, firstDeletableQuery, l).Scan(&start)
		if err == nil {
			return l, start, true, nil
		}
		if err != sql.ErrNoRows {
			return 0, 0, false, fmt.Errorf("looking for what may go: %w", explain(s.path, err))
		}
	}
	return 0, 0, false, nil
}

// What forgets names that no row uses. Origins and sources are few, what refers to them is not.
const (
	forgetOrigins = `DELETE FROM origins WHERE NOT EXISTS (SELECT 1 FROM programs AS p WHERE p.origin = origins.id)
AND NOT EXISTS (SELECT 1 FROM origin_rows AS r WHERE r.origin = origins.id)`
	forgetPrograms = `DELETE FROM programs WHERE id > ? AND id <= ?
AND NOT EXISTS (SELECT 1 FROM program_rows AS r WHERE r.program = programs.id)`
	forgetSources = `DELETE FROM sources WHERE refused = 0 AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.source = sources.id)
AND NOT EXISTS (SELECT 1 FROM windows AS w WHERE w.source = sources.id)`
)

// collect forgets the names that no row uses, and numbers as old as the oldest windows may
// be: a tile of that age that came again would be deleted at once.
func (s *Store) collect(ctx context.Context, now int64) error {
	if err := s.collectPrograms(ctx); err != nil {
		return err
	}
	return s.step(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			forgetOrigins,
			fmt.Sprintf("DELETE FROM runs WHERE end_ns < %d", clampTime(now-int64(s.cfg.Keep[Day]))),
			forgetSources,
		} {
			if _, err := tx.ExecContext(ctx, query); err != nil {
				return err
			}
		}
		return nil
	})
}

// collectPrograms looks at some programs more, and starts over when it has seen all.
func (s *Store) collectPrograms(ctx context.Context) error {
	for range 10 {
		var last sql.NullInt64
		err := s.step(ctx, func(tx *sql.Tx) error {
			err := tx.QueryRowContext(ctx, "SELECT max(id) FROM (SELECT id FROM programs WHERE id > ? ORDER BY id LIMIT ?)",
				s.programsAt, collectBatch).Scan(&last)
			if err != nil || !last.Valid {
				return err
			}
			_, err = tx.ExecContext(ctx, forgetPrograms, s.programsAt, last.Int64)
			return err
		})
		if err != nil {
			return err
		}
		s.programsAt = last.Int64
		if !last.Valid {
			return nil
		}
	}
	return nil
}

// shrink gives free pages back to the file system, but for some that the next windows need.
func (s *Store) shrink(ctx context.Context, _ int64) error {
	for before := int64(math.MaxInt64); ; {
		_, free, _, err := pageCounts(ctx, s.reader)
		if err != nil {
			return explain(s.path, err)
		}
		if free <= keepFree || free >= before {
			break
		}
		before = free
		began := time.Now()
		if err := s.incrementalVacuum(ctx, min(free-keepFree, shrinkPages)); err != nil {
			return explain(s.path, err)
		}
		s.mu.Lock()
		s.stats.LongestStep = max(s.stats.LongestStep, time.Since(began))
		s.mu.Unlock()
	}
	if _, err := s.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
		return explain(s.path, err)
	}
	return nil
}

// incrementalVacuum frees pages: one for each row that the statement yields.
func (s *Store) incrementalVacuum(ctx context.Context, pages int64) error {
	rows, err := s.writer.QueryContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", pages))
	if err != nil {
		return err
	}
	defer release(rows)
	for rows.Next() { // to step it is all there is to do
	}
	return rows.Err()
}
