package summaries

import (
	"bytes"
	"hash/maphash"
	"math"
	"slices"

	"github.com/tidwall/btree"
)

// foldOwner looks at a family again until it is small enough. In the first rounds a
// directory folds into the one above, which a hash finds; where that does not suffice, into
// the deepest one that it shares with another, so that a thousand levels take few rounds;
// and after maxRounds straight into the root.
const (
	plainRounds = 2
	maxRounds   = 64
)

// foldOwner folds path rows of an owner until they cost at most share: a file into its
// directory, a directory into one above it. A file with more than events / (share/2) events
// stays listed: what remains after a purge is at least half files, each of which paid for
// what unlisted_max rose by, or at least half directories, each of which has as many events.
func (t *Tree) foldOwner(owner int32, share int, measure func(int32)) {
	for round := 0; t.processes[owner].pathCost > share; round++ {
		p := &t.processes[owner]
		rows := t.lowestPaths(owner, p.pathCost-share, 4*p.watchedCost <= share)
		switch {
		case round < plainRounds:
			for _, c := range rows {
				if t.grew(c) {
					continue
				}
				t.foldRow(c.row, parent(t.bytesOf(&t.paths[c.row])))
			}
		case round < maxRounds:
			t.foldOrdered(owner, rows)
		default:
			for _, c := range rows {
				t.foldRow(c.row, nil)
			}
		}
		if measure != nil {
			measure(owner)
		}
	}
}

// lowestPaths chooses rows that cost need. Watched ones rank above all others unless they hold
// more than a quarter of the share: a flood of them must not crowd out the rest.
func (t *Tree) lowestPaths(owner int32, need int, watch bool) []candidate {
	s := &t.selection
	s.candidates = s.candidates[:0]
	for i := t.processes[owner].paths; i >= 0; i = t.paths[i].next {
		r := &t.paths[i]
		if r.owner != owner {
			continue
		}
		rank := r.events
		if !r.dir {
			rank += t.missedMax(r)
		}
		if r.watched && watch {
			rank |= math.MaxInt64 + 1
		}
		s.add(rank, uint64(i), i, r.cost)
	}
	return s.lowest(need)
}

// missedMax bounds the events of a file that its row may lack.
func (t *Tree) missedMax(r *pathRow) uint64 {
	return uint64(max(r.missed+t.processes[r.owner].debt, 0))
}

// grew tells that a directory ranks higher than when it was chosen, by what was folded into
// it in the same round. It stays, lest all of a deep flood ends in the root.
func (t *Tree) grew(c candidate) bool {
	r := &t.paths[c.row]
	return r.dir && r.events > c.rank&math.MaxInt64
}

// foldOrdered folds files into their directories, and directories into the deepest ones that
// they share with another directory of the owner, the deepest first.
func (t *Tree) foldOrdered(owner int32, rows []candidate) {
	directories := rows[:0]
	for _, c := range rows {
		if t.paths[c.row].dir {
			directories = append(directories, c)
			continue
		}
		t.foldRow(c.row, parent(t.bytesOf(&t.paths[c.row])))
	}
	if len(directories) == 0 {
		return
	}
	tree := t.ordered(owner, true)
	slices.SortFunc(directories, func(a, b candidate) int {
		return bytes.Compare(t.bytesOf(&t.paths[b.row]), t.bytesOf(&t.paths[a.row]))
	})
	for _, c := range directories {
		if t.grew(c) {
			continue
		}
		from := entry{t.bytesOf(&t.paths[c.row]), c.row}
		tree.Delete(from)
		to := t.sharedAncestor(tree, from.path)
		if t.foldRow(c.row, to) {
			tree.Set(entry{to, c.row})
		}
	}
}

