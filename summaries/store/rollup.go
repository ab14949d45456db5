package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	// grace is how long after its end a bucket is rolled up: time for its last window to come.
	grace = int64(30 * time.Second)
	// rollUpBatch is how many windows are looked up at a time.
	rollUpBatch = 1024
	// maxMerge and maxMergeBytes bound one merge, in windows and in bytes of their payloads:
	// an hour of full minutes. What is more goes into the same parent by another merge.
	maxMerge      = 256
	maxMergeBytes = 4 << 20
)

// member is a window that nobody counts yet, and that is about to be.
type member struct {
	id, start int64
	huge      bool
	payload   int
	rollUp    source // of the window that will count it
}

// rollUp counts every window whose bucket is over in a window one level up.
func (s *Store) rollUp(ctx context.Context, now int64) error {
	var errs []error
	for l := Raw; l < Day; l++ {
		up := l + 1
		last := member{id: math.MaxInt64, start: math.MinInt64}
		for {
			batch, err := s.openWindows(ctx, l, last, up.floor(clampTime(now-grace)))
			if err != nil || len(batch) == 0 {
				errs = append(errs, err)
				break
			}
			for _, group := range groups(up, batch) {
				errs = append(errs, s.merge(ctx, up, group))
			}
			last = batch[len(batch)-1]
		}
		if err := errors.Join(errs...); ctx.Err() != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// openQuery finds windows that no other counts, by the partial index windows_open.
const openQuery = `SELECT w.id, w.start_ns, w.huge, w.payload, s.machine, s.boot FROM windows AS w INDEXED BY windows_open CROSS JOIN sources AS s ON s.id = w.source
WHERE w.level = ?1 AND w.parent IS NULL AND w.start_ns >= ?2 AND (w.start_ns, w.id) > (?2, ?3) AND w.start_ns < ?4
ORDER BY w.start_ns, w.id LIMIT ?5`

// openWindows reads windows of a level that nobody counts: those behind last that start
// before end, a batch at a time.
func (s *Store) openWindows(ctx context.Context, l Level, last member, end int64) (batch []member, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, openQuery, l, last.start, last.id, end, rollUpBatch)
		if err != nil {
			return err
		}
		defer release(rows)
		for rows.Next() {
			var m member
			var machine, boot []byte
			if err := rows.Scan(&m.id, &m.start, &m.huge, &m.payload, &machine, &boot); err != nil {
				return err
			}
			m.rollUp = source{string(machine), string(boot), ""}
			batch = append(batch, m)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("looking for windows to roll up: %w", err)
	}
	return batch, nil
}

// groups splits windows into those that become one: of one bucket and one boot, not too much
// for one merge, and a huge one by itself.
func groups(up Level, batch []member) (all [][]member) {
	type key struct {
		bucket int64
		of     source
	}
	open := map[key]int{} // index in all of the group that takes more, and below its bytes
	var bytes []int
	for _, m := range batch {
		k := key{up.floor(m.start), m.rollUp}
		at, ok := open[k]
		if !ok || m.huge || len(all[at]) == maxMerge || bytes[at]+m.payload > maxMergeBytes {
			at = len(all)
			all, bytes = append(all, nil), append(bytes, 0)
		}
		if !m.huge {
			open[k] = at
		}
		all[at], bytes[at] = append(all[at], m), bytes[at]+m.payload
	}
	return all
}
