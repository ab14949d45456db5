package summaries_test

import (
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// BenchmarkFold folds whole scenarios, the cost of making their events included: subtract
// BenchmarkGenerate of package synthetic. Each runs beside m[key]++ on a Go map of 64 Ki
// keys (BenchmarkMap), so that ratios of one run compare between machines.
func BenchmarkFold(b *testing.B) {
	for _, name := range []string{"one-file-flood", "zipf", "distinct-flood", "fork-storm", "attack-mix", "one-dir-per-file", "deep-paths"} {
		b.Run(name, func(b *testing.B) {
			scenario, err := synthetic.Lookup(name, 1)
			if err != nil {
				b.Fatal(err)
			}
			key := sketch.Key{1}
			tree := summaries.NewTree(summaries.DefaultLimits, summaries.DefaultWatch, &key)
			b.ReportAllocs()
			b.ResetTimer()
			scenario.Generate(uint64(b.N), func(e *esbridge.Event) bool {
				tree.Fold(e, e.Last)
				return true
			})
		})
	}
}
