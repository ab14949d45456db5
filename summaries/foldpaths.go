package summaries

import (
	"bytes"
	"hash/maphash"
	"math"
)

// foldOwner looks at a family again until it is small enough. In the first rounds a
// directory folds into the one above, which a hash finds; where that does not suffice, into
// the deepest one that it shares with another, so that a thousand levels take few rounds;
// and after maxRounds straight into the root.
const (
	plainRounds = 2
	maxRounds   = 64
)

// foldPaths brings the path rows down to capacity. measure, where given, says what the rows
// of an owner want anew after some were folded.
func (t *Tree) foldPaths(capacity int, measure func(owner int32)) {
	if t.moved {
		t.sweep()
	}
	s := &t.selection
	s.regroup(t, func(p *processRow) int { return p.pathCost })
	s.offenders = s.offenders[:0]
	rest := t.pathCost
	if measure == nil {
		rest = max(capacity/8, 2*t.unitsOf(maxRowPath))
	}
	s.eachProgram(t, capacity, func(g int32, share int) {
		s.each(&s.processes, g, share, func(p int32) int { return t.processes[p].pathCost }, t.othersOfProgram(g), func(p int32, share int) {
			if rest > 0 {
				cost := t.processes[p].pathCost
				target := max(share, cost-rest)
				rest -= cost - target
				s.offenders = append(s.offenders, offender{owner: p, share: share, target: target})
			}
		})
	})
	s.gather(t)
	for i := range s.offenders {
		t.foldOwner(&s.offenders[i], measure)
	}
	t.sweep()
}

// foldOwner folds path rows of an owner until they cost at most its share: a file into its
// directory, a directory into one above it. A file with more than events / (share/2) events
// stays listed: what remains after a purge is at least half files, each of which paid for
// what unlisted_max rose by, or at least half directories, each of which has as many events.
func (t *Tree) foldOwner(o *offender, measure func(int32)) {
	p := &t.processes[o.owner]
	p.narrow(o.share)
	content := o.target
	if measure == nil {
		content += (p.pathCost - o.target) / 4
	}
	for round := 0; p.pathCost > content; round++ {
		o.rank(t)
		low := cutAt(o.rows, p.pathCost-o.target)
		if round < plainRounds || round >= maxRounds {
			for i := range o.rows {
				c := &o.rows[i]
				if low.takes(c) && !t.grew(c) && t.foldRow(c.row, t.above(c.row, round)) && measure != nil {
					low.rest += int(t.paths[c.row].cost) // which it has not freed: another of that rank must
				}
			}
		} else {
			t.foldOrdered(o, &low)
		}
		if measure != nil {
			measure(o.owner)
		}
	}
}

// above is where a row folds to without a look at the others: its directory, or the root.
func (t *Tree) above(i int32, round int) []byte {
	if round >= maxRounds {
		return nil
	}
	return parent(t.bytesOf(&t.paths[i]))
}

// missedMax bounds the events of a file that its row may lack.
func (t *Tree) missedMax(r *pathRow) uint64 {
	return uint64(max(r.missed+t.processes[r.owner].debt, 0))
}

// grew tells that a directory ranks higher than when it was chosen, by what was folded into
// it in the same round. It stays, lest all of a deep flood ends in the root.
func (t *Tree) grew(c *pathCandidate) bool {
	r := &t.paths[c.row]
	return r.dir && r.events > c.rank&math.MaxInt64
}

// foldRow folds a row into the directory to, a prefix of its path; "/" and nothing are the
// root. Where the directory has no row yet the row becomes it, and foldRow returns true.
func (t *Tree) foldRow(i int32, to []byte) (became bool) {
	r := &t.paths[i]
	p := &t.processes[r.owner]
	if !r.dir {
		if !r.again {
			t.foldedUp.Paths++
			r.folded = 1
		}
		had := r.events + t.missedMax(r)
		p.folds(had)
		p.incomplete = true
		if t.lazy {
			h := t.seenOf(r)
			t.seeFolded(r.owner, h)
			t.filter.raise(t.cellOf(r.owner, h), had-min(had, t.beyondFilter(r.owner)))
		}
	}
	if len(to) <= 1 {
		kinds := t.kindsOf(r)
		p.rootKinds.Add(&kinds)
		p.root.into(&r.tally)
		t.drop(i)
		return false
	}
	if d := t.directory(r.owner, to); d >= 0 && d != i {
		t.addKinds(&t.paths[d], r)
		t.paths[d].into(&r.tally)
		t.drop(i)
		return false
	}
	t.becomeDirectory(i, to)
	return true
}

// directory is the row of a directory of an owner, or −1. The one found last is looked at
// first.
func (t *Tree) directory(owner int32, path []byte) int32 {
	p := &t.processes[owner]
	if i := p.directory; int(i) < len(t.paths) {
		if d := &t.paths[i]; d.owner == owner && d.dir && bytes.Equal(t.bytesOf(d), path) {
			return i
		}
	}
	i := t.findPath(owner, path, maphash.Bytes(t.seed, path))
	if i >= 0 {
		p.directory = i
	}
	return i
}

// becomeDirectory turns a row into that of a directory above it.
func (t *Tree) becomeDirectory(i int32, to []byte) {
	r := &t.paths[i]
	t.pathIndex.remove(t.pathKey(r.owner, r.hash), i)
	if !r.dir { // from a file's sizes to a directory's growth
		r.sizeFirst, r.sizeLast = 0, r.growth()
	}
	t.charge(r, -int(r.cost), 0)
	r.dir, r.missed, r.hash, r.n, r.full = true, 0, maphash.Bytes(t.seed, to), uint32(len(to)), uint32(len(to))
	r.cost, r.watched = int32(t.unitsOf(len(to))), t.watch.Match(to)
	r.uniform = t.watch.uniform()
	t.charge(r, int(r.cost), 0)
	t.pathIndex.insert(t.pathKey(r.owner, r.hash), i)
}
