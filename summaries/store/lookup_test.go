package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"summarizer/esbridge"
)

// Reading back what is there, by time, by number and by name.
func TestLookUp(t *testing.T) {
	now := &clock{noon}
	s, m := newStore(t, Config{Now: now.now, Keep: [NumLevels]time.Duration{Raw: time.Hour}}), newMaker(1)
	for i := range uint64(3) {
		m.ingest(t, s, m.tile("b/s", i+1, i+1, noon+int64(i)*90e9, 60e9, 2)) // half a minute between them
	}
	ctx := t.Context()
	for at, want := range map[int64]int64{noon: noon, noon + 59e9: noon, noon + 90e9: noon + 90e9, noon + 200e9: noon + 180e9} {
		if w, err := s.WindowAt(ctx, at); err != nil || w.Start != want || w.Session != "s" || w.Level != Raw {
			t.Errorf("at %d: %+v, %v", at, w, err)
		}
	}
	for _, at := range []int64{noon - 1, noon + 75e9, noon + 240e9} {
		if w, err := s.WindowAt(ctx, at); !errors.Is(err, ErrUnknown) {
			t.Errorf("at %d: %+v, %v", at, w, err)
		}
	}
	if ids, err := s.Machines(ctx); err != nil || fmt.Sprint(ids) != "[machine]" {
		t.Error(ids, err)
	}
	if _, err := s.Frame(ctx, 12345); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	for _, id := range []ProgramID{"", "x", "00112233445566778899aabbccddeeff"} {
		if _, err := s.Program(ctx, id); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", id, err)
		}
	}
	now.ns = noon + 3*buckets[Hour]
	maintain(t, s)
	if w, err := s.WindowAt(ctx, noon+30e9); err != nil || w.Level != Minute || w.Session != "" || w.Boot != "b" {
		t.Errorf("after raw windows went: %+v, %v", w, err)
	}
}

// A stretch without windows is a point that says so, and a filter by machine leaves the others.
func TestSeriesShowsGaps(t *testing.T) {
	s, m := newStore(t, Config{}), newMaker(1)
	want := map[int64]uint64{}
	for _, minute := range []int64{0, 1, 4} {
		start := noon + minute*buckets[Minute]
		want[start] = m.ingest(t, s, m.tile("b/s", uint64(minute+1), uint64(minute+1), start, 10e9, 2)).Events
	}
	q := Query{Range: Range{noon, noon + 6*buckets[Minute]}}
	series, err := s.Series(t.Context(), q, time.Minute)
	if err != nil || len(series.Points) != 6 || series.Windows != 3 {
		t.Fatalf("%+v, %v", series, err)
	}
	for i, p := range series.Points {
		if p.Start != noon+int64(i)*buckets[Minute] || p.Events != want[p.Start] || (p.Windows == 0) != (want[p.Start] == 0) || p.Missed != 0 {
			t.Errorf("point %d: %+v", i, p)
		}
	}
	if series.Points[4].Lost != 2 {
		t.Errorf("lost %d", series.Points[4].Lost)
	}
	q.Filter.Machine = "another"
	if total, err := s.Totals(t.Context(), q); err != nil || total.Windows != 0 || total.Events != 0 {
		t.Errorf("%+v, %v", total, err)
	}
}

// What cannot be asked is refused.
func TestQueryRefuses(t *testing.T) {
	s := newStore(t, Config{})
	day := Range{noon, noon + buckets[Day]}
	for i, q := range []Query{
		{}, {Range: Range{noon, noon}}, {Range: day, Filter: Filter{PathPrefix: "etc"}}, {Range: day, Filter: Filter{Process: &Process{}}},
		{Range: day, Filter: Filter{Kinds: []esbridge.Kind{99}}}, {Range: day, Filter: Filter{Program: "'"}},
	} {
		if _, err := s.Totals(t.Context(), q); err == nil {
			t.Errorf("totals of query %d", i)
		}
		if _, err := s.Drill(t.Context(), q); err == nil {
			t.Errorf("drill of query %d", i)
		}
		if _, err := s.Series(t.Context(), q, 0); err == nil {
			t.Errorf("series of query %d", i)
		}
	}
}

// Summaries gives each event once, whatever was rolled up, and stops when it is left.
func TestSummaries(t *testing.T) {
	now := &clock{noon}
	s, m := newStore(t, Config{Now: now.now, Keep: [NumLevels]time.Duration{Raw: time.Hour}}), newMaker(1)
	m.writers = 1
	if err := m.fillFrom(s, noon, buckets[Minute], 0, 90); err != nil {
		t.Fatal(err)
	}
	now.ns = noon + 2*buckets[Hour]
	maintain(t, s)
	r := Range{noon, noon + buckets[Day]}
	var events uint64
	for sum, err := range s.Summaries(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		events += sum.Events
	}
	total, err := s.Totals(t.Context(), Query{Range: r})
	if err != nil || total.Events != events || events == 0 {
		t.Errorf("%d events, want %d, %v", events, total.Events, err)
	}
	for range s.Summaries(t.Context(), r) {
		break
	}
}
