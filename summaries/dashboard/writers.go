package dashboard

import (
	"cmp"
	"html/template"
	"slices"

	"summarizer/summaries"
	"summarizer/summaries/findings"
	"summarizer/summaries/store"
)

// shownWriters is how many of those who write most stand at the head of a page.
const shownWriters = 3

// writer is who writes, how much of all, and where most of it.
type writer struct {
	Share string
	Name  label
	Href  template.URL
	Place label // empty: all over the place, or nobody knows
	There template.URL
}

// contender is a program, or the folded ones of an origin.
type contender struct {
	origin  *summaries.Origin
	program *summaries.Program
	events  uint64
}

// writersOf are those who write most in a summary.
func writersOf(s *summaries.Summary, v view) (list []writer) {
	var all []contender
	for i := range s.Origins {
		o := &s.Origins[i]
		all = append(all, contender{o, nil, o.Other.Events})
		for j := range o.Programs {
			all = append(all, contender{o, &o.Programs[j], o.Programs[j].Events})
		}
	}
	slices.SortStableFunc(all, func(a, b contender) int { return cmp.Compare(b.events, a.events) })
	for _, c := range all[:min(len(all), shownWriters)] {
		if c.events > 0 {
			list = append(list, c.writer(s.Events, v))
		}
	}
	return list
}

func (c *contender) writer(of uint64, v view) writer {
	w := writer{Share: shareText(c.events, of)}
	v = v.with(func(v *view) { v.filter = store.Filter{Origin: c.origin.Name} })
	families := [][]summaries.Path{c.origin.Other.Paths}
	w.Name = labelOf([]byte("other programs of " + c.origin.Name))
	if g := c.program; g != nil {
		v = v.with(func(v *view) { v.filter = store.Filter{Program: store.ProgramOf(c.origin.Name, g)} })
		families, w.Name = [][]summaries.Path{g.Other.Paths}, labelOf(g.Path)
		for k := range g.Processes {
			families = append(families, g.Processes[k].Paths)
		}
	}
	w.Href = v.href("/")
	if place, _ := findings.Where(families...); len(place) > 1 {
		w.Place = labelOf(place)
		w.There = v.with(func(v *view) { v.filter.PathPrefix = string(place) }).href("/")
	}
	return w
}
