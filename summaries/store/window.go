package store

import (
	"fmt"
	"math"
	"strings"

	"summarizer/summaries"
)

// source is a stream of windows. Where the agent names no session it is empty.
type source struct{ machine, boot, session string }

// longestName is the longest id of a machine or boot, in bytes.
const longestName = 4096

// sourceOf splits the boot of a summary, "<boot>/<session>".
func sourceOf(m *summaries.Machine) source {
	boot, session, _ := strings.Cut(m.Boot, "/")
	return source{m.ID, boot, session}
}

// rollUp is the source of the roll-ups that unite all sessions of the boot.
func (s source) rollUp() source { return source{s.machine, s.boot, ""} }

// window is a row of the table windows.
type window struct {
	level      Level
	start, end int64
	id         int64
	source     int64
	first, seq uint64
	children   int64
	huge       bool
	endReason  summaries.EndReason
	lowerBound bool
	payload    int
	events     uint64
	kinds      summaries.Kinds
	ledger     summaries.Ledger
}

// newWindow is the row of a summary, without id and source, if it can be stored.
func newWindow(level Level, s *summaries.Summary, payload int) (*window, error) {
	w := &s.Window
	switch {
	case s.FirstSeq < 1 || s.Seq < s.FirstSeq || s.Seq > math.MaxInt64:
		return nil, fmt.Errorf("%w: numbers %d to %d", ErrInvalid, s.FirstSeq, s.Seq)
	case w.Start < minTime || w.End > maxTime || w.End < w.Start:
		return nil, fmt.Errorf("%w: it is from %d to %d ns", ErrInvalid, w.Start, w.End)
	case len(s.Machine.ID) > longestName || len(s.Machine.Boot) > longestName:
		return nil, fmt.Errorf("%w: its machine has an id of %d and a boot of %d bytes", ErrInvalid, len(s.Machine.ID), len(s.Machine.Boot))
	}
	return &window{
		level: level, start: w.Start, end: w.End, first: s.FirstSeq, seq: s.Seq,
		huge: isHuge(s), endReason: w.EndReason, lowerBound: s.LowerBound, payload: payload,
		events: s.Events, kinds: s.Kinds, ledger: s.Ledger,
	}, nil
}

// hugeCount is a count that no machine reaches within a window, or within years. Windows
// with smaller ones merge without a sum or a bound that wraps around: maxMerge of them, each
// of which may add a count to three bounds, stay below 2^63.
const hugeCount = 1 << 52

// isHuge says that a summary has a count so large that it must not be merged with others.
func isHuge(s *summaries.Summary) bool {
	var most uint64
	see := func(counts ...uint64) {
		for _, n := range counts {
			most = max(most, n)
		}
	}
	seePaths := func(rows []summaries.Path) {
		for i := range rows {
			see(rows[i].MissedMax, rows[i].Folded, rows[i].Bytes)
		}
	}
	seeOther := func(o *summaries.Other) {
		see(o.Members, o.UnlistedMax, o.PathsUnlistedMax)
		seePaths(o.Paths)
	}
	see(s.Events, s.Peak.Events, s.Programs.Estimate, s.Procs.Estimate, s.Paths.Estimate)
	see(s.Series.Events...)
	for _, f := range ledgerFields(&s.Ledger) {
		see(*f)
	}
	for i := range s.Muted {
		see(s.Muted[i].Events)
	}
	for i := range s.Origins {
		o := &s.Origins[i]
		see(o.Seen.Estimate)
		seeOther(&o.Other)
		for j := range o.Programs {
			p := &o.Programs[j]
			see(p.MissedMax, p.Seen.Estimate)
			seeOther(&p.Other)
			for k := range p.Processes {
				q := &p.Processes[k]
				see(q.MissedMax, q.UnlistedMax, q.ExtensionChanges, q.Seen.Estimate)
				seePaths(q.Paths)
			}
		}
	}
	return most >= hugeCount
}
