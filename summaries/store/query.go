package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// Range is a stretch of time, [From, To), in nanoseconds since the Unix epoch.
type Range struct{ From, To int64 }

// Query says what to count. The zero Filter counts everything.
type Query struct {
	Range
	Filter Filter
	// Limit is how many rows to list; 0: 100.
	Limit int
}

// Filter chooses events: those that all of its fields that are not empty apply to.
type Filter struct {
	Machine string // id of a machine
	Origin  string
	Program ProgramID // as a query listed it
	Process *Process  // as a query listed it; needs Program
	Kinds   []esbridge.Kind
	// PathPrefix is how the path begins, byte for byte: "/etc/" is everything below the
	// directory.
	PathPrefix string
}

// Process names one execution of a program on one machine.
type Process struct {
	Boot    string // without the session
	PID     int32
	Version uint64
	Start   int64
}

// Answer says what the result of a query covers.
type Answer struct {
	// Range is the one asked for; where finer windows were deleted, the smallest around it
	// that begins and ends where windows do that are there. A window counts where it starts.
	Range
	Windows int // windows that were added up
	// Coarsest is the coarsest level among them.
	Coarsest Level
	// LowerBound says that a source could not count exactly: true numbers may be larger.
	LowerBound bool
}

// validate says what is wrong with a query.
func (q *Query) validate() error {
	f := &q.Filter
	switch {
	case q.From >= q.To:
		return fmt.Errorf("query from %d to %d: choose an end behind the beginning", q.From, q.To)
	case f.Process != nil && f.Program == "":
		return errors.New("query for a process without its program: give both, as they were listed")
	case f.PathPrefix != "" && f.PathPrefix[0] != '/':
		return fmt.Errorf("query for paths that begin with %.80q: begin with a slash", f.PathPrefix)
	}
	for _, k := range f.Kinds {
		if k >= esbridge.NumKinds {
			return fmt.Errorf("query for events of kind %d: choose one below %d", k, esbridge.NumKinds)
		}
	}
	if f.Program != "" {
		_, err := f.Program.key()
		return err
	}
	return nil
}

// byFrames says that only frames can answer.
func (f *Filter) byFrames() bool { return f.PathPrefix != "" || f.Process != nil }

// byRows says that heads cannot answer, but rows can.
func (f *Filter) byRows() bool { return f.Origin != "" || f.Program != "" }

// count is how many of the events are of a kind that the filter wants.
func (f *Filter) count(events uint64, kinds *summaries.Kinds) uint64 {
	if len(f.Kinds) == 0 {
		return events
	}
	var n uint64
	for _, k := range f.Kinds {
		n = plus(n, kinds[k])
	}
	return n
}

// keep is kinds without those that the filter does not want.
func (f *Filter) keep(kinds *summaries.Kinds) summaries.Kinds {
	if len(f.Kinds) == 0 {
		return *kinds
	}
	var kept summaries.Kinds
	for _, k := range f.Kinds {
		kept[k] = kinds[k]
	}
	return kept
}

// place is where a path row stands towards the prefix of a filter.
type place int

const (
	outside place = iota
	inside
	above // a directory row that may count events of paths inside, or a row whose path is cut short
)

var ellipsis = []byte("…")

func (f *Filter) placeOf(p *summaries.Path) place {
	switch {
	case f.PathPrefix == "" || len(p.Path) >= len(f.PathPrefix) && string(p.Path[:len(f.PathPrefix)]) == f.PathPrefix:
		return inside
	case p.Directory && strings.HasPrefix(f.PathPrefix, string(p.Path)):
		return above
	case p.PathLen > len(p.Path): // its middle is cut out: it begins as far as the first ellipsis
		if at := bytes.Index(p.Path, ellipsis); at >= 0 && strings.HasPrefix(f.PathPrefix, string(p.Path[:at])) {
			return above
		}
	}
	return outside
}
