package export

import "summarizer/summaries"

// pruner takes the rows away that a filter does not want. The result is a summary like any
// other: events, kinds, first and last of every level are those of the rows that remain.
// Whatever is not a sum over rows is that of the whole window: bounds (they still hold),
// distinct counts, members, the ledger. A peak and a series cannot be told for a part and
// are left out where something was taken away.
type pruner struct {
	filter  *Filter
	machine *summaries.Machine
	unsure  uint64
}

// apply returns what f leaves of s, s itself where it takes nothing, and how many events
// of rows that were taken away may match all the same. s is not changed.
func (f *Filter) apply(s *summaries.Summary) (*summaries.Summary, uint64) {
	if f.empty() {
		return s, 0
	}
	p := &pruner{filter: f, machine: &s.Machine}
	left := *s
	left.Origins, left.Events, left.Kinds = nil, 0, summaries.Kinds{}
	for i := range s.Origins {
		if f.Machine != "" && f.Machine != s.Machine.ID {
			break
		}
		if o := p.origin(&s.Origins[i]); o.Events > 0 {
			left.Origins = append(left.Origins, o)
			left.Events += o.Events
			left.Kinds.Add(&o.Kinds)
		}
	}
	if left.Events != s.Events {
		left.Peak = summaries.Peak{}
		left.Series.Events = nil
	}
	return &left, p.unsure
}

func (p *pruner) origin(o *summaries.Origin) summaries.Origin {
	v := p.filter.origin(o)
	left := *o
	left.Programs = nil
	p.other(&left.Other, min(v, p.filter.programOthers()))
	left.Events, left.Kinds = left.Other.Events, left.Other.Kinds
	for i := range o.Programs {
		if g := p.program(o.Name, &o.Programs[i], v); g.Events > 0 {
			left.Programs = append(left.Programs, g)
			left.Events += g.Events
			left.Kinds.Add(&g.Kinds)
		}
	}
	return left
}

func (p *pruner) program(origin string, g *summaries.Program, above verdict) summaries.Program {
	v := min(above, p.filter.program(origin, g))
	left := *g
	left.Processes = nil
	p.other(&left.Other, min(v, p.filter.processOthers()))
	left.Events, left.Kinds = left.Other.Events, left.Other.Kinds
	for i := range g.Processes {
		if r := p.process(&g.Processes[i], v); r.Events > 0 {
			left.Processes = append(left.Processes, r)
			left.Events += r.Events
			left.Kinds.Add(&r.Kinds)
		}
	}
	return left
}

func (p *pruner) other(o *summaries.Other, v verdict) {
	rows := p.paths(o.Paths, v)
	o.Paths = rows
	o.Events, o.Kinds = sum(rows)
	o.First, o.Last = timeRange(rows)
}

func (p *pruner) process(r *summaries.Process, above verdict) summaries.Process {
	left := *r
	left.Paths = p.paths(r.Paths, min(above, p.filter.process(p.machine, r)))
	left.Events, left.Kinds = sum(left.Paths)
	left.First, left.Last = timeRange(left.Paths)
	if left.Events != r.Events {
		left.Peak = summaries.Peak{}
	}
	return left
}

// paths is what remains of the rows of somebody of whom v is known.
func (p *pruner) paths(rows []summaries.Path, v verdict) (left []summaries.Path) {
	for i := range rows {
		row := p.filter.restrict(rows[i])
		switch min(v, p.filter.path(&row)) {
		case yes:
			if row.Events > 0 {
				left = append(left, row)
			}
		case unsure:
			p.unsure += row.Events
		}
	}
	return left
}

func sum(rows []summaries.Path) (events uint64, kinds summaries.Kinds) {
	for i := range rows {
		events += rows[i].Events
		kinds.Add(&rows[i].Kinds)
	}
	return events, kinds
}

func timeRange(rows []summaries.Path) (first, last int64) {
	for i := range rows {
		if r := &rows[i]; i == 0 || r.First < first {
			first = r.First
		}
		if r := &rows[i]; i == 0 || r.Last > last {
			last = r.Last
		}
	}
	return first, last
}
