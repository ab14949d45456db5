package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"summarizer/summaries"
)

// Each level is there for as long as it is kept, and while finer ones go coarser ones have all.
func TestRetention(t *testing.T) {
	now := &clock{noon}
	s, m := newStore(t, Config{Now: now.now, Key: &testKey, Keep: [NumLevels]time.Duration{time.Hour, 3 * time.Hour, 48 * time.Hour, 96 * time.Hour}}), newMaker(1)
	m.writers, m.poolSize = 1, 60
	if err := m.fillFrom(s, noon, buckets[Minute], 0, 5*60); err != nil {
		t.Fatal(err)
	}
	var events uint64
	for _, c := range []struct {
		hours int64
		want  [NumLevels]uint64
	}{{5, [NumLevels]uint64{60, 179, 4, 0}}, {30, [NumLevels]uint64{0, 0, 5, 1}}, {80, [NumLevels]uint64{0, 0, 0, 1}}, {130, [NumLevels]uint64{}}} {
		now.ns = noon + c.hours*int64(time.Hour)
		maintain(t, s)
		st, err := s.Stats(t.Context())
		if err != nil || st.Windows != c.want {
			t.Errorf("after %d hours: %v, want %v, %v", c.hours, st.Windows, c.want, err)
		}
		total, err := s.Totals(t.Context(), Query{Range: Range{noon, noon + 5*buckets[Hour]}})
		if events == 0 {
			events = total.Events
		}
		if c.hours < 100 && total.Events != events || c.hours > 100 && (total.Events != 0 || st.DeletedEvents[Day] != events) {
			t.Errorf("after %d hours: %d events of %d, %d deleted, %v", c.hours, total.Events, events, st.DeletedEvents[Day], err)
		}
		check(t, s)
	}
	var names int
	err := s.reader.QueryRow("SELECT (SELECT count(*) FROM programs) + (SELECT count(*) FROM origins) + (SELECT count(*) FROM sources)").Scan(&names)
	if err != nil || names != 0 {
		t.Errorf("%d names left, %v", names, err)
	}
}

// A file that is too large loses its oldest raw windows, and becomes smaller.
func TestSizeLimit(t *testing.T) {
	now := &clock{noon}
	s, m := newStore(t, Config{Now: now.now, Key: &testKey, MaxBytes: minMaxBytes}), newMaker(1)
	m.noise, m.per, m.poolSize = true, 16, 60
	const windows = 6 * 75
	m.fill(t, s, noon, windows)
	events := func() uint64 {
		total, err := s.Totals(t.Context(), Query{Range: Range{noon, noon + 2*buckets[Hour]}})
		if err != nil {
			t.Fatal(err)
		}
		return total.Events
	}
	want, before := events(), size(t, s)
	if before <= minMaxBytes {
		t.Fatalf("only %d bytes to begin with", before)
	}
	now.ns = noon + 4*buckets[Hour]
	maintain(t, s)
	st, err := s.Stats(t.Context())
	if err != nil || st.FileBytes > minMaxBytes || size(t, s) > minMaxBytes {
		t.Errorf("%d bytes, file of %d, limit %d, %v", st.FileBytes, size(t, s), minMaxBytes, err)
	}
	if st.Windows[Raw] == 0 || st.Windows[Raw] == windows || st.Windows[Hour] != 2 {
		t.Errorf("windows %v", st.Windows)
	}
	if got := events(); got != want {
		t.Errorf("%d events, want %d", got, want)
	}
	list, err := s.Windows(t.Context(), Range{noon, noon + buckets[Day]}, Raw, 1)
	if err != nil || list[0].Start == noon {
		t.Errorf("the oldest raw window is still there: %+v, %v", list, err)
	}
	check(t, s)
}

