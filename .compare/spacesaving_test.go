package main

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestSpaceSaving holds the textbook algorithm against exact counts: what it is compared by
// must not be a faulty copy of it.
func TestSpaceSaving(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		const k, n = 50, 5000
		s, truth := newSpaceSaving(k), map[string]uint64{}
		for range 2 {
			clear(truth)
			for range n {
				key := fmt.Sprint(int(rng.ExpFloat64() * 40))
				truth[key]++
				s.add([]byte(key))
			}
			checkSpaceSaving(t, s, truth, n)
			s.reset()
		}
	}
}

func checkSpaceSaving(t *testing.T, s *spaceSaving, truth map[string]uint64, n uint64) {
	t.Helper()
	var sum uint64
	for key, i := range s.index {
		c := s.counters[i]
		count := s.buckets[c.bucket].count
		sum += count
		if c.key != key || truth[key] > count || truth[key] < count-c.err || count < s.min() {
			t.Errorf("%s: %d to %d, the truth is %d; least %d", key, count-c.err, count, truth[key], s.min())
		}
	}
	if sum != n || len(s.index) != min(len(truth), cap(s.counters)) {
		t.Errorf("%d events of %d in %d counters", sum, n, len(s.index))
	}
	for key, events := range truth {
		if _, listed := s.index[key]; !listed && events > s.min() {
			t.Errorf("%s: not listed with %d events, the least count is %d", key, events, s.min())
		}
	}
}
