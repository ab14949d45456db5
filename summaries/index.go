package summaries

import "math/bits"

// index is an open-addressing hash table from 32-bit keys to row numbers, in buckets of seven
// whose tags are compared at once, eight bytes in a register (after Bronson and Shi, "Open-sourcing
// F14 for faster, more memory-efficient hash tables", 2019). Where a bucket is full the next one
// takes the row, and the bucket counts it: so a search knows where to end, and nothing is left
// behind when a row goes. Keys come from hashes with a secret seed, so nobody can aim at a
// bucket; rows of equal tags are told apart by the caller.
type index struct {
	tags []uint64            // of each bucket: a byte for each place, 0 where there is no row, and above them the count of rows gone on
	rows [][bucketRows]int32 // apart, since most searches that fail see only tags
	mask uint32
}

const (
	bucketRows = 7
	lowBits    = 0x0001010101010101 // of the tags
	highBits   = 0x0080808080808080
	goneOn     = 1 << 56 // one row that went on to the next bucket
	goneOnMax  = 255 * goneOn
)

// newIndex makes an index for up to n rows, at most half full.
func newIndex(n int) index {
	size := 1
	for size*bucketRows < 2*n {
		size *= 2
	}
	return index{tags: make([]uint64, size), rows: make([][bucketRows]int32, size), mask: uint32(size - 1)}
}

// tagOf is never 0. A key's lower bits choose its bucket.
func tagOf(key uint32) uint64 { return uint64(key>>25 | 0x80) }

// probe goes through the rows that may have a key.
type probe struct {
	bucket uint32
	found  uint64 // places in the bucket, as their high bits
	tag    uint64 // in each byte
}

func (x *index) probe(key uint32) probe {
	p := probe{bucket: key & x.mask, tag: tagOf(key) * lowBits}
	p.found = p.match(x.tags[p.bucket])
	return p
}

// match finds the places of equal tags. It may find one too many beside one that is equal.
func (p *probe) match(tags uint64) uint64 {
	differ := tags&(1<<56-1) ^ p.tag
	return (differ - lowBits) &^ differ & highBits
}

// next returns the next row that may have the key, or −1.
func (x *index) next(p *probe) int32 {
	for p.found == 0 {
		if x.tags[p.bucket] < goneOn {
			return -1
		}
		p.bucket = (p.bucket + 1) & x.mask
		p.found = p.match(x.tags[p.bucket])
	}
	place := bits.TrailingZeros64(p.found) / 8
	p.found &= p.found - 1
	return x.rows[p.bucket][place]
}

// insert adds a row that is not there yet.
func (x *index) insert(key uint32, row int32) {
	at := key & x.mask
	for {
		tags := x.tags[at] & (1<<56 - 1)
		if free := (tags - lowBits) &^ tags & highBits; free != 0 {
			place := bits.TrailingZeros64(free) / 8
			x.tags[at] |= tagOf(key) << (8 * place)
			x.rows[at][place] = row
			return
		}
		if x.tags[at] < goneOnMax { // at most 254 are counted back
			x.tags[at] += goneOn
		}
		at = (at + 1) & x.mask
	}
}

// remove takes out a row that is there.
func (x *index) remove(key uint32, row int32) {
	at := key & x.mask
	for {
		for place := range uint32(bucketRows) {
			if x.rows[at][place] == row && byte(x.tags[at]>>(8*place)) != 0 {
				x.tags[at] &^= 0xff << (8 * place)
				return
			}
		}
		if x.tags[at] < goneOnMax {
			x.tags[at] -= goneOn
		}
		at = (at + 1) & x.mask
	}
}

func (x *index) reset() { clear(x.tags) }

func (x *index) copyFrom(src *index) {
	copy(x.tags, src.tags)
	copy(x.rows, src.rows)
}
