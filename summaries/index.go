package summaries

// index is an open-addressing hash table from 32-bit keys to row numbers, with linear
// probing and deletion by backward shift (Knuth, TAOCP vol. 3, 6.4 algorithm R). Keys come
// from hashes with a secret seed, so nobody can aim for a long probe; equal keys of
// different rows are told apart by the caller.
type index struct {
	slots []uint64 // key<<32 | row+1; 0 is empty
	mask  uint32
}

// newIndex makes an index for up to n rows, at most half full.
func newIndex(n int) index {
	size := 8
	for size < 2*n {
		size *= 2
	}
	return index{slots: make([]uint64, size), mask: uint32(size - 1)}
}

// first returns the first row that may have the key, or −1, and where to look on.
func (x *index) first(key uint32) (row int32, at uint32) { return x.scan(key, key&x.mask) }

// next returns the row after the one found at.
func (x *index) next(key, at uint32) (row int32, after uint32) {
	return x.scan(key, (at+1)&x.mask)
}

func (x *index) scan(key, at uint32) (row int32, found uint32) {
	for {
		s := x.slots[at]
		if s == 0 {
			return -1, at
		}
		if uint32(s>>32) == key {
			return int32(uint32(s)) - 1, at
		}
		at = (at + 1) & x.mask
	}
}

// insert adds a row that is not there yet.
func (x *index) insert(key uint32, row int32) {
	at := key & x.mask
	for x.slots[at] != 0 {
		at = (at + 1) & x.mask
	}
	x.slots[at] = uint64(key)<<32 | uint64(uint32(row+1))
}

// remove takes out a row that is there, and closes the hole.
func (x *index) remove(key uint32, row int32) {
	want := uint64(key)<<32 | uint64(uint32(row+1))
	at := key & x.mask
	for x.slots[at] != want {
		at = (at + 1) & x.mask
	}
	for hole, i := at, at; ; {
		i = (i + 1) & x.mask
		s := x.slots[i]
		if s == 0 {
			x.slots[hole] = 0
			return
		}
		home := uint32(s>>32) & x.mask
		if (i-home)&x.mask >= (i-hole)&x.mask {
			x.slots[hole] = s
			hole = i
		}
	}
}

func (x *index) reset() { clear(x.slots) }
