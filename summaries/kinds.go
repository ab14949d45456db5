package summaries

import "summarizer/esbridge"

// kindsTable holds the counters by kind of the path rows that need them: most rows see events
// of one kind only, and say which. That of a live tree has room for every row, but what is free is
// used again first, so that memory is touched only as far as it was ever needed at once.
type kindsTable struct {
	rows []Kinds
	free []int32
}

func newKindsTable(n int) kindsTable {
	return kindsTable{rows: make([]Kinds, 0, n), free: make([]int32, 0, n)}
}

func (k *kindsTable) reset() { k.rows, k.free = k.rows[:0], k.free[:0] }

// take returns the place of counters, which are not zero.
func (k *kindsTable) take() int32 {
	if n := len(k.free); n > 0 {
		i := k.free[n-1]
		k.free = k.free[:n-1]
		return i
	}
	k.rows = append(k.rows, Kinds{})
	return int32(len(k.rows) - 1)
}

// noKinds says that a row has no counters by kind: all its events are of one.
const noKinds = -1

// countKind counts n events of a kind, which the row's tally does not count yet.
func (t *Tree) countKind(r *pathRow, k esbridge.Kind, n uint64) {
	switch {
	case r.kinds != noKinds:
		t.kinds.rows[r.kinds][k] += n
	case r.events == 0:
		r.kind = k
	case r.kind != k:
		t.mixKinds(r)[k] += n
	}
}

// mixKinds makes a row count by kind.
func (t *Tree) mixKinds(r *pathRow) *Kinds {
	if r.kinds == noKinds {
		r.kinds = t.kinds.take()
		t.kinds.rows[r.kinds] = Kinds{}
		t.kinds.rows[r.kinds][r.kind] = r.events
	}
	return &t.kinds.rows[r.kinds]
}

// addKinds adds the kinds of a row to those of another, whose tally does not count them yet.
func (t *Tree) addKinds(to, from *pathRow) {
	if from.kinds == noKinds {
		t.countKind(to, from.kind, from.events)
		return
	}
	t.mixKinds(to).Add(&t.kinds.rows[from.kinds])
}

// kindsOf is what a row counts of each kind.
func (t *Tree) kindsOf(r *pathRow) (k Kinds) {
	if r.kinds != noKinds {
		return t.kinds.rows[r.kinds]
	}
	k[r.kind] = r.events
	return k
}

// setKinds makes a new row count what k says.
func (t *Tree) setKinds(r *pathRow, k *Kinds) {
	for kind, n := range k {
		if n > 0 && n == r.events {
			r.kind = esbridge.Kind(kind)
			return
		}
	}
	*t.mixKinds(r) = *k
}
