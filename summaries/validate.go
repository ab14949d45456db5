package summaries

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"summarizer/summaries/sketch"
)

// validate returns an error unless s, which was decoded, keeps the promises that its types
// alone do not: sums add up at every level, the ledger balances, paths are absolute and in
// order, numbers are in their range. A summary that passes can be merged, shown and stored
// as it is.
func validate(s *Summary) error {
	if err := errors.Join(validateWindow(s), validateLedger(&s.Ledger), validateNumbers(s)); err != nil {
		return err
	}
	var sum total
	for i := range s.Origins {
		o := &s.Origins[i]
		if err := validateOrigin(o); err != nil {
			return fmt.Errorf("origin %.80q: %w", o.Name, err)
		}
		sum.add(o.Events, &o.Kinds)
	}
	return sum.equals(s.Events, &s.Kinds)
}

func validateWindow(s *Summary) error {
	w := &s.Window
	switch {
	case w.End < w.Start:
		return fmt.Errorf("window ends at %d, before it starts at %d", w.End, w.Start)
	case w.Hop <= 0:
		return fmt.Errorf("window hop of %d ns", w.Hop)
	case s.FirstSeq > s.Seq:
		return fmt.Errorf("sequence numbers %d to %d", s.FirstSeq, s.Seq)
	case s.Series.Per < 0 || s.Series.Per == 0 && len(s.Series.Events) > 0:
		return fmt.Errorf("series of stretches of %d ns", s.Series.Per)
	}
	return nil
}

func validateLedger(l *Ledger) error {
	var sum total
	sum.addEvents(l.Folded)
	sum.addEvents(l.Muted)
	sum.addEvents(l.Ignored)
	for _, n := range l.Malformed {
		sum.addEvents(n)
	}
	if sum.overflow || sum.events != l.Received {
		return fmt.Errorf("ledger: %d received, %d accounted for", l.Received, sum.events)
	}
	return nil
}

func validateNumbers(s *Summary) error {
	for _, f := range s.Findings {
		if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
			return fmt.Errorf("finding %.80q has no number", f.Kind)
		}
	}
	return errors.Join(validateDistinct(&s.Programs), validateDistinct(&s.Procs), validateDistinct(&s.Paths))
}

func validateDistinct(d *Distinct) error {
	if !(d.StdError >= 0) || math.IsInf(d.StdError, 0) { // the negation catches NaN
		return fmt.Errorf("standard error of %v", d.StdError)
	}
	if len(d.Registers) == 0 {
		return nil
	}
	_, err := sketch.EstimateRegisters(d.Registers)
	return err
}

func validateOrigin(o *Origin) error {
	if err := errors.Join(validateDistinct(&o.Seen), validateOther(&o.Other)); err != nil {
		return err
	}
	var sum total
	sum.add(o.Other.Events, &o.Other.Kinds)
	for i := range o.Programs {
		p := &o.Programs[i]
		if err := validateProgram(p); err != nil {
			return fmt.Errorf("program %.80q: %w", p.Path, err)
		}
		sum.add(p.Events, &p.Kinds)
	}
	return sum.equals(o.Events, &o.Kinds)
}

func validateProgram(p *Program) error {
	if err := errors.Join(validateDistinct(&p.Seen), validateOther(&p.Other)); err != nil {
		return err
	}
	var sum total
	sum.add(p.Other.Events, &p.Other.Kinds)
	for i := range p.Processes {
		r := &p.Processes[i]
		if err := validateProcess(r); err != nil {
			return fmt.Errorf("process %d: %w", r.PID, err)
		}
		sum.add(r.Events, &r.Kinds)
	}
	return sum.equals(p.Events, &p.Kinds)
}

func validateProcess(p *Process) error {
	if err := validateDistinct(&p.Seen); err != nil {
		return err
	}
	sum, err := validatePaths(p.Paths)
	if err != nil {
		return err
	}
	return sum.equals(p.Events, &p.Kinds)
}

func validateOther(o *Other) error {
	sum, err := validatePaths(o.Paths)
	if err == nil {
		err = sum.equals(o.Events, &o.Kinds)
	}
	if err != nil {
		return fmt.Errorf("other: %w", err)
	}
	return nil
}

func validatePaths(rows []Path) (sum total, err error) {
	var prev []byte
	for i := range rows {
		p := &rows[i]
		if err := validatePath(p, prev); err != nil {
			return sum, fmt.Errorf("path %.80q: %w", p.Path, err)
		}
		sum.add(p.Events, &p.Kinds)
		prev = p.Path
	}
	return sum, nil
}

func validatePath(p *Path, prev []byte) error {
	switch {
	case len(p.Path) == 0 || p.Path[0] != '/':
		return errors.New("not absolute")
	case bytes.Compare(prev, p.Path) >= 0:
		return fmt.Errorf("not after %.80q", prev)
	case p.Directory != (p.Path[len(p.Path)-1] == '/'):
		return errors.New("directories, and nothing else, end in '/'")
	case p.Directory && p.MissedMax != 0 || !p.Directory && p.Folded != 0:
		return errors.New("only files miss events, only directories have folded rows")
	}
	var sum total
	for _, n := range p.Kinds {
		sum.addEvents(n)
	}
	if sum.overflow || sum.events != p.Events {
		return fmt.Errorf("%d events, of all kinds %d", p.Events, sum.events)
	}
	return nil
}

// total is a sum that knows when it overflowed.
type total struct {
	events   uint64
	kinds    Kinds
	overflow bool
}

func (t *total) add(events uint64, kinds *Kinds) {
	t.addEvents(events) // Σ kinds is events, so that no kind overflows unless this does
	t.kinds.Add(kinds)
}

func (t *total) addEvents(n uint64) {
	var carry uint64
	t.events, carry = bits.Add64(t.events, n, 0)
	t.overflow = t.overflow || carry != 0
}

// equals returns an error unless the sum is what its parent says.
func (t *total) equals(events uint64, kinds *Kinds) error {
	if t.overflow || t.events != events {
		return fmt.Errorf("%d events, its parts have %d", events, t.events)
	}
	if t.kinds != *kinds {
		return errors.New("events by kind differ from those of its parts")
	}
	return nil
}
