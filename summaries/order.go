package summaries

import (
	"bytes"

	"github.com/tidwall/btree"
)

// entry is a path row in path order.
type entry struct {
	path []byte
	row  int32
}

// ordered is the path rows of an owner in the order of their bytes, in which a directory
// comes before all that is in it.
func (t *Tree) ordered(owner int32) *btree.BTreeG[entry] {
	tree := btree.NewBTreeGOptions(func(a, b entry) bool { return bytes.Compare(a.path, b.path) < 0 },
		btree.Options{NoLocks: true})
	for i := t.processes[owner].paths; i >= 0; i = t.paths[i].next {
		if r := &t.paths[i]; r.owner == owner {
			tree.Set(entry{t.bytesOf(r), i})
		}
	}
	return tree
}
