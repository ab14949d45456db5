//go:build unix

package store

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"
	"time"
)

var timesFlag = flag.Float64("times", 0, "hold queries to `so` many times what they may take, where the machine does nothing else")

// TestPageInTime: what a page asks for is answered within 100 ms for a day of ten-second
// windows, and within a second for 30 days of roll-ups.
func TestPageInTime(t *testing.T) {
	if *timesFlag <= 0 {
		t.Skip("-times=1 holds queries to their times: make times does, make long to three times as much")
	}
	s, ranges := history(t), historyRanges()
	for name, limit := range map[string]time.Duration{"day": 100 * time.Millisecond, "month": time.Second} {
		limit = time.Duration(float64(limit) * *timesFlag)
		q := Query{Range: ranges[name]}
		under := q
		under.Filter.PathPrefix = "/Users/alex/Library/Application Support/Google/Chrome/Dir1"
		top, err := s.TopPrograms(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		inTime(t, "an overview of a "+name, limit, func() error {
			_, totals := s.Totals(t.Context(), q)
			_, series := s.Series(t.Context(), q, 0)
			_, gaps := s.Gaps(t.Context(), q.Range, 0)
			_, tops := s.Tops(t.Context(), q, ByProgram, ByProcess, ByFile, ByDirectory)
			return errors.Join(totals, series, gaps, tops)
		})
		inTime(t, "a directory of a "+name, limit, func() error {
			_, err := s.Drill(t.Context(), under)
			return err
		})
		inTime(t, "a program of a "+name, limit, func() error {
			_, err := s.ProgramHistory(t.Context(), top.Rows[0].Program.ID, q, 0)
			return err
		})
	}
}

// inTime wants an answer within a limit: the best of a round of attempts in which nobody else
// used the machine. Where there is no such round nothing can be said of time.
func inTime(t *testing.T, what string, limit time.Duration, ask func() error) {
	t.Helper()
	const rounds, length, tolerated = 20, time.Second, 0.15
	for range rounds {
		best, others := time.Duration(math.MaxInt64), othersTime(t)
		began := time.Now()
		for time.Since(began) < length {
			asked := time.Now()
			if err := ask(); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(asked))
		}
		share := float64(othersTime(t)-others) / float64(time.Since(began)) / float64(runtime.NumCPU())
		t.Logf("%s in %v, while others had %.0f%% of the processors", what, best.Round(time.Millisecond/10), 100*share)
		if best <= limit {
			return
		}
		if share < tolerated {
			t.Errorf("%s took %v, more than %v", what, best, limit)
			return
		}
	}
	t.Logf("NOT HELD TO ITS TIME: %s, since the machine is busy with other things", what)
}

// othersTime is what all but this process have used of the processors: proc_stat(5), whose
// unit is a hundredth of a second. 0 where the system does not tell.
func othersTime(t *testing.T) time.Duration {
	t.Helper()
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	var user, nice, system, idle, iowait, irq, softirq, steal int64
	if _, err := fmt.Fscanf(bytes.NewReader(b), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+nice+system+irq+softirq+steal)*10*time.Millisecond - processorTime(t)
}
