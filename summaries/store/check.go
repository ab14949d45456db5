package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Report is what Check found.
type Report struct {
	Path     string
	Bytes    int64             // size of the file
	Windows  [NumLevels]uint64 // windows read, by level
	Events   [NumLevels]uint64 // and their events
	Gaps     uint64            // in the sequence numbers: losses, not damage
	Problems []string          // what is wrong, at most maxProblems of it
	More     int               // problems beyond these
}

const maxProblems = 100

// OK says that nothing is wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) problem(format string, args ...any) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	} else {
		r.More++
	}
}

// Check reads a whole store, which a host may be using, and changes nothing. It looks at the
// database itself, at every frame, and at whether heads and rows say what the frames say,
// sequence numbers overlap, every window is counted in the one above, and roll-ups count
// what their parts do. The error is for a file that cannot be read as a store at all; what
// is wrong within one is in the report.
func Check(path string) (*Report, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("checking a store: %w", err)
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("checking a store: %w: name the file that the host writes", err)
	}
	if err != nil {
		return nil, fmt.Errorf("checking a store: %w", err)
	}
	if err := inspect(path); err != nil {
		return nil, err
	}
	q := url.Values{"_pragma": {"query_only=on", "busy_timeout=5000", "trusted_schema=off"}}
	q.Set("mode", "ro")
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("checking a store: %w", err)
	}
	defer release(db)
	c := &checker{report: &Report{Path: path, Bytes: info.Size()}}
	if c.packer, err = newPacker(); err != nil {
		return nil, err
	}
	defer c.packer.close()
	return c.report, c.run(context.Background(), db)
}

// checker goes over a store in one transaction, so that it sees one state of it.
type checker struct {
	report  *Report
	packer  packer
	tx      *sql.Tx
	sources map[int64]source
	parts   map[int64]*parts // of windows one level up: what their children add up to
	before  window           // the raw window before, of the same source

	horizons [NumLevels]int64
}

func (c *checker) run(ctx context.Context, db *sql.DB) (err error) {
	if c.tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return fmt.Errorf("checking a store: %w", explain(c.report.Path, err))
	}
	defer func() { _ = c.tx.Rollback() }()
	if err := c.checkVersion(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{
		c.checkDatabase, c.checkSources, c.checkRuns, c.checkHorizons, c.checkWindows, c.checkOrphans,
	} {
		if err := part(ctx); err != nil {
			c.report.problem("reading on is not possible: %v", err)
			return nil
		}
	}
	return nil
}

func (c *checker) checkVersion(ctx context.Context) error {
	texts, err := steps()
	if err != nil {
		return err
	}
	var version int
	if err := c.tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("checking a store: %w", explain(c.report.Path, err))
	}
	if version != len(texts) {
		return fmt.Errorf("%w: %s has schema %d, this release checks %d: use the release that wrote it, or open it with this one first",
			ErrNewer, c.report.Path, version, len(texts))
	}
	return nil
}

// checkDatabase is what SQLite can tell: pages, indexes, references.
func (c *checker) checkDatabase(ctx context.Context) error {
	for query, name := range map[string]string{
		"PRAGMA integrity_check(100)": "database",
		"SELECT 'row ' || coalesce(rowid, '?') || ' of ' || \"table\" || ' refers to nothing in ' || parent FROM pragma_foreign_key_check": "references",
	} {
		err := c.each(ctx, query, nil, func(rows *sql.Rows) error {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			if text != "ok" {
				c.report.problem("%s: %s", name, text)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each visits the rows of a query.
func (c *checker) each(ctx context.Context, query string, args []any, visit func(*sql.Rows) error) error {
	rows, err := c.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer release(rows)
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (c *checker) checkSources(ctx context.Context) error {
	c.sources = map[int64]source{}
	return c.each(ctx, "SELECT id, machine, boot, session FROM sources", nil, func(rows *sql.Rows) error {
		var id int64
		var machine, boot, session []byte
		err := rows.Scan(&id, &machine, &boot, &session)
		c.sources[id] = source{string(machine), string(boot), string(session)}
		return err
	})
}

// checkRuns looks whether runs are apart: neighbours would have been joined.
func (c *checker) checkRuns(ctx context.Context) error {
	var last, source int64
	return c.each(ctx, "SELECT source, first_seq, last_seq FROM runs ORDER BY source, first_seq", nil, func(rows *sql.Rows) error {
		var s, first, end int64
		if err := rows.Scan(&s, &first, &end); err != nil {
			return err
		}
		if first < 1 || end < first || s == source && first <= last+1 {
			c.report.problem("numbers %d to %d of source %d come after %d", first, end, s, last)
		} else if s == source {
			c.report.Gaps++
		}
		source, last = s, end
		return nil
	})
}

func (c *checker) checkHorizons(ctx context.Context) error {
	horizons, err := readHorizons(ctx, c.tx)
	c.horizons = horizons
	for l := Minute; l < NumLevels; l++ {
		if horizons[l] > horizons[l-1] || horizons[l-1] != l.floor(horizons[l-1]) && horizons[l-1] > minTime {
			c.report.problem("%s windows are there from %d ns on, %s windows from %d ns on", l, horizons[l], l-1, horizons[l-1])
		}
	}
	return err
}

// checkOrphans looks for what belongs to no window.
func (c *checker) checkOrphans(ctx context.Context) error {
	for _, table := range []string{"frames", "origin_rows", "program_rows"} {
		var n int64
		query := "SELECT count(*) FROM " + table + " AS t WHERE NOT EXISTS (SELECT 1 FROM windows AS w WHERE w.id = t.window)"
		if err := c.tx.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			c.report.problem("%d rows of %s belong to no window", n, table)
		}
	}
	return nil
}
