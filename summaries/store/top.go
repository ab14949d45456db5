package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"summarizer/summaries"
)

// Group is what a Table has one row for.
type Group int

const (
	ByOrigin Group = iota
	ByProgram
	ByProcess
	// ByFile lists files. What was folded into directories is in Folded.
	ByFile
	// ByDirectory lists directories, each with the files in it that were listed, not those
	// further below, and what was folded into it from wherever below.
	ByDirectory
	// ByEntry lists what is in one directory, the PathPrefix of the filter ("/" where it is
	// empty): files, and directories with all that is known to be below them.
	ByEntry
)

// Table is how the events of a query are spread: Total.Events is the sum over Rows, and Cut
// and Folded.
type Table struct {
	Answer
	Total Count
	Rows  []Row
	// Cut are the events of rows beyond the limit, and CutRows how many there are.
	Cut     uint64
	CutRows int
	// Folded are events that are known, but not which row they belong to.
	Folded uint64
	// UnlistedMax says that nobody without a row here had more events.
	UnlistedMax uint64
}

// Row is one member. What does not apply to its group is zero.
type Row struct {
	Origin  string
	Program *Program
	Process *ProcessInfo
	Path    []byte // a directory ends in '/'
	PathLen int    // more than len(Path) where the middle was elided
	// Files is how many different files the row of a path stands for at most: those listed,
	// and those folded up in each window, among which the same may be in several.
	Files uint64
	Count
	Kinds       summaries.Kinds
	First, Last int64 // of the events counted
}

// ProcessInfo is a process as a window told it.
type ProcessInfo struct {
	Process
	Machine   string
	PPID      int32
	EUID      uint32
	Container string
}

// collector adds up windows and makes rows of them.
type collector interface {
	add(s *summaries.Summary, f *Filter)
	finish(t *Table, b *bounds, outer uint64)
}

// Top lists the members of a group by falling events.
func (s *Store) Top(ctx context.Context, q Query, by Group) (*Table, error) {
	tables, err := s.Tops(ctx, q, by)
	if err != nil {
		return nil, err
	}
	return tables[0], nil
}

// Tops is Top for several groups at once, which costs little more than one.
func (s *Store) Tops(ctx context.Context, q Query, by ...Group) (tables []*Table, err error) {
	if err := q.validate(); err != nil {
		return nil, err
	}
	var collectors []collector
	byProcess := q.Filter.Process != nil
	for _, g := range by {
		byProcess = byProcess || g == ByProcess
		switch g {
		case ByOrigin, ByProgram, ByProcess:
			collectors = append(collectors, newMembers(g))
		case ByFile, ByDirectory, ByEntry:
			collectors = append(collectors, newPaths(g, &q.Filter))
		default:
			return nil, fmt.Errorf("listing by group %d: choose one that exists", g)
		}
	}
	err = s.view(ctx, func(tx *sql.Tx) error {
		tables, err = s.collectTables(ctx, tx, &q, collectors, byProcess)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing what happened: %w", err)
	}
	return tables, nil
}

func (s *Store) collectTables(ctx context.Context, tx *sql.Tx, q *Query, collectors []collector, byProcess bool) ([]*Table, error) {
	whom, err := targetOf(ctx, tx, &q.Filter)
	if err != nil {
		return nil, err
	}
	level, err := affordable(ctx, tx, q.Range)
	if err != nil {
		return nil, err
	}
	list, answer, err := heads(ctx, tx, q, level)
	if err != nil {
		return nil, err
	}
	b := newBounds()
	err = s.scan(ctx, tx, list, func(_ *window, sum *summaries.Summary) error {
		var adding sync.WaitGroup
		for _, c := range collectors { // each has what it needs to itself
			adding.Go(func() { c.add(sum, &q.Filter) })
		}
		b.add(sum, byProcess)
		adding.Wait()
		return nil
	})
	if err != nil {
		return nil, err
	}
	tables, outer := make([]*Table, len(collectors)), b.of(whom)
	var finishing sync.WaitGroup
	for i, c := range collectors {
		tables[i] = &Table{Answer: answer}
		finishing.Go(func() {
			c.finish(tables[i], b, outer)
			tables[i].cut(q.limit())
		})
	}
	finishing.Wait()
	return tables, nil
}

func (q *Query) limit() int {
	if q.Limit <= 0 {
		return 100
	}
	return q.Limit
}

// cut keeps the first rows.
func (t *Table) cut(limit int) {
	for i := limit; i < len(t.Rows); i++ {
		t.Cut = plus(t.Cut, t.Rows[i].Events)
		t.CutRows++
		t.UnlistedMax = max(t.UnlistedMax, t.Rows[i].Max())
	}
	t.Rows = t.Rows[:min(limit, len(t.Rows))]
}

// targetOf looks up whom a filter is about.
func targetOf(ctx context.Context, tx *sql.Tx, f *Filter) (*target, error) {
	t := &target{origin: f.Origin, process: f.Process}
	if f.Program == "" {
		return t, nil
	}
	key, err := f.Program.key()
	if err != nil {
		return nil, err
	}
	t.program = &key
	var origin []byte
	err = tx.QueryRowContext(ctx, "SELECT o.name FROM programs AS p JOIN origins AS o ON o.id = p.origin WHERE p.key = ?", key[:]).Scan(&origin)
	if err == sql.ErrNoRows {
		return nil, fmt.Errorf("program %s: %w: choose one that a query has listed", f.Program, ErrUnknown)
	}
	t.origin = string(origin)
	return t, err
}

// TopPrograms lists programs.
func (s *Store) TopPrograms(ctx context.Context, q Query) (*Table, error) {
	return s.Top(ctx, q, ByProgram)
}

// TopProcesses lists processes.
func (s *Store) TopProcesses(ctx context.Context, q Query) (*Table, error) {
	return s.Top(ctx, q, ByProcess)
}

// TopPaths lists files.
func (s *Store) TopPaths(ctx context.Context, q Query) (*Table, error) { return s.Top(ctx, q, ByFile) }

// TopDirectories lists directories, without what is listed further below them.
func (s *Store) TopDirectories(ctx context.Context, q Query) (*Table, error) {
	return s.Top(ctx, q, ByDirectory)
}

// Drill goes one step down from what the filter names: origins, then programs, processes,
// and from there the entries of the directory that PathPrefix is.
func (s *Store) Drill(ctx context.Context, q Query) (*Table, error) {
	switch f := &q.Filter; {
	case f.PathPrefix != "" || f.Process != nil:
		return s.Top(ctx, q, ByEntry)
	case f.Program != "":
		return s.Top(ctx, q, ByProcess)
	case f.Origin != "":
		return s.Top(ctx, q, ByProgram)
	}
	return s.Top(ctx, q, ByOrigin)
}
