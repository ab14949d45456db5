package store

import (
	"bytes"
	"slices"
	"strings"

	"summarizer/summaries"
)

// paths collects files, directories or the entries of one directory.
//
// What a path may miss is bounded twice, and the smaller bound holds. By the families: each
// that lists it says how much it misses (missed_max), each that does not how much it can
// have had (unlisted_max). By conservation: what is not in a row of its own was folded into a
// directory above it, so the rows of those bound it, which is what keeps a flood elsewhere
// out of its bound.
type paths struct {
	by      Group
	prefix  string
	rows    map[string]*pathRow
	folded  map[string]uint64 // directory rows inside the prefix
	total   tally
	above   uint64          // events that may be of paths inside
	base    uint64          // Σ unlisted_max of all families
	dirSum  uint64          // Σ folded
	rowless uint64          // events inside that are in no row
	listed  map[string]bool // files that had a row, where rows are not files
}

type pathRow struct {
	tally
	files           uint64
	full            int
	missed, covered uint64
}

func newPaths(by Group, f *Filter) *paths {
	p := &paths{by: by, prefix: f.PathPrefix, rows: map[string]*pathRow{}, folded: map[string]uint64{}, listed: map[string]bool{}}
	if by == ByEntry {
		p.prefix = p.prefix[:strings.LastIndexByte(p.prefix, '/')+1]
		if p.prefix == "" {
			p.prefix = "/"
		}
	}
	return p
}

func (c *paths) add(s *summaries.Summary, f *Filter) {
	f.families(s, func(fam *family) {
		c.base = plus(c.base, fam.unlisted)
		for i := range fam.paths {
			p := &fam.paths[i]
			n := f.count(p.Events, &p.Kinds)
			if n == 0 {
				if r := c.rows[string(p.Path)]; r != nil && c.by == ByFile {
					r.missed, r.covered = plus(r.missed, p.MissedMax), plus(r.covered, fam.unlisted)
				}
				continue
			}
			switch f.placeOf(p) {
			case inside:
				c.addRow(p, n, f, fam.unlisted)
			case above:
				c.above = plus(c.above, n)
			case outside:
			}
		}
	})
}

func (c *paths) addRow(p *summaries.Path, n uint64, f *Filter, unlisted uint64) {
	kinds := f.keep(&p.Kinds)
	c.total.add(n, &kinds, p.First, p.Last)
	if p.Directory {
		c.folded[string(p.Path)] = plus(c.folded[string(p.Path)], n)
		c.dirSum = plus(c.dirSum, n)
	}
	key, ok := c.keyOf(p)
	if !ok {
		c.rowless = plus(c.rowless, n)
		return
	}
	r := c.rows[string(key)]
	if r == nil {
		r = &pathRow{full: len(key)}
		c.rows[string(key)] = r
	}
	r.tally.add(n, &kinds, p.First, p.Last)
	switch {
	case c.by == ByFile:
		r.files, r.full = 1, max(r.full, p.PathLen)
		r.missed, r.covered = plus(r.missed, p.MissedMax), plus(r.covered, unlisted)
	case p.Directory:
		r.files = plus(r.files, p.Folded)
	case !c.listed[string(p.Path)]:
		c.listed[string(p.Path)] = true
		r.files++
	}
}

// keyOf is the row that a path counts in; ok is false for what is folded there.
func (c *paths) keyOf(p *summaries.Path) (key []byte, ok bool) {
	switch c.by {
	case ByFile:
		return p.Path, !p.Directory
	case ByDirectory:
		return p.Path[:bytes.LastIndexByte(p.Path, '/')+1], true
	default:
		if !bytes.HasPrefix(p.Path, []byte(c.prefix)) {
			return nil, false
		}
		rest := p.Path[len(c.prefix):]
		if len(rest) == 0 {
			return nil, false
		}
		if slash := bytes.IndexByte(rest, '/'); slash >= 0 {
			return p.Path[:len(c.prefix)+slash+1], true
		}
		return p.Path, true
	}
}

// foldedAbove are the events of directory rows that a path's may be among.
func (c *paths) foldedAbove(path string) uint64 {
	sum := c.above
	for i := range len(path) - 1 {
		if path[i] == '/' {
			sum = plus(sum, c.folded[path[:i+1]])
		}
	}
	return sum
}

func (c *paths) finish(t *Table, _ *bounds, outer uint64) {
	t.Total = Count{c.total.events, plus(c.above, outer)}
	t.Folded = c.rowless
	t.Rows = make([]Row, 0, len(c.rows))
	for path, r := range c.rows {
		missed := c.foldedAbove(path)
		if c.by == ByFile {
			missed = min(missed, plus(r.missed, minus(c.base, r.covered)))
		}
		t.Rows = append(t.Rows, Row{
			Path: []byte(path), PathLen: r.full, Files: r.files, Count: Count{r.events, plus(missed, outer)},
			Kinds: r.kinds, First: r.first, Last: r.last,
		})
	}
	slices.SortFunc(t.Rows, compareRows)
	t.UnlistedMax = plus(c.above, c.dirSum)
	if c.by == ByEntry {
		t.UnlistedMax = c.foldedAbove(c.prefix + "x")
	}
	if c.by == ByFile {
		t.UnlistedMax = min(t.UnlistedMax, c.base)
	}
	t.UnlistedMax = plus(t.UnlistedMax, outer)
}
