package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"sync"

	"summarizer/summaries"
)

// scan decodes the frames of windows and visits them in their order. It stops at the first
// error.
func (s *Store) scan(ctx context.Context, tx *sql.Tx, list []window, visit func(*window, *summaries.Summary) error) error {
	read, err := tx.PrepareContext(ctx, "SELECT packed FROM frames WHERE window = ?")
	if err != nil {
		return fmt.Errorf("reading frames: %w", err)
	}
	defer release(read)
	batch := 4 * runtime.GOMAXPROCS(0)
	for ; len(list) > 0; list = list[min(batch, len(list)):] {
		now := list[:min(batch, len(list))]
		packed := make([][]byte, len(now))
		for i := range now {
			if err := read.QueryRowContext(ctx, now[i].id).Scan(&packed[i]); err != nil {
				return fmt.Errorf("reading the frame of window %d: %w", now[i].id, err)
			}
		}
		sums, err := s.decodeAll(now, packed)
		if err != nil {
			return err
		}
		for i := range now {
			if err := visit(&now[i], sums[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeAll decodes packed frames, as many at a time as there are processors.
func (s *Store) decodeAll(list []window, packed [][]byte) ([]*summaries.Summary, error) {
	sums, errs := make([]*summaries.Summary, len(packed)), make([]error, len(packed))
	var workers sync.WaitGroup
	n := min(runtime.GOMAXPROCS(0), len(packed))
	for first := range n {
		workers.Go(func() {
			for i := first; i < len(packed); i += n {
				sums[i], errs[i] = s.packer.summary(packed[i])
			}
		})
	}
	workers.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, s.unreadable(list[i].id, err)
		}
	}
	return sums, nil
}

// family is a list of path rows with one bound: those of a process, of a program's others
// (process is nil), or of an origin's others (program is nil too).
type family struct {
	origin   *summaries.Origin
	program  *summaries.Program
	key      programKey // of program
	process  *summaries.Process
	paths    []summaries.Path
	unlisted uint64 // no path without a row had more events
}

// families visits those families of a summary that a filter's origin, program and process
// leave. boot is that of the summary, without the session.
func (f *Filter) families(s *summaries.Summary, visit func(*family)) {
	boot := sourceOf(&s.Machine).boot
	for i := range s.Origins {
		o := &s.Origins[i]
		if f.Origin != "" && o.Name != f.Origin {
			continue
		}
		for j := range o.Programs {
			g := &o.Programs[j]
			key := keyOf(o.Name, g)
			if f.Program != "" && key.id() != f.Program {
				continue
			}
			for k := range g.Processes {
				p := &g.Processes[k]
				if f.Process == nil || *f.Process == processOf(boot, p) {
					visit(&family{o, g, key, p, p.Paths, p.UnlistedMax})
				}
			}
			if f.Process == nil {
				visit(&family{o, g, key, nil, g.Other.Paths, g.Other.PathsUnlistedMax})
			}
		}
		if f.Program == "" {
			visit(&family{o, nil, programKey{}, nil, o.Other.Paths, o.Other.PathsUnlistedMax})
		}
	}
}

// ProcessOf names a process that a summary of a machine lists.
func ProcessOf(m *summaries.Machine, p *summaries.Process) Process {
	return processOf(sourceOf(m).boot, p)
}

func processOf(boot string, p *summaries.Process) Process {
	return Process{boot, p.PID, p.Version, p.Start}
}

// tally is what rows add up to.
type tally struct {
	events      uint64
	kinds       summaries.Kinds
	first, last int64
}

func (t *tally) add(events uint64, kinds *summaries.Kinds, first, last int64) {
	if t.events == 0 || first < t.first {
		t.first = first
	}
	if t.events == 0 || last > t.last {
		t.last = last
	}
	t.events = plus(t.events, events)
	addAll(t.kinds[:], kinds[:])
}

// sumPaths adds up the rows of a family: those inside the filter's prefix, and the events of
// those that may hold some of its paths'.
func (f *Filter) sumPaths(paths []summaries.Path) (in tally, maybe uint64) {
	for i := range paths {
		p := &paths[i]
		n := f.count(p.Events, &p.Kinds)
		if n == 0 {
			continue
		}
		switch f.placeOf(p) {
		case inside:
			kinds := f.keep(&p.Kinds)
			in.add(n, &kinds, p.First, p.Last)
		case above:
			maybe = plus(maybe, n)
		case outside:
		}
	}
	return in, maybe
}
