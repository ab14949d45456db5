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
//
// The rows of others are not looked up before the next sweep (sweep.go), which unites those of
// one path: a process of a fork storm is folded without a look at the index.
func (t *Tree) absorb(dst, src int32) {
	d, s := &t.processes[dst], &t.processes[src]
	for i := s.paths; i >= 0; {
		r := &t.paths[i]
		next := r.next
		if r.owner == src {
			r.missed += s.debt - int64(s.unlisted) + int64(d.unlisted) - d.debt
			if same := t.samePath(dst, r); same >= 0 {
				t.absorbPath(same, i)
				t.drop(i)
			} else {
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
		d.rootKinds.Add(&s.rootKinds)
	}
	d.events += s.events
	d.extensionChanges += s.extensionChanges
	d.lowerBound = d.lowerBound || s.lowerBound
	if s.peakEvents > d.peakEvents {
		d.peakEvents, d.peakSecond = s.peakEvents, s.peakSecond
	}
	s.paths = -1
}

// samePath is the row of a listed process for the path of r, or −1.
func (t *Tree) samePath(owner int32, r *pathRow) int32 {
	if !t.processListed(owner) {
		return -1
	}
	return t.findPath(owner, t.bytesOf(r), r.hash)
}

// absorbPath adds row src to row dst of the same path, of another process or of another time.
// Both say what they may miss as rows of dst's owner do.
func (t *Tree) absorbPath(dst, src int32) {
	d, s := &t.paths[dst], &t.paths[src]
	t.addKinds(d, s)
	if d.dir {
		d.into(&s.tally)
		return
	}
	d.same(&s.tally)
	p := &t.processes[d.owner]
	d.missed += s.missed - (int64(p.unlisted) - p.debt)
	d.full = max(d.full, s.full)
}

// move gives a path row another owner.
func (t *Tree) move(i, owner int32) {
	r := &t.paths[i]
	if t.processListed(owner) {
		t.pathIndex.remove(t.pathKey(r.owner, r.hash), i)
		t.pathIndex.insert(t.pathKey(owner, r.hash), i)
	} else {
		t.moved = true
	}
	t.charge(r, -int(r.cost), -1)
	p := &t.processes[owner]
	r.owner, r.next, p.paths = owner, p.paths, i
	t.charge(r, int(r.cost), 1)
}
