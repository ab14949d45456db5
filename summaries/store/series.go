package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"summarizer/summaries"
)

// Totals are the sums over a range.
type Totals struct {
	Answer
	Count
	Kinds summaries.Kinds
	// Ledger is that of the machine, whatever the filter.
	Ledger summaries.Ledger
	// Covered is the sum of the lengths of the windows, in nanoseconds.
	Covered int64
}

// Point is a stretch of a series, beginning at Start.
type Point struct {
	Start int64
	// End is where the last of its windows ends: behind the next point where windows were
	// merged because nobody took them.
	End int64
	// Windows is how many began in it; where there are none nothing is known: a gap.
	Windows int
	Count
	Kinds summaries.Kinds
	// Lost are events that never arrived, as far as the machine could tell, whatever the filter.
	Lost uint64
}

// Series is the course of events over a range.
type Series struct {
	Answer
	Step   int64 // nanoseconds from one point to the next; points begin at multiples of it
	Points []Point
}

// maxPoints is the most points of a series.
const maxPoints = 5000

// Totals adds up a range. Without a filter but for machine and kinds the sums are exact.
func (s *Store) Totals(ctx context.Context, q Query) (*Totals, error) {
	t := new(Totals)
	err := s.perWindow(ctx, &q, Day, &t.Answer, func(w *window, c Count, kinds *summaries.Kinds) {
		t.Count.add(c)
		addAll(t.Kinds[:], kinds[:])
		addLedger(&t.Ledger, &w.ledger)
		t.Covered = int64(min(plus(uint64(t.Covered), uint64(w.end-w.start)), uint64(maxTime)))
	})
	if err != nil {
		return nil, fmt.Errorf("adding up a range: %w", err)
	}
	return t, nil
}

// Series counts per step, a multiple of a second (0: so that there are at most 300). Steps
// become longer where there would be more than 5,000, or where the windows that can be read
// in time are longer.
func (s *Store) Series(ctx context.Context, q Query, step time.Duration) (*Series, error) {
	if err := q.validate(); err != nil {
		return nil, err
	}
	out := &Series{Step: stepFor(q.Range, int64(step))}
	level := levelFor(out.Step)
	if q.Filter.byFrames() {
		if err := s.view(ctx, func(tx *sql.Tx) error {
			affords, err := affordable(ctx, tx, q.Range)
			level = max(level, affords)
			return err
		}); err != nil {
			return nil, fmt.Errorf("reading a series: %w", err)
		}
		if b := buckets[level]; out.Step%b != 0 {
			out.Step = b
		}
	}
	points := map[int64]*Point{}
	err := s.perWindow(ctx, &q, level, &out.Answer, func(w *window, c Count, kinds *summaries.Kinds) {
		start := w.start - ((w.start%out.Step)+out.Step)%out.Step
		p := entry(points, start)
		p.Start, p.End = start, max(p.End, w.end)
		p.Windows++
		p.Count.add(c)
		addAll(p.Kinds[:], kinds[:])
		p.Lost = plus(p.Lost, plus(w.ledger.KernelDropped, w.ledger.QueueDropped))
	})
	if err != nil {
		return nil, fmt.Errorf("reading a series: %w", err)
	}
	out.fill(points)
	return out, nil
}

// fill makes a point of every step, those without windows included.
func (s *Series) fill(points map[int64]*Point) {
	first := s.From - ((s.From%s.Step)+s.Step)%s.Step
	for at := first; at < s.To; at += s.Step {
		if p := points[at]; p != nil {
			s.Points = append(s.Points, *p)
		} else {
			s.Points = append(s.Points, Point{Start: at, End: at + s.Step})
		}
	}
}

// nice are the steps that a series without a step may have.
var nice = []time.Duration{
	time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour,
	6 * time.Hour, 24 * time.Hour,
}

// stepFor is the step of a series over a range.
func stepFor(r Range, step int64) int64 {
	r = Range{clampTime(r.From), clampTime(r.To)}
	length := uint64(r.To - r.From)
	if step <= 0 {
		for _, n := range nice {
			if step = int64(n); length/uint64(step) <= 300 {
				break
			}
		}
	}
	step = max(step-step%int64(time.Second), int64(time.Second))
	for length/uint64(step) >= maxPoints-1 {
		step *= 2
	}
	return step
}

// levelFor is the coarsest level whose windows each lie within one step.
func levelFor(step int64) Level {
	l := Raw
	for l < Day && step%buckets[l+1] == 0 {
		l++
	}
	return l
}

// Course is the history of one program.
type Course struct {
	Program Program
	Series
}

// ProgramHistory is the Series of one program, whatever else the filter says.
func (s *Store) ProgramHistory(ctx context.Context, id ProgramID, q Query, step time.Duration) (*Course, error) {
	p, err := s.Program(ctx, id)
	if err != nil {
		return nil, err
	}
	q.Filter.Program = id
	series, err := s.Series(ctx, q, step)
	if err != nil {
		return nil, err
	}
	return &Course{*p, *series}, nil
}
