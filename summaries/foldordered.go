package summaries

import (
	"bytes"
	"slices"
)

// foldOrdered folds files into their directories, and directories into the deepest ones that
// they share with another directory of the owner, the deepest first.
func (t *Tree) foldOrdered(o *offender, low *lowest) {
	for i := range o.rows {
		c := &o.rows[i]
		switch taken := low.takes(c); {
		case taken && t.paths[c.row].dir:
			c.cost = -c.cost // chosen
		case taken:
			t.foldRow(c.row, parent(t.bytesOf(&t.paths[c.row])))
		}
	}
	s := &t.selection
	s.directories = s.directories[:0]
	for _, c := range o.rows {
		if r := &t.paths[c.row]; r.owner == o.owner && r.dir {
			s.directories = append(s.directories, c)
		}
	}
	slices.SortFunc(s.directories, func(a, b pathCandidate) int {
		return bytes.Compare(t.bytesOf(&t.paths[a.row]), t.bytesOf(&t.paths[b.row]))
	})
	s.right, s.pending = s.right[:0], s.pending[:0]
	for i := len(s.directories) - 1; i >= 0; i-- {
		t.foldShared(i)
	}
}

// span is a path in the arena.
type span struct{ off, n uint32 }

// foldShared folds the i-th directory, if it is chosen, into the deepest one that it shares
// with one beside it in path order. The directories are visited from the last to the first:
//
//   - to its left are those that were not visited, as they were;
//   - right holds those beyond it that are left, the nearest last. Of all that are within one
//     that was visited its path stands for them: they share the same with whatever is to the
//     left of it, or are within that too;
//   - pending holds the directories that rows have become, whose places were not reached yet,
//     each within the one before.
func (t *Tree) foldShared(i int) {
	s := &t.selection
	c := &s.directories[i]
	r := &t.paths[c.row]
	at, path := span{r.off, r.n}, t.bytesOf(r)
	for n := len(s.pending); n > 0 && !bytes.HasPrefix(path, t.spanned(s.pending[n-1])); n-- {
		s.right, s.pending = append(s.right, s.pending[n-1]), s.pending[:n-1]
	}
	within := false
	for n := len(s.right); n > 0 && bytes.HasPrefix(t.spanned(s.right[n-1]), path); n-- {
		s.right, within = s.right[:n-1], true
	}
	chosen := c.cost < 0 && !t.grew(c)
	if chosen {
		to := path[:t.shared(path, i)]
		if t.foldRow(c.row, to) {
			s.pending = append(s.pending, span{at.off, uint32(len(to))})
		}
	}
	if !chosen || within {
		s.right = append(s.right, at)
	}
}

// shared is the length of the deepest directory above path, that of the i-th directory, which
// another is in, or is: 1 where there is only the root.
func (t *Tree) shared(path []byte, i int) int {
	s := &t.selection
	shared := 1
	consider := func(other []byte) {
		n := min(sharedPrefix(other, path), len(path)-1)
		shared = max(shared, bytes.LastIndexByte(path[:n], '/')+1)
	}
	if i > 0 {
		consider(t.bytesOf(&t.paths[s.directories[i-1].row]))
	}
	if n := len(s.right); n > 0 {
		consider(t.spanned(s.right[n-1]))
	}
	if n := len(s.pending); n > 0 {
		consider(t.spanned(s.pending[n-1]))
	}
	return shared
}

func (t *Tree) spanned(s span) []byte { return t.arena[s.off : s.off+s.n] }
