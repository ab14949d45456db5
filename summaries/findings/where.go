package findings

import (
	"bytes"
	"fmt"

	"summarizer/summaries"
)

// mostly is the share of all events that a directory must hold to be where most are.
const mostly = 0.6

// deepest is how many directories down Where looks, however deep somebody makes them.
const deepest = 16

// Where is the deepest directory in which most of the events of path rows are, with all that
// is below it, and how many these are. It is "/" where they are all over the place, or where
// nobody knows any more; nil of no events.
func Where(families ...[]summaries.Path) (directory []byte, events uint64) {
	var all uint64
	for _, rows := range families {
		for i := range rows {
			all += rows[i].Events
		}
	}
	if all == 0 {
		return nil, 0
	}
	directory, events = []byte("/"), all
	for range deepest {
		next, n := busiest(directory, families)
		if float64(n) < mostly*float64(all) {
			return directory, events
		}
		directory, events = next, n
	}
	return directory, events
}

// busiest is the directory within another that has the most events.
func busiest(directory []byte, families [][]summaries.Path) (best []byte, events uint64) {
	sums := map[string]uint64{}
	for _, rows := range families {
		for i := range rows {
			rest, in := bytes.CutPrefix(rows[i].Path, directory)
			end := bytes.IndexByte(rest, '/') + 1
			if !in || end == 0 {
				continue
			}
			name := rows[i].Path[:len(directory)+end]
			sums[string(name)] += rows[i].Events
			if n := sums[string(name)]; n > events || n == events && bytes.Compare(name, best) < 0 {
				best, events = name, n
			}
		}
	}
	return best, events
}

// where says in which directory most of the events were, if that says anything.
func (s *subject) where() string {
	families := [][]summaries.Path{s.folded.Paths}
	for i := range s.processes {
		families = append(families, s.processes[i].Paths)
	}
	directory, events := Where(families...)
	if len(directory) <= 1 {
		return ""
	}
	return fmt.Sprintf(", %s in %s", percent(float64(events)/max(float64(s.events), 1)), shorten(short(string(directory)), maxName*2/3))
}
