package store

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"summarizer/summaries"
)

// Names of any bytes and counts of any size come back as they were, and no sum wraps around,
// however coarse the level.
func TestHostileRoundTrip(t *testing.T) {
	now := &clock{noon}
	s := newStore(t, Config{Now: now.now, Keep: [NumLevels]time.Duration{time.Minute, time.Minute, time.Minute, 1 << 60}})
	var want uint64
	names := []string{"'; DROP TABLE windows; --", "\x00", "\xff\xfe", `"`, strings.Repeat("n", 1000), "%s%n", "\u202e"}
	for i, name := range names {
		program := programOf1("/bin/"+name, 1<<61, 1<<63, math.MaxUint64)
		program.SigningID, program.TeamID, program.CDHash = name, name, []byte(name)
		program.Device, program.Inode = math.MaxUint64, math.MaxUint64
		program.Processes[0].Container = name
		sum, frame := written(t, uint64(i+1), originOf(name, 1<<62, math.MaxUint64, program, program))
		sum.Machine.ID = "machine"
		if added, err := s.Ingest(t.Context(), sum, frame); !added || err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		want = plus(want, sum.Events)
		compareStored(t, s, i, sum, frame)
		p, err := s.ProgramsAt(t.Context(), []byte("/bin/"+name))
		if err != nil || len(p) != 1 || p[0].Origin != name || p[0].TeamID != name || p[0].SigningID != name || p[0].Inode != math.MaxUint64 {
			t.Errorf("%q: %+v, %v", name, p, err)
		}
	}
	all := Query{Range: Range{noon, noon + 2*buckets[Day]}}
	for range 2 {
		total, err := s.Totals(t.Context(), all)
		if err != nil || total.Events != want || total.Kinds[0] != want || want != math.MaxUint64 {
			t.Errorf("total %+v, %v, want %d", total, err, want)
		}
		tables, err := s.Tops(t.Context(), all, ByOrigin, ByProgram, ByProcess, ByFile, ByDirectory, ByEntry)
		if err != nil || tables[1].Rows[0].Events < 1<<62 || tables[3].Rows[0].Max() != math.MaxUint64 {
			t.Errorf("%+v, %v", tables, err)
		}
		check(t, s)
		now.ns = noon + 40*buckets[Day]
		maintain(t, s) // and again when only days are left
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Windows != [NumLevels]uint64{0, 0, 0, uint64(len(names))} {
		t.Errorf("huge windows must not be merged: %+v, %v", st.Windows, err)
	}
}

func compareStored(t *testing.T, s *Store, i int, sum *summaries.Summary, frame []byte) {
	t.Helper()
	list, err := s.Windows(t.Context(), Range{noon, noon + buckets[Day]}, Raw, 0)
	if err != nil || len(list) != i+1 {
		t.Fatalf("%d windows, %v", len(list), err)
	}
	stored, err := s.Frame(t.Context(), list[i].ID)
	if err != nil || !bytes.Equal(stored, frame) {
		t.Fatalf("frame differs, %v", err)
	}
	read, err := summaries.DecodeFrame(stored)
	if err != nil || !reflect.DeepEqual(read, sum) {
		t.Fatalf("summary differs, %v", err)
	}
}

// What no agent writes is refused for good.
func TestInvalidIsRefused(t *testing.T) {
	s, m := newStore(t, Config{}), newMaker(1)
	good := m.tile("b/s", 1, 1, noon, 10e9, 1)
	for name, change := range map[string]func(*summaries.Summary){
		"refresh":         func(s *summaries.Summary) { s.Window.Tile = false },
		"number 0":        func(s *summaries.Summary) { s.FirstSeq, s.Seq = 0, 0 },
		"number too high": func(s *summaries.Summary) { s.Seq = 1 << 63 },
		"early":           func(s *summaries.Summary) { s.Window.Start = math.MinInt64 + 1 },
		"late":            func(s *summaries.Summary) { s.Window.End = math.MaxInt64 },
		"long name":       func(s *summaries.Summary) { s.Machine.Boot = strings.Repeat("b", longestName+1) },
	} {
		bad := *good
		change(&bad)
		frame, err := summaries.AppendFrame(nil, &bad, m.frameSize)
		if err != nil {
			t.Fatal(err)
		}
		if added, err := s.Ingest(t.Context(), &bad, frame); added || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: added %v, %v", name, added, err)
		}
	}
	_, frame := m.frame(t, good)
	for name, frame := range map[string][]byte{"no frame": nil, "cut": frame[:len(frame)-1], "foreign": make([]byte, len(frame))} {
		if added, err := s.Ingest(t.Context(), good, frame); added || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: added %v, %v", name, added, err)
		}
	}
	if r := check(t, s); r.Windows[Raw] != 0 {
		t.Errorf("%d windows were stored", r.Windows[Raw])
	}
}

// Times far from each other neither overflow nor make long answers.
func TestAbsurdTimes(t *testing.T) {
	now := &clock{noon}
	s, m := newStore(t, Config{Now: now.now}), newMaker(1)
	for i, start := range []int64{minTime, -1, 0, noon, maxTime - 10e9} {
		m.ingest(t, s, m.tile("b/s", uint64(i+1), uint64(i+1), start, 10e9, 2))
	}
	all := Range{math.MinInt64, math.MaxInt64}
	total, err := s.Totals(t.Context(), Query{Range: all})
	if err != nil || total.Windows != 5 {
		t.Errorf("%+v, %v", total, err)
	}
	series, err := s.Series(t.Context(), Query{Range: all}, time.Second)
	if err != nil || len(series.Points) > maxPoints+1 {
		t.Errorf("%d points, %v", len(series.Points), err)
	}
	now.ns = noon + 10*buckets[Day]
	maintain(t, s)
	if r := check(t, s); r.Windows[Day] == 0 || r.Windows[Raw] != 1 {
		t.Errorf("windows %v: what is older than all history goes, what is in the future stays", r.Windows)
	}
}
