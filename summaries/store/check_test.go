package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every way in which rows can contradict each other is found.
func TestCheckFinds(t *testing.T) {
	now := &clock{noon + 2*buckets[Day]}
	for _, c := range []struct{ change, want string }{
		{"UPDATE windows SET events = events + 1 WHERE id = 2", "its head is"},
		{"UPDATE windows SET kinds = x'01' WHERE id = 2", "its head is"},
		{"UPDATE windows SET end_ns = end_ns + 1 WHERE id = 2", "its head is"},
		{"UPDATE windows SET source = (SELECT max(id) FROM sources) WHERE id = 2", "it is of"},
		{"UPDATE windows SET parent = 77777 WHERE id = 2", "there is no minute window of that number"},
		{"UPDATE windows SET parent = NULL WHERE id = 2", "it counts 6 windows, 5 are there"},
		{"UPDATE windows SET parent = (SELECT max(id) FROM windows WHERE level = 1) WHERE id = 2", "of another bucket or boot"},
		{"UPDATE windows SET children = 1 WHERE level = 2", "are counted in it, it says 1"},
		{"UPDATE windows SET children = 0 WHERE level = 3", "a day window of 0 parts"},
		{"UPDATE frames SET packed = (SELECT packed FROM frames WHERE window = 3) WHERE window = 2", "its head is"},
		{"UPDATE frames SET packed = x'aabb' WHERE window = 2", "its frame"},
		{"DELETE FROM frames WHERE window = 2", "its frame"},
		{"INSERT INTO frames VALUES (77777, x'')", "belong to no window"},
		{"DELETE FROM program_rows WHERE window = 2", "rows of programs"},
		{"UPDATE origin_rows SET unlisted_max = 7 WHERE window = 2", "rows of origins"},
		{"UPDATE runs SET last_seq = last_seq - 1", "are not recorded"},
		{"INSERT INTO runs SELECT source, last_seq + 1, last_seq + 5, 0, 0 FROM runs LIMIT 1", "come after"},
		{"UPDATE levels SET horizon = 9000000000000000000 WHERE level = 3", "windows are there from"},
		{"PRAGMA foreign_keys = off; UPDATE origin_rows SET origin = 77777 WHERE window = 2 AND origin = (SELECT min(origin) FROM origin_rows WHERE window = 2)", "references"},
		{"PRAGMA writable_schema = on; DELETE FROM sqlite_schema WHERE name = 'windows_open'", "database"},
	} {
		t.Run(c.change, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history")
			s, m := openTest(t, path, Config{Now: now.now, Key: &testKey}), newMaker(1)
			m.writers = 2
			m.fill(t, s, noon, 14)
			maintain(t, s)
			if r := check(t, s); t.Failed() || r.Windows != [NumLevels]uint64{14, 3, 1, 1} || r.Gaps != 0 {
				t.Fatalf("before: %+v", r)
			}
			if _, err := s.writer.Exec(c.change); err != nil {
				t.Fatal(err)
			}
			r, err := Check(path)
			found := strings.Join(r.Problems, "\n")
			if err != nil || r.OK() || !strings.Contains(found, c.want) {
				t.Errorf("found %q, %v", found, err)
			}
		})
	}
}

// A report does not grow with the damage.
func TestCheckIsBounded(t *testing.T) {
	s, m := newStore(t, Config{}), newMaker(1)
	m.writers = 1
	m.fill(t, s, noon, 150)
	if _, err := s.writer.Exec("DELETE FROM frames"); err != nil {
		t.Fatal(err)
	}
	r, err := Check(s.Path())
	if err != nil || len(r.Problems) != maxProblems || r.More == 0 {
		t.Errorf("%d problems and %d more, %v", len(r.Problems), r.More, err)
	}
}

func TestCheckRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	if _, err := Check(path); err == nil || !strings.Contains(err.Error(), "name the file") {
		t.Error(err)
	}
	write(t, path, "no database")
	if _, err := Check(path); err == nil {
		t.Error("read as a store")
	}
}

// Ingest, Maintain, queries and Check at the same time: nothing fails, nothing is lost.
func TestConcurrent(t *testing.T) {
	m := newMaker(1)
	m.writers = 4
	const windows = 150
	start := time.Now().UnixNano()/buckets[Day]*buckets[Day] - buckets[Day]
	s := newStore(t, Config{Key: &testKey, Keep: [NumLevels]time.Duration{Raw: time.Hour}})
	done := make(chan struct{})
	failed := make(chan error, 3)
	repeat := func(do func() error) {
		for {
			select {
			case <-done:
				failed <- nil
				return
			default:
			}
			if err := do(); err != nil {
				failed <- err
				return
			}
		}
	}
	ctx := t.Context()
	go repeat(func() error { return s.Maintain(ctx) })
	go repeat(func() error {
		_, err := s.Tops(ctx, Query{Range: Range{start, start + buckets[Day]}}, ByProgram, ByFile)
		return err
	})
	go repeat(func() error {
		r, err := Check(s.Path())
		if err == nil && !r.OK() {
			err = fmt.Errorf("%q", r.Problems)
		}
		return err
	})
	var want uint64
	for i := range uint64(windows) {
		sum, frame := m.frame(t, m.tile("b/s", i+1, i+1, start+int64(i)*10e9, 10e9, 4))
		if added, err := s.Ingest(ctx, sum, frame); err != nil || !added {
			t.Fatal(added, err)
		}
		want += sum.Events
	}
	close(done)
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	total, err := s.Totals(ctx, Query{Range: Range{start, start + buckets[Day]}})
	if err != nil || total.Events != want {
		t.Errorf("%d events, want %d, %v", total.Events, want, err)
	}
	maintain(t, s)
	if st, err := s.Stats(ctx); err != nil || st.Windows[Raw] != 0 || st.Maintained == 0 || st.MaintainFails != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	check(t, s)
}
