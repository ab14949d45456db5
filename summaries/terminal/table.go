package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"summarizer/summaries"
)

// tableRows is how many rows Text draws.
const tableRows = 60

// Text draws a summary as lines of text that each end in a newline: what happened and what
// was lost, then the programs with the most events, each with its busiest paths beneath.
func Text(s *summaries.Summary) []byte {
	t := table{rows: tableRows}
	return []byte(strings.Join(t.lines(s), "\n") + "\n")
}

// Line draws a summary as one line, without a newline: what happened, and what was lost.
func Line(s *summaries.Summary) string { return headline(s) + "  " + membersLine(s) }

// table draws a summary as text: what happened and what was lost, then the programs with the
// most events, each with its busiest paths beneath. Names come last in their line, and
// escaped: nobody can forge a number with one.
type table struct {
	width int // cells of a line; 0 for as many as it takes
	rows  int // most rows beneath the head line of the columns
}

// tableRow is one line. Members are the processes of a program or what a directory stands for.
type tableRow struct {
	events, missed, members uint64
	lowerBound              bool
	about                   string // before members: what kind of number it is
	what, name              string
}

// tableHead is how many lines of a table are not rows.
const tableHead = 4

// lines renders s, one string per line.
func (t *table) lines(s *summaries.Summary) []string {
	lines := []string{
		t.fit(headline(s)),
		t.fit(membersLine(s)),
		t.fit(ledgerLine(&s.Ledger)),
		t.fit(fmt.Sprintf("%14s %9s %11s  %-18s %s", "EVENTS", "MISSED", "MEMBERS", "WHAT", "NAME")),
	}
	for _, r := range t.choose(s) {
		lines = append(lines, t.fit(r.String()))
	}
	return lines
}

// fit shortens a line of printable text to the table's width.
func (t *table) fit(line string) string { return Elide(line, t.width) }

func (r *tableRow) String() string {
	events, missed, members := r.numbers()
	return fmt.Sprintf("%14s %9s %11s  %-18s %s", events, missed, members, r.what, r.name)
}

// numbers are the columns of numbers; what is zero and says nothing stays empty.
func (r *tableRow) numbers() (events, missed, members string) {
	events = Group(r.events)
	if r.lowerBound {
		events = "≥" + events
	}
	if r.missed > 0 {
		missed = "+" + Group(r.missed)
	}
	if r.members > 0 {
		members = r.about + Group(r.members)
	}
	return events, missed, members
}

// headline says what happened in the window and what was lost of it.
func headline(s *summaries.Summary) string {
	start := time.Unix(0, s.Window.Start).UTC()
	length := time.Duration(s.Window.End - s.Window.Start)
	bound := ""
	if s.LowerBound {
		bound = "at least "
	}
	return fmt.Sprintf("%s +%v %s  %s%s events  %s/s  lost %s",
		start.Format("2006-01-02 15:04:05"), length.Round(time.Millisecond), s.Window.EndReason, bound,
		Group(s.Events), Group(perSecond(s.Events, length)), Group(lost(&s.Ledger)))
}

// membersLine says how many different ones there were, and what came late or not at all.
func membersLine(s *summaries.Summary) string {
	return fmt.Sprintf("%s paths  %s processes  %s programs  dropped: kernel %s, queue %s  late %s",
		distinct(&s.Paths), distinct(&s.Procs), distinct(&s.Programs),
		Group(s.Ledger.KernelDropped), Group(s.Ledger.QueueDropped), Group(s.Ledger.Late))
}

// lost is what should have been counted under a name and was not: dropped before it reached
// us, or not understood.
func lost(l *summaries.Ledger) uint64 {
	return l.KernelDropped + l.QueueDropped + malformed(l)
}

func malformed(l *summaries.Ledger) (n uint64) {
	for _, m := range l.Malformed {
		n += m
	}
	return n
}

// ledgerLine is the account of what was received. It says zero as plainly as any number.
func ledgerLine(l *summaries.Ledger) string {
	return fmt.Sprintf("received %s = folded %s + muted %s + ignored %s + malformed %s",
		Group(l.Received), Group(l.Folded), Group(l.Muted), Group(l.Ignored), Group(malformed(l)))
}

// choose picks the rows: as many programs as leave room for a few paths under each.
func (t *table) choose(s *summaries.Summary) []tableRow {
	programs := programRows(s)
	if len(programs) == 0 || t.rows <= 0 {
		return nil
	}
	shown := min(len(programs), max(1, t.rows/4))
	perProgram := t.rows/shown - 1
	var rows []tableRow
	for _, p := range programs[:shown] {
		rows = append(rows, p.row)
		paths := p.paths()
		rows = append(rows, paths[:min(len(paths), perProgram)]...)
	}
	return rows
}

// programRow is a program, or what an origin folded up of its programs.
type programRow struct {
	key     programKey
	row     tableRow
	program *summaries.Program // nil for folded ones
	other   *summaries.Other
}

// programRows are all programs by number of events, most first.
func programRows(s *summaries.Summary) []programRow {
	var rows []programRow
	for i := range s.Origins {
		o := &s.Origins[i]
		origin := Elide(Escape(o.Name), 18)
		for j := range o.Programs {
			p := &o.Programs[j]
			key := programKey{origin: o.Name, path: string(p.Path), cdhash: string(p.CDHash), device: p.Device, inode: p.Inode}
			rows = append(rows, programRow{key, tableRow{
				events: p.Events, missed: p.MissedMax, members: p.Seen.Estimate, about: sign(&p.Seen), lowerBound: lowerBound(p),
				what: origin, name: Escape(p.Path),
			}, p, &p.Other})
		}
		if o.Other.Events > 0 {
			rows = append(rows, programRow{programKey{origin: o.Name, folded: true}, tableRow{
				events: o.Other.Events, members: o.Other.Members, lowerBound: o.Other.LowerBound,
				what: origin, name: "(other programs)",
			}, nil, &o.Other})
		}
	}
	slices.SortStableFunc(rows, func(a, b programRow) int { return byEvents(&a.row, &b.row) })
	return rows
}

func byEvents(a, b *tableRow) int {
	return cmp.Or(cmp.Compare(b.events, a.events), cmp.Compare(a.name, b.name))
}

func lowerBound(p *summaries.Program) bool {
	return p.Other.LowerBound || slices.ContainsFunc(p.Processes, func(x summaries.Process) bool { return x.LowerBound })
}
