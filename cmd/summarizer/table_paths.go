package main

import (
	"slices"

	"summarizer/summaries"
)

// pathSums adds up the path rows of all processes of a program.
type pathSums struct {
	rows     map[pathKey]*pathSum
	unlisted uint64 // Σ of the bounds on unlisted paths, over all owners
}

type pathKey struct {
	path      string
	directory bool
}

type pathSum struct {
	row tableRow
	// unlisted is the part of pathSums.unlisted that belongs to owners which list this path:
	// it does not bound anything here.
	unlisted uint64
}

// paths are the paths of all processes of the program together, most events first. What may
// be missing from a file is what may be missing from its rows, and for every process that
// does not list it the bound on unlisted paths.
func (p *programRow) paths() []tableRow {
	sums := pathSums{rows: map[pathKey]*pathSum{}}
	sums.add(p.other.Paths, p.other.PathsUnlistedMax)
	if p.program != nil {
		for i := range p.program.Processes {
			x := &p.program.Processes[i]
			sums.add(x.Paths, x.UnlistedMax)
		}
	}
	rows := make([]tableRow, 0, len(sums.rows))
	for k, sum := range sums.rows {
		if !k.directory {
			sum.row.missed += sums.unlisted - sum.unlisted
		}
		rows = append(rows, sum.row)
	}
	slices.SortFunc(rows, func(a, b tableRow) int { return byEvents(&a, &b) })
	return rows
}

// add adds the rows of one owner: a process, or the folded processes of a program together.
func (s *pathSums) add(paths []summaries.Path, unlistedMax uint64) {
	s.unlisted += unlistedMax
	for i := range paths {
		path := &paths[i]
		k := pathKey{string(path.Path), path.Directory}
		sum := s.rows[k]
		if sum == nil {
			sum = &pathSum{row: tableRow{what: "  file", name: "  " + escapeName(path.Path)}}
			if path.Directory {
				sum.row.what = "  directory"
			}
			s.rows[k] = sum
		}
		sum.row.events += path.Events
		sum.row.missed += path.MissedMax
		sum.row.members += path.Folded
		sum.unlisted += unlistedMax
	}
}
