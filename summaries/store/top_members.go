package store

import (
	"bytes"
	"cmp"
	"slices"

	"summarizer/summaries"
)

// members collects origins, programs or processes.
type members struct {
	by     Group
	rows   map[memberKey]*memberRow
	total  tally
	maybe  uint64 // events that may match the filter's path
	folded Count  // of no member
}

// memberKey is an origin, a program, or a process: what is of no use is zero.
type memberKey struct {
	origin  string
	program programKey
	process Process
}

type memberRow struct {
	tally
	maybe uint64
	row   Row
}

func newMembers(by Group) *members { return &members{by: by, rows: map[memberKey]*memberRow{}} }

func (m *members) add(s *summaries.Summary, f *Filter) {
	at := sourceOf(&s.Machine)
	f.families(s, func(fam *family) {
		in, maybe := f.sumPaths(fam.paths)
		if in.events == 0 && maybe == 0 {
			return
		}
		m.maybe = plus(m.maybe, maybe)
		if in.events > 0 {
			m.total.add(in.events, &in.kinds, in.first, in.last)
		}
		key, ok := m.keyOf(fam, at.boot)
		if !ok {
			m.folded.add(Count{in.events, maybe})
			return
		}
		r := m.rows[key]
		if r == nil {
			r = &memberRow{row: m.describe(fam, key, at.machine)}
			m.rows[key] = r
		}
		if in.events > 0 {
			r.tally.add(in.events, &in.kinds, in.first, in.last)
		}
		r.maybe = plus(r.maybe, maybe)
	})
}

// keyOf is the member that a family belongs to; ok is false where it was folded.
func (m *members) keyOf(fam *family, boot string) (k memberKey, ok bool) {
	switch {
	case m.by == ByOrigin:
		return memberKey{origin: fam.origin.Name}, fam.origin.Name != othersOfMachine
	case m.by == ByProgram && fam.program != nil:
		return memberKey{program: fam.key}, true
	case m.by == ByProcess && fam.process != nil:
		return memberKey{program: fam.key, process: processOf(boot, fam.process)}, true
	}
	return k, false
}

func (m *members) describe(fam *family, key memberKey, machine string) Row {
	r := Row{Origin: fam.origin.Name}
	if m.by == ByOrigin {
		return r
	}
	p := programOf(fam.origin.Name, fam.program)
	r.Program = &p
	if m.by == ByProcess {
		q := fam.process
		r.Process = &ProcessInfo{key.process, machine, q.PPID, q.EUID, q.Container}
	}
	return r
}

// missed is what may be missing of a member, but for what was folded within it.
func (m *members) missed(k memberKey, origin string, b *bounds) uint64 {
	switch m.by {
	case ByProgram:
		return b.ofProgram(k.program, origin)
	case ByProcess:
		return b.ofProcess(processKey{k.program, k.process}, origin)
	default:
		return b.machine
	}
}

// finish makes the table. What members miss was folded, and is in what was folded, unless
// the filter leaves only one program or process: then outer bounds it.
func (m *members) finish(t *Table, b *bounds, outer uint64) {
	t.Total = Count{m.total.events, plus(m.maybe, outer)}
	t.Folded = m.folded.Events
	folded := plus(m.folded.Max(), outer)
	for k, r := range m.rows {
		r.row.Count = Count{r.events, plus(r.maybe, min(m.missed(k, r.row.Origin, b), folded))}
		r.row.Kinds, r.row.First, r.row.Last = r.kinds, r.first, r.last
		if r.events > 0 {
			t.Rows = append(t.Rows, r.row)
		} else {
			t.UnlistedMax = max(t.UnlistedMax, r.row.Max())
		}
	}
	slices.SortFunc(t.Rows, compareRows)
	t.UnlistedMax = max(t.UnlistedMax, min(m.unlisted(b), folded))
}

// unlisted bounds the members that no window lists.
func (m *members) unlisted(b *bounds) uint64 {
	most := b.machine
	if m.by == ByOrigin {
		return most
	}
	for name := range b.origins {
		most = max(most, b.inOrigin(name))
	}
	if m.by == ByProcess {
		for key, p := range b.programs {
			most = max(most, b.inProgram(key, p.origin))
		}
	}
	return most
}

// compareRows orders rows by falling events, then by whatever tells them apart.
func compareRows(a, b Row) int {
	c := cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Origin, b.Origin), bytes.Compare(a.Path, b.Path))
	if c == 0 && a.Program != nil {
		c = cmp.Or(bytes.Compare(a.Program.Path, b.Program.Path), cmp.Compare(a.Program.ID, b.Program.ID))
	}
	if c == 0 && a.Process != nil {
		p, q := &a.Process.Process, &b.Process.Process
		c = cmp.Or(cmp.Compare(p.PID, q.PID), cmp.Compare(p.Start, q.Start), cmp.Compare(p.Version, q.Version), cmp.Compare(p.Boot, q.Boot))
	}
	return c
}
