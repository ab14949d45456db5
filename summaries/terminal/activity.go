package terminal

import (
	"strings"

	"summarizer/summaries"
)

// activity remembers how many events each of the last seconds had, from the series of the
// summaries shown. Windows overlap where they roll: a later one says what holds.
type activity struct {
	seconds [256]second // ring, by the time in seconds
	latest  int64       // the last second that is known
}

type second struct {
	at     int64
	events uint64
}

// add takes the series of a summary. Stretches longer than a second count as an even rate.
func (a *activity) add(s *summaries.Summary) {
	per := s.Series.Per / 1e9
	if per < 1 {
		return
	}
	start := s.Window.Start / 1e9
	for i, n := range s.Series.Events {
		for j := range per {
			at := start + int64(i)*per + j
			a.seconds[at&int64(len(a.seconds)-1)] = second{at, n / uint64(per)}
			a.latest = max(a.latest, at)
		}
	}
	if end := (s.Window.End - 1) / 1e9; end > a.latest { // quiet since
		a.latest = end
	}
}

// Levels of a spark line, from nothing to the busiest second shown.
const (
	blocks      = "▁▂▃▄▅▆▇█"
	asciiBlocks = "_.:-=+*#"
)

// spark draws the last width seconds, the latest at the right: a space where nothing is
// known, else a level of the busiest second shown. It returns that, too.
func (a *activity) spark(width int, st style) (line string, most uint64) {
	levels := []rune(blocks)
	if st.ascii {
		levels = []rune(asciiBlocks)
	}
	width = min(width, len(a.seconds))
	at := func(i int) (second, bool) {
		t := a.latest - int64(width) + 1 + int64(i)
		s := a.seconds[t&int64(len(a.seconds)-1)]
		return s, s.at == t && t > 0
	}
	for i := range width {
		if s, known := at(i); known {
			most = max(most, s.events)
		}
	}
	var b strings.Builder
	for i := range width {
		s, known := at(i)
		switch {
		case !known:
			b.WriteByte(' ')
		case s.events == 0:
			b.WriteRune(levels[0])
		default:
			b.WriteRune(levels[1+int(float64(s.events)/float64(most)*float64(len(levels)-2)+0.5)])
		}
	}
	return b.String(), most
}
