package summaries

// absorb adds all that process row src counted to process row dst, and leaves src without
// path rows. It is how a process becomes one of the others, and how two summaries of one
// process become one. The rules for what a path row may miss, with u the unlisted_max of
// either side:
//
//	row in both      missed(dst) + missed(src)
//	row only in dst  missed(dst) + u(src)
//	row only in src  missed(src) + u(dst)
//	no row           u(dst) + u(src)
//
// The second one applies to any number of rows; it is kept as dst's debt.
func (t *Tree) absorb(dst, src int32) {
	d, s := &t.processes[dst], &t.processes[src]
	for i := s.paths; i >= 0; {
		r := &t.paths[i]
		next := r.next
		if r.owner == src {
			r.missed += s.debt - int64(s.unlisted)
			if same := t.findPath(dst, t.bytesOf(r), r.hash); same >= 0 {
				t.absorbPath(&t.paths[same], r)
				t.drop(i)
			} else {
				r.missed += int64(d.unlisted) - d.debt
				t.move(i, dst)
			}
		}
		i = next
	}
	d.debt += int64(s.unlisted)
	d.unlisted += s.unlisted
	d.missed += s.missed
	d.incomplete = d.incomplete || s.incomplete
	if s.root.events > 0 {
		d.root.into(&s.root)
	}
	d.events += s.events
	d.extensionChanges += s.extensionChanges
	d.lowerBound = d.lowerBound || s.lowerBound
	if s.peakEvents > d.peakEvents {
		d.peakEvents, d.peakSecond = s.peakEvents, s.peakSecond
	}
	s.paths = -1
}

// absorbPath adds the row of the same path of another process, or of another time.
func (t *Tree) absorbPath(d, s *pathRow) {
	if d.dir {
		d.into(&s.tally)
		return
	}
	d.same(&s.tally)
	d.missed += s.missed
	d.full = max(d.full, s.full)
}

// move gives a path row another owner.
func (t *Tree) move(i, owner int32) {
	r := &t.paths[i]
	t.pathIndex.remove(t.pathKey(r.owner, r.hash), i)
	t.charge(r, -int(r.cost))
	p := &t.processes[owner]
	r.owner, r.next, p.paths = owner, p.paths, i
	t.charge(r, int(r.cost))
	t.pathIndex.insert(t.pathKey(owner, r.hash), i)
}
