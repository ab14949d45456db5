package summaries

// maxSeries is how many stretches a Series holds; beyond that they become twice as long.
const maxSeries = 64

// NewSeries makes an empty series for a window of the given length in nanoseconds, of
// stretches of a second or the least number of seconds that makes do with 64 of them.
func NewSeries(window int64) Series {
	s := Series{Events: make([]uint64, 0, maxSeries)}
	s.Reset(window)
	return s
}

// Add counts n events at offset nanoseconds after the start of the window. It never
// allocates: a window longer than the series can hold makes its stretches longer.
func (s *Series) Add(offset int64, n uint64) {
	for max(offset, 0)/s.Per >= maxSeries {
		s.coarsen()
	}
	i := int(max(offset, 0) / s.Per)
	for len(s.Events) <= i {
		s.Events = append(s.Events, 0)
	}
	s.Events[i] += n
}

func (s *Series) coarsen() {
	for i, n := range s.Events {
		if i%2 == 0 {
			s.Events[i/2] = n
		} else {
			s.Events[i/2] += n
		}
	}
	s.Events = s.Events[:(len(s.Events)+1)/2]
	s.Per *= 2
}

// Peak is the busiest stretch; start is when the window begins.
func (s *Series) Peak(start int64) (p Peak) {
	for i, n := range s.Events {
		if n > p.Events {
			p = Peak{Events: n, Per: s.Per, At: start + int64(i)*s.Per}
		}
	}
	return p
}

// addAt adds a series that begins offset nanoseconds later, in whole stretches: where theirs
// lie across the borders of ours they count where they begin.
func (s *Series) addAt(offset int64, o *Series) {
	for s.Per < o.Per {
		s.coarsen()
	}
	for i, n := range o.Events {
		s.Add(offset+int64(i)*o.Per, n)
	}
}

// Reset empties the series for a window of the given length and keeps its storage.
func (s *Series) Reset(window int64) {
	fresh := s.Events[:0]
	*s = Series{Per: 1e9, Events: fresh}
	for window/s.Per > maxSeries {
		s.Per *= 2
	}
}
