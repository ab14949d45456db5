package store

import (
	"context"
	"database/sql"
	"fmt"
)

// piece is a set of stored windows: those of a level that start in a range, or of these the
// ones that no other counts.
type piece struct {
	level Level
	Range
	open bool
}

// cover finds windows that count every event of the range once, none coarser than a level
// unless finer ones were deleted. It returns the range that they really cover.
//
// A window of level l is used if its whole bucket lies within the range, and if it is in no
// parent that is used. As whole is what lies within [ceil(From), floor(To)) of its level,
// the ranges are nested, and a parent is used exactly if the child starts in the range of
// the level above.
func cover(ctx context.Context, tx *sql.Tx, r Range, coarsest Level) (pieces []piece, really Range, err error) {
	horizons, err := readHorizons(ctx, tx)
	if err != nil {
		return nil, r, err
	}
	r = Range{clampTime(r.From), clampTime(r.To)}
	really = widen(r, &horizons)
	var over Range // of the level above
	for l := Day; l >= Raw; l-- {
		own := Range{l.ceil(really.From), l.floor(really.To)}
		if l > coarsest { // only where there is nothing finer
			own.To = min(own.To, max(horizons[l-1], own.From))
		}
		if own.From >= own.To {
			continue // what is above is empty too
		}
		if over.From >= over.To {
			over = Range{own.From, own.From}
		}
		for _, p := range []piece{{l, Range{own.From, over.From}, false}, {l, over, true}, {l, Range{over.To, own.To}, false}} {
			if p.From < p.To {
				pieces = append(pieces, p)
			}
		}
		over = own
	}
	return pieces, really, nil
}

func readHorizons(ctx context.Context, tx *sql.Tx) (horizons [NumLevels]int64, err error) {
	for l := range horizons {
		if err := tx.QueryRowContext(ctx, "SELECT horizon FROM levels WHERE level = ?", l).Scan(&horizons[l]); err != nil {
			return horizons, fmt.Errorf("reading the horizon of %s windows: %w", Level(l), err)
		}
	}
	return horizons, nil
}

// widen moves the borders of a range outwards to those of the windows that are there.
func widen(r Range, horizons *[NumLevels]int64) Range {
	at := func(t int64) Level {
		l := Raw
		for l < Day && t < horizons[l] {
			l++
		}
		return l
	}
	return Range{at(r.From).floor(r.From), at(r.To).ceil(r.To)}
}

// from is the table and condition of a piece, for the arguments level, From and To. Left to
// itself SQLite looks for open windows among all of the range.
func (p *piece) from() string {
	if p.open {
		return "FROM windows INDEXED BY windows_open WHERE level = ?1 AND start_ns >= ?2 AND start_ns < ?3 AND parent IS NULL"
	}
	return "FROM windows WHERE level = ?1 AND start_ns >= ?2 AND start_ns < ?3"
}

// headsQuery reads the heads of a piece.
func (p *piece) headsQuery() string {
	return "SELECT start_ns, id, end_ns, source, lower_bound, payload, events, kinds, ledger " + p.from() + " ORDER BY start_ns, id"
}

// heads reads the heads of the windows that cover a range, of one machine or all.
func heads(ctx context.Context, tx *sql.Tx, q *Query, coarsest Level) (list []window, a Answer, err error) {
	pieces, really, err := cover(ctx, tx, q.Range, coarsest)
	if err != nil {
		return nil, a, err
	}
	a.Range = really
	sources, err := sourcesOf(ctx, tx, q.Filter.Machine)
	if err != nil {
		return nil, a, err
	}
	for i := range pieces {
		if list, err = appendHeads(ctx, tx, list, &pieces[i], sources); err != nil {
			return nil, a, fmt.Errorf("reading windows: %w", err)
		}
	}
	for i := range list {
		a.Coarsest = max(a.Coarsest, list[i].level)
		a.LowerBound = a.LowerBound || list[i].lowerBound
	}
	a.Windows = len(list)
	return list, a, nil
}

// appendHeads appends the heads of a piece, of the given sources; nil: of all.
func appendHeads(ctx context.Context, tx *sql.Tx, list []window, p *piece, sources map[int64]bool) ([]window, error) {
	rows, err := tx.QueryContext(ctx, p.headsQuery(), p.level, p.From, p.To)
	if err != nil {
		return list, err
	}
	defer release(rows)
	for rows.Next() {
		w := window{level: p.level}
		var events int64
		var kinds, ledger sql.RawBytes
		if err := rows.Scan(&w.start, &w.id, &w.end, &w.source, &w.lowerBound, &w.payload, &events, &kinds, &ledger); err != nil {
			return list, err
		}
		if sources != nil && !sources[w.source] {
			continue
		}
		w.events = uint64(events)
		if err := readCounts(w.kinds[:], kinds); err != nil {
			return list, err
		}
		if w.ledger, err = unpackLedger(ledger); err != nil {
			return list, err
		}
		list = append(list, w)
	}
	return list, rows.Err()
}

// sourcesOf are the sources of a machine; nil, which means all, where it is empty.
func sourcesOf(ctx context.Context, tx *sql.Tx, machine string) (map[int64]bool, error) {
	if machine == "" {
		return nil, nil
	}
	rows, err := tx.QueryContext(ctx, "SELECT id FROM sources WHERE machine = ?", []byte(machine))
	if err != nil {
		return nil, err
	}
	defer release(rows)
	sources := map[int64]bool{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		sources[id] = true
	}
	return sources, rows.Err()
}

// What a query over frames may cost: the payload of its windows, and what each window adds.
const (
	frameBudget = 8 << 20
	windowCost  = 8 << 10
)

// affordable is the finest level whose windows a query over frames can read in time. Longer
// ranges are not even tried: counting the windows would take longer than reading frames.
func affordable(ctx context.Context, tx *sql.Tx, r Range) (Level, error) {
	longest := [NumLevels]int64{6 * buckets[Hour], 3 * buckets[Day], 90 * buckets[Day]}
	for l := Raw; l < Day; l++ {
		if uint64(r.To-r.From) > uint64(longest[l]) {
			continue
		}
		pieces, _, err := cover(ctx, tx, r, l)
		if err != nil {
			return l, err
		}
		var total int64
		for i := range pieces {
			var cost int64
			if err := tx.QueryRowContext(ctx, pieces[i].costQuery(), pieces[i].level, pieces[i].From, pieces[i].To, windowCost).Scan(&cost); err != nil {
				return l, fmt.Errorf("counting windows: %w", err)
			}
			total += cost
		}
		if total <= frameBudget {
			return l, nil
		}
	}
	return Day, nil
}

func (p *piece) costQuery() string {
	return "SELECT coalesce(sum(payload + ?4), 0) " + p.from()
}
