package store

import (
	"context"
	"database/sql"
	"fmt"

	"summarizer/summaries"
)

// perWindow visits the windows that cover a query's range, with what the filter leaves of
// their events. It reads heads where these can tell, else rows, else frames.
func (s *Store) perWindow(ctx context.Context, q *Query, coarsest Level, a *Answer, visit func(*window, Count, *summaries.Kinds)) error {
	if err := q.validate(); err != nil {
		return err
	}
	f := &q.Filter
	return s.view(ctx, func(tx *sql.Tx) error {
		whom, err := targetOf(ctx, tx, f)
		if err != nil {
			return err
		}
		if f.byFrames() && coarsest == Day {
			if coarsest, err = affordable(ctx, tx, q.Range); err != nil {
				return err
			}
		}
		list, answer, err := heads(ctx, tx, q, coarsest)
		if err != nil {
			return err
		}
		*a = answer
		switch {
		case f.byFrames():
			return s.perFrame(ctx, tx, f, whom, list, visit)
		case f.byRows():
			return perRow(ctx, tx, q, coarsest, whom, list, visit)
		}
		for i := range list {
			kinds := f.keep(&list[i].kinds)
			visit(&list[i], Count{f.count(list[i].events, &kinds), 0}, &kinds)
		}
		return nil
	})
}

func (s *Store) perFrame(ctx context.Context, tx *sql.Tx, f *Filter, whom *target, list []window, visit func(*window, Count, *summaries.Kinds)) error {
	return s.scan(ctx, tx, list, func(w *window, sum *summaries.Summary) error {
		b := newBounds()
		b.add(sum, f.Process != nil)
		var total tally
		missed := b.of(whom)
		f.families(sum, func(fam *family) {
			in, maybe := f.sumPaths(fam.paths)
			total.events = plus(total.events, in.events)
			addAll(total.kinds[:], in.kinds[:])
			missed = plus(missed, maybe)
		})
		visit(w, Count{total.events, missed}, &total.kinds)
		return nil
	})
}

// row is what the rows of one window say of the origin or program that a filter is about.
type row struct {
	listed   bool
	events   uint64
	missed   uint64
	kinds    summaries.Kinds
	origin   bool // the origin is listed
	unlisted uint64
	machine  uint64
}

// count is what the target did: the rule is that of bounds, for one window.
func (r *row) count(whom *target, f *Filter) Count {
	switch {
	case whom.program == nil:
		return Count{f.count(r.events, &r.kinds), r.machine}
	case r.listed:
		return Count{f.count(r.events, &r.kinds), r.missed}
	case r.origin:
		return Count{0, r.unlisted}
	}
	return Count{0, r.machine}
}

func perRow(ctx context.Context, tx *sql.Tx, q *Query, coarsest Level, whom *target, list []window, visit func(*window, Count, *summaries.Kinds)) error {
	pieces, _, err := cover(ctx, tx, q.Range, coarsest)
	if err != nil {
		return err
	}
	rows := map[int64]*row{}
	for i := range pieces {
		if err := readOrigins(ctx, tx, &pieces[i], whom, rows); err != nil {
			return fmt.Errorf("reading origins: %w", err)
		}
		if whom.program == nil {
			continue
		}
		if err := readPrograms(ctx, tx, &pieces[i], *whom.program, rows); err != nil {
			return fmt.Errorf("reading programs: %w", err)
		}
	}
	for i := range list {
		r := rows[list[i].id]
		if r == nil {
			r = new(row)
		}
		kinds := q.Filter.keep(&r.kinds)
		visit(&list[i], r.count(whom, &q.Filter), &kinds)
	}
	return nil
}

// originQuery and programQuery read the rows of one member. Left to itself SQLite reads those
// of everybody in the range, by the primary key: INDEXED BY and CROSS JOIN leave it no choice.
const (
	originQuery = `SELECT r.window, r.events, r.kinds, r.unlisted_max FROM origins AS o CROSS JOIN origin_rows AS r INDEXED BY origin_rows_by_origin ON r.origin = o.id
WHERE o.name = ? AND r.level = ? AND r.start_ns >= ? AND r.start_ns < ?`
	programQuery = `SELECT r.window, r.events, r.kinds, r.missed_max FROM programs AS p CROSS JOIN program_rows AS r INDEXED BY program_rows_by_program ON r.program = p.id
WHERE p.key = ? AND r.level = ? AND r.start_ns >= ? AND r.start_ns < ?`
)

// readOrigins reads what the windows of a piece say of the target's origin, and of the
// origins that were folded.
func readOrigins(ctx context.Context, tx *sql.Tx, p *piece, whom *target, rows map[int64]*row) error {
	for _, name := range []string{whom.origin, othersOfMachine} {
		err := readRows(ctx, tx, originQuery, []byte(name), p, func(window int64, events, bound uint64, kinds summaries.Kinds) {
			r := entry(rows, window)
			if name == othersOfMachine {
				r.machine = bound
			}
			if name != whom.origin {
				return
			}
			r.origin, r.unlisted = true, bound
			if whom.program == nil {
				r.events, r.kinds = events, kinds
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func readPrograms(ctx context.Context, tx *sql.Tx, p *piece, key programKey, rows map[int64]*row) error {
	return readRows(ctx, tx, programQuery, key[:], p, func(window int64, events, bound uint64, kinds summaries.Kinds) {
		r := entry(rows, window)
		r.listed, r.events, r.missed, r.kinds = true, events, bound, kinds
	})
}

func readRows(ctx context.Context, tx *sql.Tx, query string, name []byte, p *piece, visit func(window int64, events, bound uint64, kinds summaries.Kinds)) error {
	rows, err := tx.QueryContext(ctx, query, name, p.level, p.From, p.To)
	if err != nil {
		return err
	}
	defer release(rows)
	for rows.Next() {
		var window, events, bound int64
		var packed sql.RawBytes
		var kinds summaries.Kinds
		if err := rows.Scan(&window, &events, &packed, &bound); err != nil {
			return err
		}
		if err := readCounts(kinds[:], packed); err != nil {
			return err
		}
		visit(window, uint64(events), uint64(bound), kinds)
	}
	return rows.Err()
}