// foldRow folds a row into the directory to, a prefix of its path; "/" and nothing are the
// root. Where the directory has no row yet the row becomes it, and foldRow returns true.
func (t *Tree) foldRow(i int32, to []byte) (became bool) {
	r := &t.paths[i]
	p := &t.processes[r.owner]
	if !r.dir {
		t.foldedUp.Paths++
		p.unlisted = max(p.unlisted, r.events+t.missedMax(r))
		p.incomplete = true
		r.folded = 1
	}
	if len(to) <= 1 {
		p.root.into(&r.tally)
		t.drop(i)
		return false
	}
	if d := &t.paths[t.lastDirectory]; d.owner == r.owner && d.dir && bytes.Equal(t.bytesOf(d), to) && d != r {
		d.into(&r.tally)
		t.drop(i)
		return false
	}
	hash := maphash.Bytes(t.seed, to)
	if d := t.findPath(r.owner, to, hash); d >= 0 {
		t.lastDirectory = d
		t.paths[d].into(&r.tally)
		t.drop(i)
		return false
	}
	t.pathIndex.remove(t.pathKey(r.owner, r.hash), i)
	if !r.dir { // from a file's sizes to a directory's growth
		r.sizeFirst, r.sizeLast = 0, r.growth()
	}
	t.charge(r, -int(r.cost))
	r.dir, r.missed, r.hash, r.n, r.full = true, 0, hash, uint32(len(to)), uint32(len(to))
	r.cost, r.watched = int32(t.unitsOf(len(to))), t.watch.match(to)
	t.charge(r, int(r.cost))
	t.pathIndex.insert(t.pathKey(r.owner, hash), i)
	return true
}

// charge adds n to what the rows of r's owner, and all rows, cost.
func (t *Tree) charge(r *pathRow, n int) {
	p := &t.processes[r.owner]
	t.pathCost += n
	p.pathCost += n
	if r.watched {
		p.watchedCost += n
	}
}

// drop takes a row out of its family. It stays in the index, where it matches nothing; the
// next sweep gives its places back.
func (t *Tree) drop(i int32) {
	r := &t.paths[i]
	t.charge(r, -int(r.cost))
	r.owner = -1
}

// sweep closes the gaps that dropped rows left in the table and in the arena. Rows keep
// their order, which is the order of their admission.
func (t *Tree) sweep() {
	for i := range t.processes {
		t.processes[i].paths = -1
	}
	t.pathIndex.reset()
	live, end := 0, uint32(0)
	for i := range t.paths {
		r := &t.paths[i]
		if r.owner < 0 {
			continue
		}
		if r.off != end {
			copy(t.arena[end:], t.arena[r.off:r.off+r.n])
			r.off = end
		}
		end += r.n
		p := &t.processes[r.owner]
		r.next, p.paths = p.paths, int32(live)
		t.pathIndex.insert(t.pathKey(r.owner, r.hash), int32(live))
		if live != i {
			t.paths[live] = *r
		}
		live++
	}
	t.paths, t.arena = t.paths[:live], t.arena[:end]
	t.lastDirectory = 0
}

// entry is a path row in path order.
type entry struct {
	path []byte
	row  int32
}

// ordered is the path rows of an owner in the order of their bytes, in which a directory
// comes before all that is in it.
func (t *Tree) ordered(owner int32, onlyDirectories bool) *btree.BTreeG[entry] {
	tree := btree.NewBTreeGOptions(func(a, b entry) bool { return bytes.Compare(a.path, b.path) < 0 },
		btree.Options{NoLocks: true})
	for i := t.processes[owner].paths; i >= 0; i = t.paths[i].next {
		if r := &t.paths[i]; r.owner == owner && (r.dir || !onlyDirectories) {
			tree.Set(entry{t.bytesOf(r), i})
		}
	}
	return tree
}

// sharedAncestor is the deepest directory above path that also holds another entry of the
// tree, or is one: "/" where there is none. It is a prefix of path.
func (t *Tree) sharedAncestor(tree *btree.BTreeG[entry], path []byte) []byte {
	shared := 1
	consider := func(e entry) bool {
		n := min(sharedPrefix(e.path, path), len(path)-1)
		shared = max(shared, bytes.LastIndexByte(path[:n], '/')+1)
		return false
	}
	tree.Descend(entry{path: path}, consider)
	beyond := append(append(t.scratch[:0], path[:len(path)-1]...), '/'+1) // behind all that is in path
	tree.Ascend(entry{path: beyond}, consider)
	return path[:shared]
}
