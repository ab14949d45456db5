package findings

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"summarizer/summaries"
)

// candidate is a finding before it is known whether there is room for it.
type candidate struct {
	kind, severity, origin string
	program                []byte // not ours
	text                   string
	value                  float64
	nth                    int // among those of its severity, kind and origin
}

// candidate begins a finding about s.
func (s *subject) candidate(kind, severity string, value float64) candidate {
	c := candidate{kind: kind, severity: severity, origin: s.origin.Name, value: value}
	if s.program != nil {
		c.program = s.program.Path
	} else if g := s.example(); g != nil {
		c.program = g.Path
	}
	return c
}

var severities = []string{High, Medium, Low}

var kinds = []string{Blind, RenameStorm, NewWriter, Watched, Flood, Spreader}

const moreFormat = " (and %d more findings, left out)"

// report chooses the findings that there is room for: the most severe first, and of equal
// severity the first of each kind and origin, then the second of each, and so on. Whoever
// makes a hundred findings in an origin leaves the others their place.
func report(all []candidate) Report {
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(compareSeverity(&a, &b), cmp.Compare(a.origin, b.origin), compareKind(&a, &b),
			cmp.Compare(b.value, a.value), bytes.Compare(a.program, b.program), cmp.Compare(a.text, b.text))
	})
	for i := 1; i < len(all); i++ {
		if a, b := &all[i-1], &all[i]; a.severity == b.severity && a.origin == b.origin && a.kind == b.kind {
			b.nth = a.nth + 1
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(compareSeverity(&a, &b), cmp.Compare(a.nth, b.nth), compareKind(&a, &b))
	})
	n := min(len(all), MaxFindings)
	r := Report{LeftOut: len(all) - n}
	for _, c := range all[:n] {
		r.Findings = append(r.Findings, summaries.Finding{
			Kind: c.kind, Severity: c.severity, Program: shortenBytes(c.program, MaxProgram), Text: bounded(c.text), Value: c.value,
		})
	}
	if r.LeftOut > 0 {
		r.Findings[n-1].Text += fmt.Sprintf(moreFormat, r.LeftOut)
	}
	return r
}

func compareSeverity(a, b *candidate) int {
	return cmp.Compare(slices.Index(severities, a.severity), slices.Index(severities, b.severity))
}

func compareKind(a, b *candidate) int {
	return cmp.Compare(slices.Index(kinds, a.kind), slices.Index(kinds, b.kind))
}
