package main

// spaceSaving is the textbook algorithm: k counters, the least of which goes to a new key
// (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data
// Streams, ICDT 2005), with the Stream-Summary of that paper: counters hang on buckets of
// equal count, and the buckets are in order, so that every step takes constant time.
type spaceSaving struct {
	index    map[string]int32
	counters []counter
	buckets  []bucket
	least    int32 // bucket of the smallest count; −1 none
	free     int32 // first unused bucket
}

type counter struct {
	key        string
	err        uint64 // what the count may owe to the keys that had the counter before
	bucket     int32
	prev, next int32
}

type bucket struct {
	count      uint64
	first      int32 // counter; −1 none
	prev, next int32
}

func newSpaceSaving(k int) *spaceSaving {
	s := &spaceSaving{index: make(map[string]int32, k), counters: make([]counter, 0, k), buckets: make([]bucket, k+1)}
	s.reset()
	return s
}

func (s *spaceSaving) reset() {
	clear(s.index)
	clear(s.counters)
	s.counters, s.least, s.free = s.counters[:0], -1, 0
	for i := range s.buckets {
		s.buckets[i] = bucket{first: -1, next: int32(i) + 1}
	}
}

// add counts one event of key, whose bytes may change afterwards.
func (s *spaceSaving) add(key []byte) {
	if i, ok := s.index[string(key)]; ok {
		s.raise(i)
		return
	}
	if len(s.counters) < cap(s.counters) {
		i := int32(len(s.counters))
		s.counters = append(s.counters, counter{key: string(key)})
		s.index[s.counters[i].key] = i
		if s.least < 0 || s.buckets[s.least].count != 1 {
			s.least = s.insertBucket(1, -1, s.least)
		}
		s.hang(i, s.least)
		return
	}
	i := s.buckets[s.least].first
	c := &s.counters[i]
	delete(s.index, c.key)
	c.key, c.err = string(key), s.buckets[s.least].count
	s.index[c.key] = i
	s.raise(i)
}

// raise moves a counter to the bucket of the next count.
func (s *spaceSaving) raise(i int32) {
	b := s.counters[i].bucket
	count, next := s.buckets[b].count+1, s.buckets[b].next
	s.unhang(i)
	if next < 0 || s.buckets[next].count != count {
		next = s.insertBucket(count, b, next)
	}
	s.hang(i, next)
	if s.buckets[b].first < 0 {
		s.removeBucket(b)
	}
}

func (s *spaceSaving) hang(i, b int32) {
	c := &s.counters[i]
	c.bucket, c.prev, c.next = b, -1, s.buckets[b].first
	if c.next >= 0 {
		s.counters[c.next].prev = i
	}
	s.buckets[b].first = i
}

func (s *spaceSaving) unhang(i int32) {
	c := &s.counters[i]
	if c.prev >= 0 {
		s.counters[c.prev].next = c.next
	} else {
		s.buckets[c.bucket].first = c.next
	}
	if c.next >= 0 {
		s.counters[c.next].prev = c.prev
	}
}

func (s *spaceSaving) insertBucket(count uint64, prev, next int32) int32 {
	b := s.free
	s.free = s.buckets[b].next
	s.buckets[b] = bucket{count: count, first: -1, prev: prev, next: next}
	if prev >= 0 {
		s.buckets[prev].next = b
	}
	if next >= 0 {
		s.buckets[next].prev = b
	}
	return b
}

func (s *spaceSaving) removeBucket(b int32) {
	prev, next := s.buckets[b].prev, s.buckets[b].next
	if prev >= 0 {
		s.buckets[prev].next = next
	} else {
		s.least = next
	}
	if next >= 0 {
		s.buckets[next].prev = prev
	}
	s.buckets[b] = bucket{first: -1, next: s.free}
	s.free = b
}

// min bounds the count of every key without a counter.
func (s *spaceSaving) min() uint64 {
	if len(s.counters) < cap(s.counters) {
		return 0
	}
	return s.buckets[s.least].count
}
