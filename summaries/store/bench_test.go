//go:build unix

package store

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Ten thousand windows of 24 processes with 4 paths each, one transaction and one fsync
// each, as they come from an agent.
func BenchmarkIngest(b *testing.B) {
	const windows = 10_000
	m := newMaker(1)
	var frames [][]byte // made before the clock runs
	for i := range uint64(500) {
		_, frame := m.frame(b, m.tile("b/s", i+1, i+1, noon+int64(i)*10e9, 10e9, 24))
		frames = append(frames, frame)
	}
	for range b.N {
		path := filepath.Join(b.TempDir(), "history")
		s := openTest(b, path, Config{})
		began, busy := time.Now(), processorTime(b)
		for i := range uint64(windows) {
			sum, frame := decoded(b, frames[i%500])
			sum.FirstSeq, sum.Seq = i+1, i+1
			sum.Window.Start, sum.Window.End = noon+int64(i)*10e9, noon+int64(i+1)*10e9
			if added, err := s.Ingest(b.Context(), sum, frame); err != nil || !added {
				b.Fatal(added, err)
			}
		}
		b.ReportMetric(windows/time.Since(began).Seconds(), "windows/s")
		b.ReportMetric(float64((processorTime(b)-busy).Microseconds())/windows, "cpu-µs/window")
		s.Close()
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/windows, "bytes/window")
	}
}

// history is a store of a month, whose last day still has its raw windows.
func history(t testing.TB) *Store {
	t.Helper()
	now := &clock{}
	s := newStore(t, Config{Now: now.now, Key: &testKey, Keep: [NumLevels]time.Duration{24 * time.Hour}})
	m := newMaker(1)
	m.poolSize = 600
	seq := uint64(0)
	for day := range int64(30) {
		step := 5 * int64(time.Minute) // enough to fill the frames of days
		if day == 29 {
			step = 10e9
		}
		n := int(buckets[Day] / step)
		if err := m.fillFrom(s, noon+day*buckets[Day], step, seq, n); err != nil {
			t.Fatal(err)
		}
		seq += uint64(n)
		now.ns = noon + (day+1)*buckets[Day]
		if err := s.Maintain(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// historyRanges are ranges of history, to the second.
func historyRanges() map[string]Range {
	end := noon + 30*buckets[Day] - 1234567890123
	return map[string]Range{
		"hour": {end - buckets[Hour], end}, "day": {end - buckets[Day], end}, "month": {noon, noon + 30*buckets[Day]},
	}
}

// The queries of a page, over the last hour and day to the second, and over 30 days.
func BenchmarkQueries(b *testing.B) {
	s, ranges := history(b), historyRanges()
	for _, name := range []string{"hour", "day", "month"} {
		q := Query{Range: ranges[name]}
		top, err := s.TopPrograms(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		under := q
		under.Filter.PathPrefix = "/Users/alex/Library/Application Support/Google/Chrome/Dir1"
		for _, c := range []struct {
			name string
			do   func(context.Context) error
		}{
			{"totals", func(ctx context.Context) error { _, err := s.Totals(ctx, q); return err }},
			{"series", func(ctx context.Context) error { _, err := s.Series(ctx, q, 0); return err }},
			{"gaps", func(ctx context.Context) error { _, err := s.Gaps(ctx, q.Range, 0); return err }},
			{"history", func(ctx context.Context) error {
				_, err := s.ProgramHistory(ctx, top.Rows[0].Program.ID, q, 0)
				return err
			}},
			{"programs", func(ctx context.Context) error { _, err := s.TopPrograms(ctx, q); return err }},
			{"processes", func(ctx context.Context) error { _, err := s.TopProcesses(ctx, q); return err }},
			{"paths", func(ctx context.Context) error { _, err := s.TopPaths(ctx, q); return err }},
			{"directories", func(ctx context.Context) error { _, err := s.TopDirectories(ctx, q); return err }},
			{"drill-prefix", func(ctx context.Context) error { _, err := s.Drill(ctx, under); return err }},
			{"series-prefix", func(ctx context.Context) error { _, err := s.Series(ctx, under, 0); return err }},
			{"all-tops", func(ctx context.Context) error {
				_, err := s.Tops(ctx, q, ByProgram, ByProcess, ByFile, ByDirectory)
				return err
			}},
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				began := processorTime(b)
				for range b.N {
					if err := c.do(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((processorTime(b)-began).Milliseconds())/float64(b.N), "cpu-ms/op")
			})
		}
	}
	st, err := s.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("file %d bytes, windows %v, longest step of Maintain %s", st.FileBytes, st.Windows, st.LongestStep)
}

// processorTime is what this process has used of all processors: on a machine that does other
// things too it says more than the time of day.
func processorTime(b testing.TB) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
