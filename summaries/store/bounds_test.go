package store

import (
	"testing"
	"time"

	"summarizer/summaries"
)

// written is a summary as an agent could have made it, of numbers chosen by hand.
func written(t *testing.T, seq uint64, origins ...summaries.Origin) (*summaries.Summary, []byte) {
	t.Helper()
	s := &summaries.Summary{
		Machine: summaries.Machine{ID: "machine", Boot: "b/s"}, FirstSeq: seq, Seq: seq,
		Window:  summaries.Window{Start: noon + int64(seq)*10e9, End: noon + int64(seq+1)*10e9, Hop: 10e9, Tile: true, Merged: 1},
		Origins: origins,
	}
	for i := range origins {
		s.Events += origins[i].Events
		s.Kinds.Add(&origins[i].Kinds)
	}
	s.Ledger.Received, s.Ledger.Folded = s.Events, s.Events
	return newMaker(1).frame(t, s)
}

func kindsOf(n uint64) summaries.Kinds { return summaries.Kinds{n} }

func pathOf(name string, n uint64) []summaries.Path {
	return []summaries.Path{{Path: []byte(name), PathLen: len(name), Events: n, Kinds: kindsOf(n)}}
}

// programOf1 is a program of one process, of n events, and of others that had as many.
func programOf1(path string, n, missed, unlisted uint64) summaries.Program {
	return summaries.Program{
		Path: []byte(path), PathLen: len(path), Events: 2 * n, Kinds: kindsOf(2 * n), MissedMax: missed,
		Processes: []summaries.Process{{PID: 7, Events: n, Kinds: kindsOf(n), MissedMax: missed + 1, Paths: pathOf("/f", n)}},
		Other: summaries.Other{
			Members: 1, Events: n, Kinds: kindsOf(n), UnlistedMax: unlisted, Paths: pathOf("/g", n),
		},
	}
}

// originOf is an origin of programs, and of others that had n events.
func originOf(name string, n, unlisted uint64, programs ...summaries.Program) summaries.Origin {
	o := summaries.Origin{
		Name: name, Events: n, Kinds: kindsOf(n), Programs: programs,
		Other: summaries.Other{Members: 1, Events: n, Kinds: kindsOf(n), UnlistedMax: unlisted, Paths: pathOf("/h", n)},
	}
	for i := range programs {
		o.Events += programs[i].Events
		o.Kinds.Add(&programs[i].Kinds)
	}
	return o
}

// The bounds of three windows: in the first the program is listed, in the second only its
// origin, in the third not even that.
func TestBoundsByHand(t *testing.T) {
	s := newStore(t, Config{})
	for seq, origins := range [][]summaries.Origin{
		{originOf("a", 1000, 100, programOf1("/bin/p", 10, 3, 20))},
		{originOf("a", 1000, 200, programOf1("/bin/q", 10, 0, 0))},
		{originOf(othersOfMachine, 10000, 4000)},
	} {
		sum, frame := written(t, uint64(seq+1), origins...)
		if added, err := s.Ingest(t.Context(), sum, frame); err != nil || !added {
			t.Fatal(added, err)
		}
	}
	q := Query{Range: Range{noon, noon + buckets[Day]}}
	top := func(by Group) map[string]Count {
		counts := map[string]Count{}
		table, err := s.Top(t.Context(), q, by)
		if err != nil {
			t.Fatal(err)
		}
		for i := range table.Rows {
			name := table.Rows[i].Origin
			if by != ByOrigin {
				name = string(table.Rows[i].Program.Path)
			}
			counts[name] = table.Rows[i].Count
		}
		counts["unlisted"] = Count{table.UnlistedMax, table.Folded}
		return counts
	}
	equal(t, top(ByOrigin), map[string]Count{"a": {2040, 4000}, "unlisted": {4000, 10000}})
	equal(t, top(ByProgram), map[string]Count{
		"/bin/p": {20, 3 + 200 + 4000}, "/bin/q": {20, 100 + 0 + 4000}, "unlisted": {100 + 200 + 4000, 12000},
	})
	equal(t, top(ByProcess), map[string]Count{
		"/bin/p": {10, 4 + 200 + 4000}, "/bin/q": {10, 100 + 1 + 4000}, "unlisted": {100 + 200 + 4000, 12020},
	})
	p, err := s.ProgramsAt(t.Context(), []byte("/bin/p"))
	if err != nil || len(p) != 1 || p[0].Origin != "a" {
		t.Fatal(p, err)
	}
	course, err := s.ProgramHistory(t.Context(), p[0].ID, Query{Range: Range{noon + 10e9, noon + 40e9}}, 10*time.Second)
	if err != nil || len(course.Points) != 3 {
		t.Fatal(course, err)
	}
	for i, want := range []Count{{20, 3}, {0, 200}, {0, 4000}} {
		if got := course.Points[i].Count; got != want {
			t.Errorf("point %d: %+v, want %+v", i, got, want)
		}
	}
	q.Filter = Filter{Program: p[0].ID, PathPrefix: "/f"} // by frames
	total, err := s.Totals(t.Context(), q)
	if err != nil || total.Count != (Count{10, 3 + 200 + 4000}) {
		t.Errorf("%+v, %v", total, err)
	}
}

func equal(t *testing.T, got, want map[string]Count) {
	t.Helper()
	for name, c := range want {
		if got[name] != c {
			t.Errorf("%s: %+v, want %+v", name, got[name], c)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
