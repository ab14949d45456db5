package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// fact is what one process did to one path in one window, without any limit.
type fact struct {
	start   int64
	origin  string
	program ProgramID
	process Process
	path    string
	kind    esbridge.Kind
	n       uint64
}

// crowd folds random events of far more members than its tree has room for, and keeps every
// one of them as a fact.
func crowd(rng *rand.Rand, tree *summaries.Tree, boot string, start int64) (facts []fact) {
	tree.Reset()
	programs, processes, files := 1+rng.IntN(40), 1+rng.IntN(40), 1+rng.IntN(300)
	for range 100 + rng.IntN(400) {
		g, p, file := rng.IntN(programs), rng.IntN(processes), rng.IntN(files)
		e := esbridge.Process{
			PID: int32(p), Version: 1, Start: noon - 1e9, Executable: fmt.Appendf(nil, "/bin/p%d", g),
			Origin: fmt.Appendf(nil, "user:%d", g%7),
		}
		path := fmt.Sprintf("/d%d/e%d/f%d", file%3, file%20, file)
		if rng.IntN(30) == 0 {
			path = "/x/" + strings.Repeat("long/", 250) + path[1:]
		}
		f := fact{
			start: start, origin: string(e.Origin), program: programOf(string(e.Origin), &summaries.Program{Path: e.Executable}).ID,
			process: Process{boot, e.PID, e.Version, e.Start}, path: path,
			kind: esbridge.Kind(rng.IntN(2)), n: 1 + uint64(rng.ExpFloat64()*5),
		}
		tree.Fold(&esbridge.Event{Kind: f.kind, Process: &e, Path: []byte(path), Count: f.n, First: start + 1, Last: start + 2}, start)
		facts = append(facts, f)
	}
	return facts
}

// crowded is a store of such windows, in part rolled up and deleted, with its facts.
func crowded(t *testing.T, rng *rand.Rand) (*Store, []fact) {
	now := &clock{noon}
	s := newStore(t, Config{
		Key: &testKey, Now: now.now, Keep: [NumLevels]time.Duration{time.Minute, 20 * time.Minute, 24 * time.Hour, 48 * time.Hour},
		FrameSize: [NumLevels]int{Minute: summaries.MinFrameSize, Hour: summaries.MinFrameSize, Day: summaries.MinFrameSize},
	})
	limits := summaries.Limits{Origins: 4, Programs: 16, Processes: 16, Paths: 64, PathBytes: 64 * 192}
	tree, m := summaries.NewTree(limits, nil, &testKey), newMaker(1)
	var facts []fact
	for i := range int64(40) {
		start := noon + i*int64(time.Minute)/2
		sum := m.tile("boot/s", uint64(i+1), uint64(i+1), start, 30e9, 0)
		facts = append(facts, crowd(rng, tree, "boot", start)...)
		if err := tree.Fit(sum, m.frameSize); err != nil {
			t.Fatal(err)
		}
		sum.Ledger = summaries.Ledger{Received: sum.Events, Folded: sum.Events}
		m.ingest(t, s, sum)
	}
	now.ns = noon + int64(25*time.Minute)
	maintain(t, s)
	check(t, s)
	return s, facts
}

// holds says whether a filter applies to a fact, but for its path.
func (f *Filter) holds(a *fact) bool {
	return (f.Origin == "" || f.Origin == a.origin) && (f.Program == "" || f.Program == a.program) &&
		(f.Process == nil || *f.Process == a.process) && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, a.kind))
}

// memberOf is the name of the row of a group that a fact belongs to; below says whether a
// row may count other facts too, which ByDirectory and ByEntry do.
func memberOf(by Group, a *fact, prefix string) string {
	switch by {
	case ByOrigin:
		return a.origin
	case ByProgram:
		return string(a.program)
	case ByProcess:
		return fmt.Sprint(a.program, a.process)
	case ByEntry:
		prefix = prefix[:strings.LastIndexByte(prefix, '/')+1]
		if prefix == "" {
			prefix = "/"
		}
		rest := a.path[len(prefix):]
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return a.path[:len(prefix)+i+1]
		}
	}
	return a.path
}

func rowName(by Group, r *Row) string {
	switch by {
	case ByOrigin:
		return r.Origin
	case ByProgram:
		return string(r.Program.ID)
	case ByProcess:
		return fmt.Sprint(r.Program.ID, r.Process.Process)
	}
	return string(r.Path)
}

func randomFilter(rng *rand.Rand, facts []fact) (f Filter) {
	a := &facts[rng.IntN(len(facts))]
	switch rng.IntN(5) {
	case 0:
		f.Origin = a.origin
	case 1:
		f.Program = a.program
	case 2:
		f.Program, f.Process = a.program, &a.process
	}
	if rng.IntN(3) == 0 {
		f.Kinds = []esbridge.Kind{a.kind}
	}
	if rng.IntN(2) == 0 {
		f.PathPrefix = a.path[:1+rng.IntN(len(a.path))]
	}
	return f
}

