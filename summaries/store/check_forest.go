package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"summarizer/summaries"
)

// parts are what the windows add up to that name one as their parent.
type parts struct {
	n      int64
	bucket int64
	of     source
	events uint64
	kinds  summaries.Kinds
	ledger summaries.Ledger
}

// checkWindows reads all windows, finer ones first: a parent is seen after its children.
func (c *checker) checkWindows(ctx context.Context) error {
	for l := Raw; l < NumLevels; l++ {
		counted := map[int64]*parts{}
		// Not in the order of time, but in that of numbers, which must not overlap.
		query := `SELECT w.start_ns, w.id, w.end_ns, w.source, w.first_seq, w.last_seq, w.parent, w.children, w.huge, w.end_reason,
			w.lower_bound, w.payload, w.events, w.kinds, w.ledger, f.packed
			FROM windows AS w LEFT JOIN frames AS f ON f.window = w.id WHERE w.level = ? ORDER BY w.source, w.first_seq`
		err := c.each(ctx, query, []any{l}, func(rows *sql.Rows) error {
			w, parent, packed, err := scanWindow(rows, l)
			if err != nil {
				return err
			}
			c.report.Windows[l]++
			c.report.Events[l] = plus(c.report.Events[l], w.events)
			c.checkFrame(ctx, w, packed)
			c.checkParts(w)
			if l == Raw {
				c.checkNumbers(ctx, w)
			}
			if parent.Valid {
				c.addPart(counted, parent.Int64, w)
			}
			return nil
		})
		if err != nil {
			return err
		}
		c.reportMissing(l)
		c.parts = counted
	}
	c.reportMissing(NumLevels)
	return nil
}

func scanWindow(rows *sql.Rows, l Level) (w *window, parent sql.NullInt64, packed []byte, err error) {
	w = &window{level: l}
	var first, seq, events int64
	var kinds, ledger []byte
	if err := rows.Scan(&w.start, &w.id, &w.end, &w.source, &first, &seq, &parent, &w.children, &w.huge, &w.endReason,
		&w.lowerBound, &w.payload, &events, &kinds, &ledger, &packed); err != nil {
		return nil, parent, nil, err
	}
	w.first, w.seq, w.events = uint64(first), uint64(seq), uint64(events)
	if err := readCounts(w.kinds[:], kinds); err != nil {
		return nil, parent, nil, err
	}
	w.ledger, err = unpackLedger(ledger)
	return w, parent, packed, err
}

// checkFrame looks whether the frame can be read, and head and rows say what it says.
func (c *checker) checkFrame(ctx context.Context, w *window, packed []byte) {
	sum, err := c.packer.summary(packed)
	if err != nil {
		c.report.problem("window %d: its frame: %v", w.id, err)
		return
	}
	want, err := newWindow(w.level, sum, w.payload)
	if err != nil {
		c.report.problem("window %d: %v", w.id, err)
		return
	}
	want.id, want.source, want.children = w.id, w.source, w.children
	if *want != *w {
		c.report.problem("window %d: its head is %+v, its frame says %+v", w.id, *w, *want)
	}
	of := sourceOf(&sum.Machine)
	if w.level > Raw {
		of = of.rollUp()
	}
	if of != c.sources[w.source] {
		c.report.problem("window %d: it is of %+v, its frame says %+v", w.id, c.sources[w.source], of)
	}
	origins, programs := rowsOf(sum)
	c.compareRows(ctx, w, "origins", originRowsQuery, func(want map[string]rowValue) {
		for _, r := range origins {
			want[r.name] = rowValue{r.count, r.unlisted, r.kinds}
		}
	})
	c.compareRows(ctx, w, "programs", programRowsQuery, func(want map[string]rowValue) {
		for _, r := range programs {
			key, _ := r.program.ID.key() // made by keyOf
			want[string(key[:])] = rowValue{r.count, r.missed, r.kinds}
		}
	})
}

type rowValue struct {
	events, bound uint64
	kinds         summaries.Kinds
}

const (
	originRowsQuery = `SELECT o.name, r.events, r.unlisted_max, r.kinds FROM origin_rows AS r JOIN origins AS o ON o.id = r.origin
WHERE r.level = ? AND r.start_ns = ? AND r.window = ?`
	programRowsQuery = `SELECT p.key, r.events, r.missed_max, r.kinds FROM program_rows AS r JOIN programs AS p ON p.id = r.program
WHERE r.level = ? AND r.start_ns = ? AND r.window = ?`
)

