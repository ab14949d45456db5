package store

import (
	"context"
	"database/sql"
	"fmt"
)

// run is a row of the table runs: consecutive numbers of one source.
type run struct {
	first, last uint64
	start, end  int64
}

// The run and the raw window of a source that begin at a number, or last before it.
const (
	runQuery       = "SELECT first_seq, last_seq, start_ns, end_ns FROM runs WHERE source = ? AND first_seq <= ? ORDER BY first_seq DESC LIMIT 1"
	rawWindowQuery = "SELECT first_seq, last_seq FROM windows WHERE source = ? AND first_seq <= ? AND level = 0 ORDER BY first_seq DESC LIMIT 1"
)

// claim takes the numbers of a raw window. known says that they were taken before, by this
// same window; the error wraps ErrOverlap where they were taken by others.
func claim(ctx context.Context, tx *sql.Tx, w *window) (known bool, err error) {
	before, err := runAt(ctx, tx, w.source, w.seq)
	if err != nil {
		return false, err
	}
	if before != nil && before.last >= w.first {
		return knows(ctx, tx, w, before)
	}
	joined := run{w.first, w.seq, w.start, w.end}
	if before != nil && before.last == w.first-1 {
		joined.first, joined.start = before.first, before.start
	}
	after, err := runAt(ctx, tx, w.source, w.seq+1)
	if err != nil {
		return false, err
	}
	if after != nil && after.first == w.seq+1 {
		joined.last, joined.end = after.last, after.end
		if _, err := tx.ExecContext(ctx, "DELETE FROM runs WHERE source = ? AND first_seq = ?", w.source, int64(after.first)); err != nil {
			return false, fmt.Errorf("joining runs: %w", err)
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO runs (source, first_seq, last_seq, start_ns, end_ns) VALUES (?,?,?,?,?)",
		w.source, int64(joined.first), int64(joined.last), joined.start, joined.end)
	if err != nil {
		return false, fmt.Errorf("recording a run: %w", err)
	}
	return false, nil
}

// runAt is the last run that begins at seq or before it; nil where there is none.
func runAt(ctx context.Context, tx *sql.Tx, source int64, seq uint64) (*run, error) {
	var r run
	var first, last int64
	err := tx.QueryRowContext(ctx, runQuery, source, int64(seq)).Scan(&first, &last, &r.start, &r.end)
	if err == sql.ErrNoRows {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for a run: %w", err)
	}
	r.first, r.last = uint64(first), uint64(last)
	return &r, nil
}

// knows tells whether w, whose numbers a run has in part or all, was stored before. Where
// the windows of the run were deleted its numbers are all that is known, and enough: an
// agent numbers nothing twice.
func knows(ctx context.Context, tx *sql.Tx, w *window, r *run) (bool, error) {
	var first, last int64
	err := tx.QueryRowContext(ctx, rawWindowQuery, w.source, int64(w.seq)).Scan(&first, &last)
	switch {
	case err != nil && err != sql.ErrNoRows:
		return false, fmt.Errorf("looking for a window: %w", err)
	case err == nil && uint64(last) >= w.first && (uint64(first) != w.first || uint64(last) != w.seq):
		return false, fmt.Errorf("%w: %d to %d, have %d to %d", ErrOverlap, w.first, w.seq, first, last)
	case r.first > w.first || r.last < w.seq:
		return false, fmt.Errorf("%w: %d to %d, had %d to %d", ErrOverlap, w.first, w.seq, r.first, r.last)
	}
	return true, nil
}

// Gap is a stretch of sequence numbers that no window came for: what was lost, or has not
// arrived yet. An agent that was killed leaves a gap of one number, up to a second.
type Gap struct {
	Machine, Boot, Session string
	First, Last            uint64 // the missing numbers
	// Start is where the window before the gap ends, End where the one behind it begins. What
	// came before the first window of a source is no gap: nobody says it was ever sent here.
	Start, End int64
}

// Gaps are the gaps that touch the range, in the order of source and number, at most limit;
// 0: 1,000.
func (s *Store) Gaps(ctx context.Context, r Range, limit int) (gaps []Gap, err error) {
	if limit <= 0 {
		limit = 1000
	}
	err = s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, gapsQuery, r.From, r.To, limit)
		if err != nil {
			return err
		}
		defer release(rows)
		for rows.Next() {
			var g Gap
			var machine, boot, session []byte
			var first, last int64
			if err := rows.Scan(&machine, &boot, &session, &first, &last, &g.Start, &g.End); err != nil {
				return err
			}
			g.Machine, g.Boot, g.Session = string(machine), string(boot), string(session)
			g.First, g.Last = uint64(first), uint64(last)
			gaps = append(gaps, g)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("reading gaps: %w", err)
	}
	return gaps, nil
}

// gapsQuery pairs each run that ends after a time with the next one of its source.
const gapsQuery = `
SELECT s.machine, s.boot, s.session, g.first, g.last, g.start_ns, g.end_ns FROM (
  SELECT source, last_seq + 1 AS first, end_ns AS start_ns,
    lead(first_seq) OVER same - 1 AS last, lead(start_ns) OVER same AS end_ns
  FROM runs WINDOW same AS (PARTITION BY source ORDER BY first_seq)
) AS g JOIN sources AS s ON s.id = g.source
WHERE g.last IS NOT NULL AND max(g.start_ns, g.end_ns) >= ? AND min(g.start_ns, g.end_ns) < ?
ORDER BY g.source, g.first LIMIT ?`
