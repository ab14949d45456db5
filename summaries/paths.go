package summaries

import (
	"bytes"
	"encoding/hex"
	"hash/maphash"
)

// path finds or admits the row of a file of an owner. The path does not end in '/'.
func (t *Tree) path(owner int32, path []byte) int32 {
	b, full := t.rowPath(path)
	hash := maphash.Bytes(t.seed, b)
	if i := t.findPath(owner, b, hash); i >= 0 {
		return i
	}
	if t.pathCost+t.unitsOf(len(b)) > t.maxPathCost || len(t.paths) == cap(t.paths) || len(t.arena)+len(b) > cap(t.arena) {
		t.foldPaths(t.limits.Paths, nil)
		b, full = t.rowPath(path) // folding may have used the scratch buffer
	}
	i := t.admitPath(owner, b, hash)
	r, p := &t.paths[i], &t.processes[owner]
	r.full = uint32(full)
	r.missed = int64(p.unlisted) - p.debt
	return i
}

// admitPath appends a row and its bytes, for which there is room.
func (t *Tree) admitPath(owner int32, b []byte, hash uint64) int32 {
	i := int32(len(t.paths))
	cost := t.unitsOf(len(b))
	t.paths = append(t.paths, pathRow{
		owner: owner, hash: hash, kinds: noKinds, off: uint32(len(t.arena)), n: uint32(len(b)), full: uint32(len(b)),
		cost: int32(cost), dir: b[len(b)-1] == '/', watched: t.watch.Match(b), next: t.processes[owner].paths,
	})
	t.arena = append(t.arena, b...)
	t.processes[owner].paths = i
	t.charge(&t.paths[i], cost, 1)
	t.pathIndex.insert(t.pathKey(owner, hash), i)
	return i
}

func (t *Tree) findPath(owner int32, path []byte, hash uint64) int32 {
	key := t.pathKey(owner, hash)
	for i, at := t.pathIndex.first(key); i >= 0; i, at = t.pathIndex.next(key, at) {
		if r := &t.paths[i]; r.hash == hash && r.owner == owner && bytes.Equal(t.bytesOf(r), path) {
			return i
		}
	}
	return -1
}

func (t *Tree) pathKey(owner int32, hash uint64) uint32 {
	return t.mix(hash, uint64(uint32(owner)))
}

func (t *Tree) bytesOf(r *pathRow) []byte { return t.arena[r.off : r.off+r.n] }

// unitsOf is what a path of n bytes costs: a long name costs more of its family's share.
func (t *Tree) unitsOf(n int) int { return 1 + (n-1)/t.unit }

// rowPath is the path as a row keeps it, and its full length: whole, or head and tail with a
// keyed hash of the whole between them, so that different paths stay different rows. It may
// use the scratch buffer.
func (t *Tree) rowPath(path []byte) (b []byte, full int) {
	if len(path) <= maxRowPath {
		return path, len(path)
	}
	const side = (maxRowPath - 24) / 2
	var hash [8]byte
	if t.hash != nil {
		appendUint64(hash[:0], t.hash.Hash(path))
	}
	head := path[:side]
	if cut := bytes.LastIndexByte(head, '/'); cut >= 0 {
		head = head[:cut+1] // so that the head is a directory that exists
	}
	b = append(t.scratch[:0], head...)
	b = append(b, "…"...)
	b = hex.AppendEncode(b, hash[:])
	b = append(b, "…"...)
	return append(b, path[len(path)-side:]...), len(path)
}

// parent is the directory of a file, or of a directory: everything to the last '/' that is
// not the last byte.
func parent(path []byte) []byte {
	return path[:bytes.LastIndexByte(path[:len(path)-1], '/')+1]
}
