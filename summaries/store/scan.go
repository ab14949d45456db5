package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"sync"

	"summarizer/summaries"
)

// scan decodes the frames of windows and visits them in their order, a batch while the next
// one is decoded. It stops at the first error.
func (s *Store) scan(ctx context.Context, tx *sql.Tx, list []window, visit func(*window, *summaries.Summary) error) error {
	read, err := tx.PrepareContext(ctx, "SELECT packed FROM frames WHERE window = ?")
	if err != nil {
		return fmt.Errorf("reading frames: %w", err)
	}
	defer release(read)
	var before batch
	defer func() { before.wait() }() // so that nothing is left running
	size := 4 * runtime.GOMAXPROCS(0)
	for ; len(list) > 0; list = list[min(size, len(list)):] {
		packed := make([][]byte, min(size, len(list)))
		for i := range packed {
			if err := read.QueryRowContext(ctx, list[i].id).Scan(&packed[i]); err != nil {
				return fmt.Errorf("reading the frame of window %d: %w", list[i].id, err)
			}
		}
		next := s.decodeAll(list[:len(packed)], packed)
		before, next = next, before
		if err := s.visitAll(next, visit); err != nil {
			return err
		}
	}
	return s.visitAll(before, visit)
}

// batch is some windows, whose summaries are being decoded.
type batch struct {
	windows []window
	sums    []*summaries.Summary
	errs    []error
	workers *sync.WaitGroup
}

func (b *batch) wait() {
	if b.workers != nil {
		b.workers.Wait()
	}
}

// visitAll visits a batch once it is decoded.
func (s *Store) visitAll(b batch, visit func(*window, *summaries.Summary) error) error {
	b.wait()
	for i := range b.windows {
		if b.errs[i] != nil {
			return s.unreadable(b.windows[i].id, b.errs[i])
		}
		if err := visit(&b.windows[i], b.sums[i]); err != nil {
			return err
		}
	}
	return nil
}

// decodeAll begins to decode packed frames, as many at a time as there are processors.
func (s *Store) decodeAll(list []window, packed [][]byte) batch {
	b := batch{list, make([]*summaries.Summary, len(packed)), make([]error, len(packed)), new(sync.WaitGroup)}
	n := min(runtime.GOMAXPROCS(0), len(packed))
	for first := range n {
		b.workers.Go(func() {
			for i := first; i < len(packed); i += n {
				b.sums[i], b.errs[i] = s.packer.summary(packed[i])
			}
		})
	}
	return b
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
