package aggregator

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// BenchmarkLongestPause reports how long a source waits for the aggregator at its default
// limits: for one event, and for one batch. Windows of a simulated second end while it runs,
// so that the exchange of the panes, the first use of an empty one, every fold up and what
// the other goroutine does to the caches and to the collector are all in it.
//
// cpu-max-ns is the longest in processor time of the folding thread within a window, and
// boundary-cpu-max-ns where one ended; the others are by the clock, in which a busy machine's
// other work counts too.
func BenchmarkLongestPause(b *testing.B) {
	for _, name := range synthetic.Names() {
		for _, size := range []int{1, synthetic.BatchSize} {
			b.Run(name+map[int]string{1: "/event", synthetic.BatchSize: "/batch"}[size], func(b *testing.B) {
				benchmarkPause(b, name, size)
			})
		}
	}
}

func benchmarkPause(b *testing.B, name string, size int) {
	scenario, err := synthetic.Lookup(name, 1)
	if err != nil {
		b.Fatal(err)
	}
	a, err := New(Config{Window: time.Second, Key: sketch.Key{1}})
	if err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	swaps, ended := 0, make(chan error, 1)
	l := newLive(a, false, window.Reading{Wall: synthetic.Epoch, Mono: 0})
	go func() { ended <- l.summarize(func(*summaries.Summary) error { swaps++; return nil }) }()
	m := meter{took: make([]int64, 0, b.N)}
	var last window.Reading
	err = synthetic.NewSource(scenario, synthetic.Config{Events: uint64(b.N)}).Run(b.Context(), func(batch *esbridge.Batch) error {
		for events := batch.Events; len(events) > 0; events = events[min(size, len(events)):] {
			part := esbridge.Batch{Events: events[:min(size, len(events))]}
			now := part.Events[len(part.Events)-1].Arrival
			last = window.Reading{Wall: now, Mono: now - synthetic.Epoch}
			before, merged := l.shards[0].open, l.shards[0].open.merged
			cpu := m.measure(func() { l.take(0, &part, last) })
			if open := l.shards[0].open; open != before || open.merged != merged {
				m.boundary = max(m.boundary, cpu)
			} else {
				m.within = max(m.within, cpu)
			}
		}
		return nil
	})
	l.finish(summaries.SourceEnded, last)
	if err != nil || <-ended != nil {
		b.Fatal(err)
	}
	m.report(b)
	b.ReportMetric(float64(swaps), "windows")
}

// meter measures pauses.
type meter struct {
	took             []int64 // nanoseconds by the clock
	within, boundary int64   // the longest in processor time of the thread, by whether a window ended
}

// measure returns what a pause takes in processor time of this thread.
func (m *meter) measure(pause func()) (cpu int64) {
	before := threadTime()
	start := time.Now()
	pause()
	took := time.Since(start)
	cpu = threadTime() - before
	m.took = append(m.took, int64(took))
	return cpu
}

func (m *meter) report(b *testing.B) {
	slices.Sort(m.took)
	b.ReportMetric(0, "ns/op") // what it would say includes the measuring
	b.ReportMetric(float64(m.took[len(m.took)/2]), "p50-ns")
	b.ReportMetric(float64(m.took[len(m.took)*999/1000]), "p99.9-ns")
	b.ReportMetric(float64(m.took[len(m.took)-1]), "max-ns")
	b.ReportMetric(float64(m.within), "cpu-max-ns")
	b.ReportMetric(float64(m.boundary), "boundary-cpu-max-ns")
}

// threadTime is the processor time that this thread has used, in nanoseconds.
func threadTime() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return t.Nano()
}
