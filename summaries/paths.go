package summaries

import (
	"bytes"
	"encoding/hex"
	"hash/maphash"
	"math/bits"

	"summarizer/esbridge"
)

// path finds or admits the row of a file of an owner to count an event in. It is −1 where the
// file is kept out, and the event counted. The path does not end in '/'.
func (t *Tree) path(owner int32, e *esbridge.Event, path []byte) int32 {
	b, full := t.rowPath(path)
	hash := maphash.Bytes(t.seed, b)
	if i := t.findPath(owner, b, hash); i >= 0 {
		return i
	}
	seen := uint64(0)
	if t.processes[owner].share > 0 {
		seen = t.hash.Hash(b)
		if t.foldAtDoor(owner, e, b, seen) {
			return -1
		}
	}
	if t.pathCost+t.unitsOf(len(b)) > t.maxPathCost || len(t.paths) == cap(t.paths) || len(t.arena)+len(b) > cap(t.arena) {
		t.foldPaths(t.limits.Paths, nil)
		b, full = t.rowPath(path) // folding may have used the scratch buffer
	}
	i := t.admitPath(owner, b, hash)
	r, p := &t.paths[i], &t.processes[owner]
	missed, again := t.letIn(&p.door, t.beyondFilter(owner), t.cellOf(owner, seen))
	r.full, r.seen, r.missed, r.again = uint32(full), seen, int64(missed)-p.debt, again
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
	for at := t.pathIndex.probe(key); ; {
		i := t.pathIndex.next(&at)
		if i < 0 {
			break
		}
		if r := &t.paths[i]; r.hash == hash && r.owner == owner && bytes.Equal(t.bytesOf(r), path) {
			return i
		}
	}
	return -1
}

func (t *Tree) pathKey(owner int32, hash uint64) uint32 {
	hi, lo := bits.Mul64(hash^t.secret[1], uint64(owner)<<1^t.secret[0])
	return uint32(hi ^ lo)
}

func (t *Tree) bytesOf(r *pathRow) []byte { return t.arena[r.off : r.off+r.n] }

// unitsOf is what a path of n bytes costs: a long name costs more of its family's share.
func (t *Tree) unitsOf(n int) int { return 1 + (n-1)/t.unit }

// rowPath is the path as a row keeps it, and its full length.
func (t *Tree) rowPath(path []byte) (b []byte, full int) {
	if len(path) <= maxRowPath {
		return path, len(path)
	}
	return t.elide(path), len(path)
}

// elide keeps head and tail of a path with a keyed hash of the whole between them, so that
// different paths stay different rows. The result is in the scratch buffer.
func (t *Tree) elide(path []byte) []byte {
	const side = (maxRowPath - 24) / 2
	var hash [8]byte
	if t.hash != nil {
		appendUint64(hash[:0], t.hash.Hash(path))
	}
	head := path[:side]
	if cut := bytes.LastIndexByte(head, '/'); cut >= 0 {
		head = head[:cut+1] // so that the head is a directory that exists
	}
	b := append(t.scratch[:0], head...)
	b = append(b, "…"...)
	b = hex.AppendEncode(b, hash[:])
	b = append(b, "…"...)
	return append(b, path[len(path)-side:]...)
}

// parent is the directory of a file, or of a directory: everything to the last '/' that is
// not the last byte.
func parent(path []byte) []byte {
	return path[:bytes.LastIndexByte(path[:len(path)-1], '/')+1]
}
