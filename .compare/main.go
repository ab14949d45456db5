// Compare measures what summarizer counts in beside what one would otherwise use: plain Go
// maps, a textbook SpaceSaving, and the libraries segmentio/topk, keilerkonzept/topk and
// apache/datasketches-go. It prints the tables of docs/benchmarks.md.
//
//	go run . [-events 1000000] [-rounds 5]
//
// Every contender counts the same events by process and path. Time is the processor time of
// the whole process, the collector included, less that of making the events; all contenders
// take turns, round by round, and the median of the rounds is printed, also as a multiple of
// the yardstick: m[key]++ on a Go map of 65,536 uint64 keys.
//
// What each gets wrong is found beside exact counts, in the same streams with quiet programs
// among them: 200 processes that write 5 files of their own, each 4 times.
package main

import (
	"flag"
	"fmt"
	"os"
)

var streams = []struct{ title, scenario string }{
	{"one file flood", "one-file-flood"},
	{"Zipf 1.1 over a million pairs", "zipf"},
	{"all distinct", "distinct-flood"},
	{"fork storm", "fork-storm"},
	{"90 % attack, 10 % Zipf", "attack-mix"},
}

var contenders = []struct {
	name string
	make func() contender
}{
	{"summarizer", newTree},
	{"Go maps, no limit", newMaps},
	{"SpaceSaving, textbook", newTextbook},
	{"segmentio/topk", newSegmentio},
	{"keilerkonzept/topk", newKeiler},
	{"datasketches-go", newFrequent},
}

func main() {
	events := flag.Uint64("events", 1_000_000, "in each stream")
	rounds := flag.Int("rounds", 5, "of which the median is printed")
	flag.Parse()
	for _, s := range streams {
		if err := compare(s.title, s.scenario, *events, *rounds); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// compare prints the table of one stream.
func compare(title, scenario string, events uint64, rounds int) error {
	stream, err := newStream(scenario, events)
	if err != nil {
		return err
	}
	var mistakes []mistakes
	var costs []cost
	for _, c := range contenders {
		m, cost := stream.judge(c.make)
		mistakes, costs = append(mistakes, m), append(costs, cost)
	}
	yardstick := stream.race(costs, rounds)
	fmt.Printf("\n### %s\n\nThe yardstick takes %.1f ns.\n\n", title, yardstick)
	fmt.Println("| | ns/event | × yardstick | allocated B/event | allocations/event | held MiB | " +
		"top 100 listed | heavy not listed | wrong beyond its bounds | quiet rows lost | listed, not exact |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|")
	for i, c := range contenders {
		fmt.Printf("| %s | %.0f | %.1f | %.0f | %.2f | %.1f | %s |\n", c.name, costs[i].nanoseconds, costs[i].nanoseconds/yardstick,
			costs[i].bytes, costs[i].allocations, float64(costs[i].held)/(1<<20), &mistakes[i])
	}
	return nil
}
