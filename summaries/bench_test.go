package summaries_test

import (
	"math/rand/v2"
	"syscall"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// BenchmarkFold folds whole scenarios. cpu-ns/op is the processor time of an event less that of
// making it, and x-map how many times that of m[key]++ on a Go map of 64 Ki keys (BenchmarkMap)
// it is, measured right before: ratios of one run compare between machines. Give it a number of
// events: -benchtime 1000000x. The longest pause is BenchmarkLongestPause of package aggregator.
func BenchmarkFold(b *testing.B) {
	for _, name := range []string{"one-file-flood", "zipf", "distinct-flood", "fork-storm", "attack-mix", "one-dir-per-file", "deep-paths"} {
		b.Run(name, func(b *testing.B) {
			scenario, err := synthetic.Lookup(name, 1)
			if err != nil {
				b.Fatal(err)
			}
			key := sketch.Key{1}
			tree := summaries.NewTree(summaries.DefaultLimits, summaries.DefaultWatch, &key)
			run := func(fold func(batch []esbridge.Event)) float64 {
				before := cpuTime(b)
				for batch := range scenario.Batches(uint64(b.N)) {
					fold(batch)
				}
				return float64(cpuTime(b)-before) / float64(b.N)
			}
			count, n := yardstick(), 1<<20
			before := cpuTime(b)
			count(n)
			perKey := float64(cpuTime(b)-before) / float64(n)
			making := run(func([]esbridge.Event) {})
			b.ReportAllocs()
			b.ResetTimer()
			perEvent := run(func(batch []esbridge.Event) {
				tree.Begin()
				for i := range batch {
					tree.Fold(&batch[i], batch[i].Last)
				}
				tree.End()
			}) - making
			b.ReportMetric(perEvent, "cpu-ns/op")
			b.ReportMetric(perEvent/perKey, "x-map")
		})
	}
}

// windowOf is what a window of 100,000 events of a scenario leaves in a tree.
func windowOf(b *testing.B, name string, seed uint64) *summaries.Tree {
	b.Helper()
	scenario, err := synthetic.Lookup(name, seed)
	if err != nil {
		b.Fatal(err)
	}
	key := sketch.Key{1}
	tree := summaries.NewTree(summaries.DefaultLimits, summaries.DefaultWatch, &key)
	scenario.Generate(100000, func(e *esbridge.Event) bool {
		tree.Fold(e, e.Last)
		return true
	})
	return tree
}

func fitted(b *testing.B, tree *summaries.Tree) *summaries.Summary {
	b.Helper()
	s := &summaries.Summary{Window: summaries.Window{Start: synthetic.Epoch, End: synthetic.Epoch + 10e9, Hop: 10e9, Merged: 1}}
	if err := tree.Fit(s, summaries.DefaultFrameSize); err != nil {
		b.Fatal(err)
	}
	s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
	return s
}

// BenchmarkFit fits a full tree into a frame of 64 KiB: what the end of a window costs, away
// from folding.
func BenchmarkFit(b *testing.B) {
	for _, name := range []string{"quiet-desktop", "zipf", "attack-mix"} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				tree := windowOf(b, name, 1)
				b.StartTimer()
				fitted(b, tree)
			}
		})
	}
}

// BenchmarkAppendFrame encodes a full summary.
func BenchmarkAppendFrame(b *testing.B) {
	s := fitted(b, windowOf(b, "zipf", 1))
	buf := make([]byte, 0, summaries.DefaultFrameSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := summaries.AppendFrame(buf, s, summaries.DefaultFrameSize); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMerge merges two full summaries and fits the result.
func BenchmarkMerge(b *testing.B) {
	one, two := fitted(b, windowOf(b, "zipf", 1)), fitted(b, windowOf(b, "zipf", 2))
	key := sketch.Key{1}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := summaries.Merge(&key, summaries.DefaultFrameSize, one, two); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMap is the yardstick.
func BenchmarkMap(b *testing.B) {
	count := yardstick()
	b.ResetTimer()
	before := cpuTime(b)
	count(b.N)
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// yardstick returns what counts random keys of 64 Ki in a Go map.
func yardstick() func(n int) {
	m := make(map[uint64]uint64, 1<<16)
	rng := rand.New(rand.NewPCG(1, 1))
	keys := make([]uint64, 1<<16)
	for i := range keys {
		keys[i] = rng.Uint64()
		m[keys[i]] = 0
	}
	order := make([]uint16, 1<<20)
	for i := range order {
		order[i] = uint16(rng.Uint32())
	}
	return func(n int) {
		for i := range n {
			m[keys[order[i&(1<<20-1)]]]++
		}
	}
}

// cpuTime is what this process has used of the processors, in nanoseconds: what else the
// machine does disturbs it far less than it does the wall clock.
func cpuTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
