package terminal

import (
	"slices"

	"summarizer/summaries"
)

// pathSums adds up the path rows of several owners.
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

// paths are the paths of all processes of the program together, most events first.
func (p *programRow) paths() []tableRow {
	sums := pathSums{rows: map[pathKey]*pathSum{}}
	p.addPaths(&sums, &scope{})
	return sums.sorted()
}

// sorted are the rows, most events first. What may be missing from a file is what may be
// missing from its rows, and for every owner that does not list it the bound on unlisted
// paths.
func (s *pathSums) sorted() []tableRow {
	rows := make([]tableRow, 0, len(s.rows))
	for k, sum := range s.rows {
		if !k.directory {
			sum.row.missed += s.unlisted - sum.unlisted
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
			sum = &pathSum{row: tableRow{what: "  file", name: "  " + Escape(path.Path)}}
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