func size(t *testing.T, s *Store) int64 {
	t.Helper()
	info, err := os.Stat(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// A tile that comes again after its raw window was deleted is still known.
func TestDuplicateOfDeleted(t *testing.T) {
	now := &clock{noon}
	s, m := newStore(t, Config{Now: now.now, Keep: [NumLevels]time.Duration{Raw: time.Minute}}), newMaker(1)
	tile := m.tile("b/s", 1, 4, noon, 10e9, 2)
	sum := m.ingest(t, s, tile)
	now.ns = noon + buckets[Hour]
	maintain(t, s)
	again, frame := m.frame(t, tile)
	if added, err := s.Ingest(t.Context(), again, frame); added || err != nil {
		t.Errorf("added %v, %v", added, err)
	}
	wider, frame := m.frame(t, m.tile("b/s", 3, 5, noon, 10e9, 2))
	if added, err := s.Ingest(t.Context(), wider, frame); added || !errors.Is(err, ErrOverlap) {
		t.Errorf("added %v, %v", added, err)
	}
	total, err := s.Totals(t.Context(), Query{Range: Range{noon, noon + buckets[Day]}})
	if err != nil || total.Events != sum.Events || total.Coarsest != Minute {
		t.Errorf("%+v, %v", total, err)
	}
}

// A frame that cannot be read keeps its window where it is, by its head; all others go on.
func TestDamagedFrameStays(t *testing.T) {
	now := &clock{noon}
	s, m := newStore(t, Config{Now: now.now, Keep: [NumLevels]time.Duration{Raw: time.Minute}}), newMaker(1)
	m.fill(t, s, noon, 12)
	if _, err := s.writer.Exec("UPDATE frames SET packed = x'00' WHERE window = 3"); err != nil {
		t.Fatal(err)
	}
	all := Query{Range: Range{noon, noon + buckets[Day]}}
	before, err := s.Totals(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	now.ns = noon + buckets[Hour]*30
	if err := s.Maintain(t.Context()); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "window 3") {
		t.Errorf("maintain: %v", err)
	}
	after, err := s.Totals(t.Context(), all)
	if err != nil || after.Events != before.Events {
		t.Errorf("%d events, had %d, %v", after.Events, before.Events, err)
	}
	if st, err := s.Stats(t.Context()); err != nil || st.Windows[Raw] != 1 || st.Windows[Day] != 1 || st.MaintainFails != 1 {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := s.Top(t.Context(), all, ByFile); !errors.Is(err, ErrDamaged) {
		t.Errorf("top: %v", err)
	}
	if r, err := Check(s.Path()); err != nil || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "window 3") {
		t.Errorf("check: %+v, %v", r, err)
	}
}

// A summary that does not fit into the frames of a level goes up as it is.
func TestTooLargeForItsLevel(t *testing.T) {
	now := &clock{noon}
	s, m := newStore(t, Config{Now: now.now, FrameSize: [NumLevels]int{0, summaries.MinFrameSize, summaries.MinFrameSize, summaries.MinFrameSize}}), newMaker(1)
	for i := range uint64(2) {
		sum := m.tile("b/s", i+1, i+1, noon+int64(i)*10e9, 10e9, 2)
		sum.Muted = []summaries.MuteRule{{Rule: strings.Repeat("r", 20<<10), Counted: true}}
		m.ingest(t, s, sum)
	}
	now.ns = noon + 2*buckets[Day]
	maintain(t, s)
	if r := check(t, s); r.Windows != [NumLevels]uint64{2, 2, 2, 2} {
		t.Errorf("%v", r.Windows)
	}
}

// Maintain stops when it is told to, and what it did not do the next one does.
func TestMaintainCancelled(t *testing.T) {
	now := &clock{noon + buckets[Day]}
	s, m := newStore(t, Config{Now: now.now}), newMaker(1)
	m.fill(t, s, noon, 60)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Maintain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	maintain(t, s)
	if r := check(t, s); r.Windows[Hour] != 1 {
		t.Errorf("%v", r.Windows)
	}
}
