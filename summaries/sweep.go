package summaries

// charge adds cost to what the rows of r's owner, and all rows, cost, and rows to how many the
// owner has.
func (t *Tree) charge(r *pathRow, cost int, rows int32) {
	p := &t.processes[r.owner]
	t.pathCost += cost
	p.pathCost += cost
	p.pathRows += rows
	if r.watched {
		p.watchedCost += cost
	}
}

// recharge sets what a row costs.
func (t *Tree) recharge(r *pathRow, cost int32) {
	t.charge(r, int(cost-r.cost), 0)
	r.cost = cost
}

// drop takes a row out of its family. It stays in the index, where it matches nothing; the
// next sweep gives its places back.
func (t *Tree) drop(i int32) {
	r := &t.paths[i]
	t.charge(r, -int(r.cost), -1)
	r.owner = -1
	if r.kinds != noKinds {
		t.kinds.free = append(t.kinds.free, r.kinds)
	}
}

// sweep closes the gaps that dropped rows left in the table and in the arena, and unites the
// rows of one path of others. Rows keep their order, which is the order of their admission.
func (t *Tree) sweep() {
	for i := range t.processes {
		t.processes[i].paths = -1
	}
	t.pathIndex.reset()
	live, end := 0, uint32(0)
	for i := range t.paths {
		r := &t.paths[i]
		if r.owner < 0 || t.moved && t.united(int32(i)) {
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
	t.moved = false
}

// united adds a row of others to one of the same path before it, and tells whether there is
// one.
func (t *Tree) united(i int32) bool {
	r := &t.paths[i]
	if t.processListed(r.owner) {
		return false
	}
	same := t.findPath(r.owner, t.bytesOf(r), r.hash)
	if same < 0 {
		return false
	}
	t.absorbPath(same, i)
	t.drop(i)
	return true
}
