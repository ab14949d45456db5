package dashboard

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"summarizer/summaries"
)

const (
	// keptFindings is how many findings the pages remember.
	keptFindings = 200
	// shownFindings is how many a page shows.
	shownFindings = 12
	// apart is how long a finding must be away to be told as another one.
	apart = 5 * time.Minute
)

// timedFinding is what was found of a program, in one window or in several with little
// between them: the text is that of the last.
type timedFinding struct {
	Start, End time.Time
	Windows    int
	summaries.Finding
}

// addFinding puts a finding in the window from start to end before those known.
func addFinding(known []timedFinding, f summaries.Finding, start, end time.Time) []timedFinding {
	t := timedFinding{start, end, 1, f}
	i := slices.IndexFunc(known, func(o timedFinding) bool {
		return o.Kind == f.Kind && bytes.Equal(o.Program, f.Program) && start.Sub(o.End) < apart
	})
	if i >= 0 {
		t.Start, t.Windows = known[i].Start, known[i].Windows
		if end.After(known[i].End) { // else the window was published before
			t.Windows++
		}
		known = slices.Delete(known, i, i+1)
	}
	known = slices.Insert(known, 0, t)
	if len(known) > keptFindings {
		worst := leastSevere(known)
		known = slices.Delete(known, worst, worst+1)
	}
	return known
}

// leastSevere is the one to forget: the oldest of the least severe, so that many small ones
// do not push out a bad one.
func leastSevere(known []timedFinding) (least int) {
	for i, f := range known {
		if rank(f.Severity) >= rank(known[least].Severity) {
			least = i
		}
	}
	return least
}

// findingGroup is what was found of one program.
type findingGroup struct {
	Program  []byte // empty: of the machine
	Severity string // the worst
	Findings []timedFinding
}

// severities from the worst down.
var severities = []string{"high", "medium", "low"}

// rank is a severity's place, the worst first; one that nobody knows comes last.
func rank(severity string) int {
	if i := slices.Index(severities, severity); i >= 0 {
		return i
	}
	return len(severities)
}

// groupFindings puts together what was found of each program, the worst first.
func groupFindings(all []timedFinding) (groups []findingGroup) {
	for _, f := range all {
		i := slices.IndexFunc(groups, func(g findingGroup) bool { return bytes.Equal(g.Program, f.Program) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, findingGroup{Program: f.Program, Severity: f.Severity})
		}
		g := &groups[i]
		g.Findings = append(g.Findings, f)
		if rank(f.Severity) < rank(g.Severity) {
			g.Severity = f.Severity
		}
	}
	slices.SortStableFunc(groups, func(a, b findingGroup) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) })
	return groups
}

// findingsPart is what was found in the range of a page.
type findingsPart struct {
	Groups []findingGroup
	More   int // that there is no room for, none of them more severe
	// Since is from when on findings are known, where that is within the range; else zero.
	Since time.Time
}

// Findings are those in the range, of the program that the page is about, or of all: the
// most severe, and of these the newest.
func (p *overviewPage) Findings() (part findingsPart) {
	var some []timedFinding
	for _, f := range p.found {
		about := p.Program == nil || bytes.Equal(f.Program, p.Program.Path)
		if about && f.End.After(p.View.from) && f.Start.Before(p.View.to) {
			some = append(some, f)
		}
	}
	slices.SortStableFunc(some, func(a, b timedFinding) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) })
	shown := min(len(some), shownFindings)
	part.Groups, part.More = groupFindings(some[:shown]), len(some)-shown
	if p.foundSince.After(p.View.from) {
		part.Since = p.foundSince
	}
	return part
}