// Whatever is asked, of windows in which most members were folded: the true number is within
// every count, and nobody without a row had more than UnlistedMax.
func TestTopAgainstModel(t *testing.T) {
	for _, seed := range seeds(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 9))
			s, facts := crowded(t, rng)
			for range 25 {
				from := noon + rng.Int64N(int64(25*time.Minute))
				q := Query{Range: Range{from, from + 1 + rng.Int64N(int64(25*time.Minute))}, Filter: randomFilter(rng, facts), Limit: 1 + rng.IntN(300)}
				askAll(t, s, q, facts)
			}
		})
	}
}

func askAll(t *testing.T, s *Store, q Query, facts []fact) {
	t.Helper()
	groups := []Group{ByOrigin, ByProgram, ByProcess, ByFile, ByDirectory, ByEntry}
	tables, err := s.Tops(t.Context(), q, groups...)
	if q.Filter.Program != "" && err != nil && strings.Contains(err.Error(), ErrUnknown.Error()) {
		return // it was never listed
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, by := range groups {
		if by != ByDirectory { // tested below: its rows are not disjoint sets of paths
			compareTable(t, by, q, tables[i], facts)
		}
		conserves(t, by, tables[i])
	}
	compareDirectories(t, q, tables[4], facts)
	total, err := s.Totals(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	within(t, fmt.Sprintf("totals of %+v", q), total.Count, trueTotal(q, total.Range, facts))
	var sum Count
	series, err := s.Series(t.Context(), q, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range series.Points {
		sum.add(p.Count)
	}
	within(t, fmt.Sprintf("series of %+v", q), sum, trueTotal(q, series.Range, facts))
}

func trueTotal(q Query, really Range, facts []fact) (n uint64) {
	for i := range facts {
		if a := &facts[i]; a.start >= really.From && a.start < really.To && q.Filter.holds(a) && strings.HasPrefix(a.path, q.Filter.PathPrefix) {
			n += a.n
		}
	}
	return n
}

func within(t *testing.T, what string, c Count, truth uint64) {
	t.Helper()
	if truth < c.Events || truth > c.Max() {
		t.Fatalf("%s: %+v, truth %d", what, c, truth)
	}
}

func compareTable(t *testing.T, by Group, q Query, table *Table, facts []fact) {
	t.Helper()
	truth := map[string]uint64{}
	for i := range facts {
		if a := &facts[i]; a.start >= table.From && a.start < table.To && q.Filter.holds(a) && strings.HasPrefix(a.path, q.Filter.PathPrefix) {
			truth[memberOf(by, a, q.Filter.PathPrefix)] += a.n
		}
	}
	for i := range table.Rows {
		r := &table.Rows[i]
		if r.PathLen > len(r.Path) || bytes.Contains(r.Path, ellipsis) {
			continue // the facts have the whole name
		}
		name := rowName(by, r)
		within(t, fmt.Sprintf("group %d, %+v, row %s", by, q, name), r.Count, truth[name])
		delete(truth, name)
	}
	for name, n := range truth {
		if n > table.UnlistedMax && !strings.HasPrefix(name, "/x/long") {
			t.Fatalf("group %d, %+v: %s is not listed and has %d events, at most %d", by, q, name, n, table.UnlistedMax)
		}
	}
	within(t, "total", table.Total, trueTotal(q, table.Range, facts))
}

// conserves: the rows, what was cut off and what was folded are the total.
func conserves(t *testing.T, by Group, table *Table) {
	t.Helper()
	sum := table.Cut + table.Folded
	for i := range table.Rows {
		sum += table.Rows[i].Events
		if kinds := table.Rows[i].Kinds.Sum(); kinds != table.Rows[i].Events {
			t.Fatalf("group %d: %d events, %d of all kinds", by, table.Rows[i].Events, kinds)
		}
	}
	if sum != table.Total.Events {
		t.Fatalf("group %d: rows, cut and folded have %d events, total %d", by, sum, table.Total.Events)
	}
}

// compareDirectories: what a directory row counts happened below it, and what happened to
// files right in a directory is in its row or missing.
func compareDirectories(t *testing.T, q Query, table *Table, facts []fact) {
	t.Helper()
	for i := range table.Rows {
		r := &table.Rows[i]
		var below, in uint64
		for j := range facts {
			a := &facts[j]
			if a.start < table.From || a.start >= table.To || !q.Filter.holds(a) || !strings.HasPrefix(a.path, q.Filter.PathPrefix) {
				continue
			}
			if strings.HasPrefix(a.path, string(r.Path)) {
				below += a.n
				if !strings.Contains(a.path[len(r.Path):], "/") {
					in += a.n
				}
			}
		}
		if bytes.Contains(r.Path, ellipsis) {
			continue
		}
		if r.Events > below || r.Max() < in {
			t.Fatalf("directory %s of %+v: %+v, %d below it, %d in it", r.Path, q, r.Count, below, in)
		}
	}
}
