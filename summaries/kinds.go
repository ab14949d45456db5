package summaries

import "summarizer/esbridge"

// Most rows see events of one kind only. Such a row needs no counter for each: its kind says
// what its events are. The others count in a table beside that of the rows, Tree.kinds, at
// the same place, which costs memory that is not touched as long as nothing needs it.

// countKind counts n events of a kind, which the row's tally does not count yet.
func (t *Tree) countKind(i int32, k esbridge.Kind, n uint64) {
	switch r := &t.paths[i]; {
	case r.mixed:
		t.kinds[i][k] += n
	case r.events == 0:
		r.kind = k
	case r.kind != k:
		t.mixKinds(i)
		t.kinds[i][k] += n
	}
}

// mixKinds makes a row count by kind.
func (t *Tree) mixKinds(i int32) {
	if r := &t.paths[i]; !r.mixed {
		t.kinds[i] = Kinds{}
		t.kinds[i][r.kind] = r.events
		r.mixed = true
	}
}

// addKinds adds the kinds of row j to those of row i, whose tally does not count them yet.
func (t *Tree) addKinds(i, j int32) {
	if from := &t.paths[j]; !from.mixed {
		t.countKind(i, from.kind, from.events)
		return
	}
	t.mixKinds(i)
	t.kinds[i].Add(&t.kinds[j])
}

// kindsOf is what a row counts of each kind.
func (t *Tree) kindsOf(i int32) (k Kinds) {
	r := &t.paths[i]
	if r.mixed {
		return t.kinds[i]
	}
	k[r.kind] = r.events
	return k
}

// setKinds makes a new row count what k says.
func (t *Tree) setKinds(i int32, k *Kinds) {
	for kind, n := range k {
		if n > 0 && n == t.paths[i].events {
			t.paths[i].kind = esbridge.Kind(kind)
			return
		}
	}
	t.kinds[i], t.paths[i].mixed = *k, true
}
