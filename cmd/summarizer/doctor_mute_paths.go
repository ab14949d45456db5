package main

import (
	"bytes"
	"strings"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// place is a file or directory and all below it.
type place struct {
	events  uint64 // of its rows
	twoPath uint64 // of them, of events with two paths: the other may be elsewhere
	here    uint64 // of rows that stand for what was folded into exactly this directory
	largest uint64 // the events of its largest child
}

// mostlyChild is the share of a place's events from which on its child says it better.
const mostlyChild = 0.9

// pathSavings is what muting each path would leave out.
func pathSavings(s *summaries.Summary) (all []muteSaves) {
	places := placesOf(s)
	for path, p := range places {
		if path == "" || float64(p.largest) >= mostlyChild*float64(p.events) {
			continue
		}
		all = append(all, muteSaves{
			Rule: "path=" + escapeCondition(path), Events: p.events - p.twoPath, EventsMax: p.events + above(places, path),
		})
	}
	return all
}

// placesOf adds up every row at its path and at all directories above. The root is "".
func placesOf(s *summaries.Summary) map[string]*place {
	places := map[string]*place{}
	add := func(rows []summaries.Path) {
		for i := range rows {
			addRow(places, &rows[i])
		}
	}
	for i := range s.Origins {
		add(s.Origins[i].Other.Paths)
		for j := range s.Origins[i].Programs {
			g := &s.Origins[i].Programs[j]
			add(g.Other.Paths)
			for k := range g.Processes {
				add(g.Processes[k].Paths)
			}
		}
	}
	for path, p := range places {
		if up := strings.LastIndexByte(path, '/'); up >= 0 && path != "" {
			parent := places[path[:up]]
			parent.largest = max(parent.largest, p.events)
		}
	}
	return places
}

func addRow(places map[string]*place, r *summaries.Path) {
	path := string(bytes.TrimRight(r.Path, "/"))
	unknown := r.PathLen != len(r.Path) || !strings.HasPrefix(path, "/")
	if unknown {
		path = "" // somewhere
	}
	twoPath := r.Kinds[esbridge.Rename] + r.Kinds[esbridge.Link] + r.Kinds[esbridge.Clone] + r.Kinds[esbridge.Copy] + r.Kinds[esbridge.Exchange]
	for at := path; ; at = at[:strings.LastIndexByte(at, '/')] {
		p := places[at]
		if p == nil {
			p = &place{}
			places[at] = p
		}
		p.events += r.Events
		p.twoPath += twoPath
		if at == path && (r.Directory || unknown) {
			p.here += r.Events
		}
		if at == "" {
			return
		}
	}
}

// above is how much was folded into directories above a path: some of it may be of the path.
func above(places map[string]*place, path string) (n uint64) {
	for at := path; at != ""; {
		at = at[:strings.LastIndexByte(at, '/')]
		n += places[at].here
	}
	return n
}
