//go:build cgo

package native

import (
	"fmt"
	"testing"

	"summarizer/esbridge/endpointsecurity"
)

// BenchmarkHandler is what a call of the handler costs beyond that of an empty one, while a
// consumer drains every 25 ms, as Source does.
func BenchmarkHandler(b *testing.B) {
	for _, c := range []struct {
		name string
		f    flood
	}{
		{"one-file", flood{processes: 1, files: 1}},
		{"processes-1000", flood{processes: 1000, files: 1}},
		{"files-65536", flood{processes: 1, files: 1 << 16}},
		{"files-65536-of-64-processes", flood{processes: 64, files: 1 << 10}},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := c.f
			f.threads, f.version, f.reuse, f.events = 100, 9, true, uint64(b.N)
			full, counters := measure(b, f)
			f.emptyHandler = true
			empty, _ := measure(b, f)
			b.ReportMetric(float64(full.elapsed-min(full.elapsed, empty.elapsed))/float64(b.N), "ns-above-empty")
			b.ReportMetric(float64(counters.Coalesced)/float64(b.N), "coalesced/event")
			b.ReportMetric(float64(counters.Lost[1])/float64(b.N), "lost/event")
		})
	}
}

func measure(b *testing.B, f flood) (report, endpointsecurity.Counters) {
	r := startRun(b, endpointsecurity.Config{})
	startFlood(f)
	waitFlood()
	r.end()
	return readReport(0), r.source.Stats(endpointsecurity.Files)
}

// BenchmarkHandlerTimes is how long single calls of the handler take in the forum's scenario, as
// messages come one by one in new memory, and an empty handler beside it. The clock that measures
// is in both.
func BenchmarkHandlerTimes(b *testing.B) {
	for _, processes := range []uint32{1, 10, 1000} {
		for _, empty := range []bool{false, true} {
			name := fmt.Sprintf("processes-%d", processes)
			if empty {
				name += "-empty"
			}
			b.Run(name, func(b *testing.B) {
				r, _ := measure(b, flood{
					events: uint64(b.N), processes: processes, threads: 100, files: 100, version: 9, measureEach: true, emptyHandler: empty,
				})
				b.ReportMetric(float64(r.quantile(0.5)), "p50-ns")
				b.ReportMetric(float64(r.quantile(0.999)), "p99.9-ns")
				b.ReportMetric(float64(r.longest), "max-ns")
			})
		}
	}
}