func (c *checker) compareRows(ctx context.Context, w *window, name, query string, fill func(map[string]rowValue)) {
	want, have := map[string]rowValue{}, map[string]rowValue{}
	fill(want)
	err := c.each(ctx, query, []any{w.level, w.start, w.id}, func(rows *sql.Rows) error {
		var key, kinds []byte
		var events, bound int64
		if err := rows.Scan(&key, &events, &bound, &kinds); err != nil {
			return err
		}
		v := rowValue{events: uint64(events), bound: uint64(bound)}
		err := readCounts(v.kinds[:], kinds)
		have[string(key)] = v
		return err
	})
	if err != nil {
		c.report.problem("window %d: reading its %s: %v", w.id, name, err)
	} else if !maps.Equal(want, have) {
		c.report.problem("window %d: its rows of %s are not those of its frame", w.id, name)
	}
}

// checkNumbers looks whether a raw window overlaps the one before, and is in a run.
func (c *checker) checkNumbers(ctx context.Context, w *window) {
	if c.before.source == w.source && w.first <= c.before.seq {
		c.report.problem("windows %d and %d overlap: %d to %d, %d to %d", c.before.id, w.id, c.before.first, c.before.seq, w.first, w.seq)
	}
	c.before = *w
	r, err := runAt(ctx, c.tx, w.source, w.first)
	if err != nil || r == nil || r.last < w.seq {
		c.report.problem("window %d: its numbers %d to %d are not recorded (%v)", w.id, w.first, w.seq, err)
	}
}

func (c *checker) addPart(counted map[int64]*parts, parent int64, w *window) {
	p := counted[parent]
	bucket := min(w.level+1, Day).floor(w.start)
	of := c.sources[w.source].rollUp()
	if p == nil {
		p = &parts{bucket: bucket, of: of}
		counted[parent] = p
	}
	if p.bucket != bucket || p.of != of {
		c.report.problem("window %d: it is counted in %d with windows of another bucket or boot", w.id, parent)
	}
	p.n++
	p.events = plus(p.events, w.events)
	addAll(p.kinds[:], w.kinds[:])
	addLedger(&p.ledger, &w.ledger)
}

// checkParts looks whether a window counts what its children count. Where some of them were
// deleted it counts no less.
func (c *checker) checkParts(w *window) {
	p := c.parts[w.id]
	delete(c.parts, w.id)
	if (w.level == Raw) != (w.children == 0) {
		c.report.problem("window %d: a %s window of %d parts", w.id, w.level, w.children)
	}
	if w.level == Raw {
		return
	}
	if p == nil {
		p = &parts{bucket: w.level.floor(w.start), of: c.sources[w.source]}
	}
	switch {
	case p.n < w.children && p.bucket >= c.horizons[w.level-1]:
		c.report.problem("window %d: it counts %d windows, %d are there", w.id, w.children, p.n)
	case w.level.floor(w.start) != p.bucket || c.sources[w.source] != p.of:
		c.report.problem("window %d: it counts windows of another bucket or boot", w.id)
	case p.n > w.children:
		c.report.problem("window %d: %d windows are counted in it, it says %d", w.id, p.n, w.children)
	case p.n == w.children && (p.events != w.events || p.kinds != w.kinds || !sameCounts(&p.ledger, &w.ledger)):
		c.report.problem("window %d: it counts %d events, its parts have %d", w.id, w.events, p.events)
	case p.n < w.children && p.events > w.events:
		c.report.problem("window %d: it counts %d events, some of its parts have %d", w.id, w.events, p.events)
	}
}

// sameCounts compares ledgers but for FoldedUp, to which a merge adds what it folds.
func sameCounts(a, b *summaries.Ledger) bool {
	x, y := *a, *b
	x.FoldedUp, y.FoldedUp = summaries.FoldedUp{}, summaries.FoldedUp{}
	return x == y
}

// reportMissing names the parents, of level l, that were not found.
func (c *checker) reportMissing(l Level) {
	for _, id := range slices.Sorted(maps.Keys(c.parts)) {
		c.report.problem("window %d: %d windows are counted in it, but there is no %s window of that number", id, c.parts[id].n, l)
	}
	c.parts = nil
}
