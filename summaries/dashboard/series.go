package dashboard

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/store"
)

// seriesPoints is how many points the course has at most, about.
const seriesPoints = 300

// seriesPart is the course of events, as chart.js reads it and as a table.
type seriesPart struct {
	JSON string
	Step time.Duration
	Rows []seriesRow // the busiest points, for those who read tables
	Gaps int         // points of which nothing is known, within the range
	Lost uint64
}

type seriesRow struct {
	At     time.Time
	Events uint64
	Kinds  string
}

// chartData is what chart.js draws: seconds since the epoch, and events per second; null is
// a point of which nothing is known.
type chartData struct {
	At    []int64     `json:"at"`
	Per   float64     `json:"per"`
	Kinds []chartKind `json:"kinds"`
}

type chartKind struct {
	ID     int        `json:"id"` // of the kind: its colour is the same on every page
	Name   string     `json:"name"`
	Events []*float64 `json:"events"`
}

// step is how long the stretches of the course are: no shorter than a window, since nobody
// knows when within it its events were, and no more than seriesPoints of them.
func step(v view, now *summaries.Summary) time.Duration {
	window := time.Second
	if now != nil {
		window = max(window, time.Duration(now.Window.End-now.Window.Start).Truncate(time.Second))
	}
	return max((v.to.Sub(v.from) / seriesPoints).Round(window), window)
}

func seriesOf(s *store.Series) seriesPart {
	part := seriesPart{Step: time.Duration(s.Step)}
	kinds := kindsOf(s.Points)
	data := chartData{Per: float64(s.Step) / 1e9, At: []int64{}, Kinds: []chartKind{}}
	for _, k := range kinds {
		data.Kinds = append(data.Kinds, chartKind{ID: int(k), Name: k.String()})
	}
	var known int64 // until when windows are known
	for i := range s.Points {
		p := &s.Points[i]
		if p.Windows > 0 {
			known = max(known, p.End)
		}
		gap := p.Start >= known
		data.add(p, kinds, gap)
		part.Lost += p.Lost
		if gap {
			part.Gaps++
		} else if p.Events > 0 {
			part.Rows = append(part.Rows, seriesRow{time.Unix(0, p.Start).UTC(), p.Events, kindsText(&p.Kinds)})
		}
	}
	slices.SortStableFunc(part.Rows, func(a, b seriesRow) int { return cmp.Compare(b.Events, a.Events) })
	part.Rows = part.Rows[:min(len(part.Rows), tableRows)]
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // numbers and names of kinds
	}
	part.JSON = string(text)
	return part
}

// add adds a point to every line. Of a gap nothing is known: null, not zero.
func (d *chartData) add(p *store.Point, kinds []kind, gap bool) {
	d.At = append(d.At, p.Start/1e9)
	for i, k := range kinds {
		var rate *float64
		if !gap {
			n := float64(p.Kinds[k]) / d.Per
			rate = &n
		}
		d.Kinds[i].Events = append(d.Kinds[i].Events, rate)
	}
}

// kindsOf are the kinds that occur in any point, in their order; write where none does.
func kindsOf(points []store.Point) (kinds []kind) {
	for k := range esbridge.NumKinds {
		if slices.ContainsFunc(points, func(p store.Point) bool { return p.Kinds[k] > 0 }) {
			kinds = append(kinds, kind(k))
		}
	}
	if len(kinds) == 0 {
		kinds = []kind{esbridge.Write}
	}
	return kinds
}
