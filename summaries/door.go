package summaries

import (
	"math"

	"summarizer/esbridge"
)

// At the door. A family that has folded members says what any of them can have had at most:
// unlisted_max. A new member that has not had more, with the event that it comes with, would
// be the first to fold. It folds at once and never gets a row, so a flood costs what its
// parent counts, and no purge.
//
// What members without a row have had is in a filter (the Filtered Space-Saving of Homem and
// Carvalho, "Finding top-k elements in data streams", Information Sciences 180, 2010): a cell
// for each, shared with whoever else falls into it. A cell says at least as much as was folded
// of any of them since its family has a row. Who cannot fold by that is let in, and may have missed
// what it says.

// filter is the cells. They are found by the hash of the sketches: what a summary says does not
// depend on the secret seed of the tables.
type filter []cell

// cell is what members without a row, which share it, have had, and which of them was there last:
// a member that comes again is not one more.
type cell struct{ had, last uint16 }

const (
	filterBits = 16
	filterFull = math.MaxUint16 // such a cell says nothing: it had that or more
)

func (f filter) cell(hash uint64) *cell { return &f[hash>>(64-filterBits)] }

// within is the hash that finds the cell of a member within its family, which is told by when it was
// born: what a family has had before it was folded is not in it any more.
func within(born, hash uint64) uint64 { return hash + born*0x9e3779b97f4a7c15 }

// cellOf is the hash that finds the cell of a path of an owner.
func (t *Tree) cellOf(owner int32, seen uint64) uint64 { return within(t.processes[owner].born, seen) }

// knows tells whether the member that folded last is this one.
func (c *cell) knows(hash uint64) bool { return c.last == uint16(hash) && c.had > 0 }

// add makes a cell say n more.
func (c *cell) add(n uint64) { c.had = uint16(min(uint64(c.had)+min(n, filterFull), filterFull)) }

// raise makes the cell of a member that folds say at least n.
func (f filter) raise(hash, n uint64) {
	if len(f) > 0 {
		c := f.cell(hash)
		c.had = max(c.had, uint16(min(n, filterFull)))
		c.last = uint16(hash)
	}
}

// door is what a family remembers of members without a row.
type door struct {
	unlisted uint64 // none had more events
	share    int    // the fewest rows that the family was ever folded down to; 0: it never was
	credit   uint64 // events that were folded here since unlisted rose
}

// narrow says that the family folds down to a share.
func (d *door) narrow(share int) {
	if d.share == 0 || share < d.share {
		d.share = max(share, 1)
	}
}

// folds says that a row folds that had so many events.
func (d *door) folds(had uint64) {
	if had > d.unlisted {
		d.unlisted, d.credit = had, 0
	}
}

// keepsOut tells whether n events of a member without a row fold, and counts them as such.
// base is the part of unlisted of which the filter knows nothing. again says that the member
// folded before.
//
// unlisted may rise for it where events that were folded at the door pay: a share of them for
// each. So it stays below what docs/laws.md says, as it does where rows pay that stay.
func (t *Tree) keepsOut(d *door, base, hash, n uint64) (kept, again bool) {
	if d.share == 0 || n >= filterFull {
		return false, false
	}
	c := t.filter.cell(hash)
	had := uint64(c.had) + n
	if had >= filterFull {
		return false, false
	}
	if known := d.unlisted - base; had > known {
		rise := had - known
		if rise*uint64(d.share) > d.credit {
			return false, false
		}
		d.credit -= rise * uint64(d.share)
		d.unlisted += rise
	}
	again = c.knows(hash)
	c.last = uint16(hash)
	c.add(n)
	d.credit += n
	return true, again
}

// letIn is what a member that gets a row may have had before, and whether it folded before.
func (t *Tree) letIn(d *door, base, hash uint64) (missed uint64, again bool) {
	missed = d.unlisted
	if d.share > 0 {
		c := t.filter.cell(hash)
		if again = c.knows(hash); c.had < filterFull {
			missed = min(missed, base+uint64(c.had))
		}
	}
	return missed, again
}

// beyondFilter is the part of unlisted_max of which the filter knows nothing: what a process
// may have had before its row, what came without a path, and of others what their processes
// had not listed.
func (t *Tree) beyondFilter(owner int32) uint64 {
	p := &t.processes[owner]
	if t.processListed(owner) {
		return p.missed + uint64(p.debt)
	}
	return uint64(p.debt)
}

// foldAtDoor counts an event of a file that has no row in the directory that it would fold into,
// if the file is kept out.
func (t *Tree) foldAtDoor(owner int32, e *esbridge.Event, path []byte, seen uint64) bool {
	p := &t.processes[owner]
	base := t.beyondFilter(owner)
	d, passed := t.room(owner, path, p.unlisted-base, e.Count)
	if d == noRoom || t.watchedIn(d, path) && 4*p.watchedCost <= p.share {
		return false
	}
	kept, again := t.keepsOut(&p.door, base, t.cellOf(owner, seen), e.Count)
	if !kept {
		return false
	}
	if passed != nil {
		passed.add(e.Count)
	}
	var one tally
	if !again {
		one.folded = 1
		t.foldedUp.Paths++
		t.seeFolded(owner, seen)
	}
	one.fold(e)
	if d == inRoot {
		p.rootKinds[e.Kind] += e.Count
		p.root.into(&one)
		return true
	}
	r := &t.paths[d]
	t.countKind(r, e.Kind, e.Count)
	r.into(&one)
	return true
}

// Where there is no row of a directory.
const (
	inRoot = -1 - iota // the root, which has none
	noRoom
)

// room finds the row of the directory that a file folds into: its own, or the one above where its
// own has no row and, with the n events, has not had more than known. Of that one it returns
// the cell.
func (t *Tree) room(owner int32, path []byte, known, n uint64) (d int32, passed *cell) {
	to := parent(path)
	if len(to) <= 1 {
		return inRoot, nil
	}
	if d := t.directory(owner, to); d >= 0 {
		return d, nil
	}
	passed = t.filter.cell(t.cellOf(owner, t.hash.Hash(to)))
	if to = parent(to); passed.had == filterFull || uint64(passed.had)+n > known {
		return noRoom, nil
	}
	if len(to) <= 1 {
		return inRoot, passed
	}
	if d := t.directory(owner, to); d >= 0 {
		return d, passed
	}
	return noRoom, nil
}

// watchedIn tells whether a file that folds into row d, or the root, is under a watched prefix.
func (t *Tree) watchedIn(d int32, path []byte) bool {
	if d >= 0 && t.paths[d].uniform {
		return t.paths[d].watched
	}
	return t.watch.Match(path)
}

// processAtDoor tells whether n events of a process that has no row are counted among the
// others of its program.
func (t *Tree) processAtDoor(g int32, id, n uint64) bool {
	r := &t.programs[g]
	kept, again := t.keepsOut(&r.door, r.missed, within(r.born, id), n)
	if !kept {
		return false
	}
	if t.moved {
		t.sweep() // or a file that has a row among them would be kept out as well
	}
	if !again {
		r.members++
		t.foldedUp.Processes++
		t.seeProcess(g, id)
	}
	return true
}
