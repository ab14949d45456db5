package main

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"

	"summarizer/esbridge"
)

// cost is what a contender takes.
type cost struct {
	contender          contender
	nanoseconds        float64 // processor time per event, median of the rounds
	bytes, allocations float64 // per event
	held               uint64  // bytes in use after the stream
}

// judge runs a contender through the disturbed stream and tells its mistakes and the memory
// that it holds.
func (s *stream) judge(make func() contender) (mistakes, cost) {
	before := memory().HeapAlloc
	c := make()
	s.disturbed(c.add)
	held := memory().HeapAlloc - before
	m := s.check(c.report())
	c.reset()
	return m, cost{contender: c, held: held}
}

func memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

// race fills in the times of all contenders and returns that of the yardstick.
func (s *stream) race(costs []cost, rounds int) (yardstick float64) {
	times := make([][]float64, len(costs))
	var yardsticks []float64
	count := newYardstick()
	for range rounds {
		yardsticks = append(yardsticks, processorTime(func() { count(s.events) })/float64(s.events))
		generate := s.run(func([]esbridge.Event) {})
		for i := range costs {
			c := &costs[i]
			before := memory()
			times[i] = append(times[i], (s.run(c.addAll)-generate)/float64(s.events))
			after := memory()
			c.allocations = float64(after.Mallocs-before.Mallocs) / float64(s.events)
			c.bytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(s.events)
			c.contender.reset()
		}
	}
	for i := range costs {
		costs[i].nanoseconds = median(times[i])
	}
	return median(yardsticks)
}

// addAll adds a batch. A contender may learn where it begins and ends.
func (c *cost) addAll(batch []esbridge.Event) {
	if b, ok := c.contender.(interface {
		Begin()
		End()
	}); ok {
		b.Begin()
		defer b.End()
	}
	for i := range batch {
		c.contender.add(&batch[i])
	}
}

// run hands the stream to add, in batches as a source does, and returns the processor time in
// nanoseconds.
func (s *stream) run(add func([]esbridge.Event)) float64 {
	return processorTime(func() {
		for batch := range s.scenario.Batches(s.events) {
			add(batch)
		}
	})
}

// processorTime is what f takes on all processors, in nanoseconds (getrusage(2)).
func processorTime(f func()) float64 {
	runtime.GC()
	before := used()
	f()
	return float64(used() - before)
}

func used() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only for arguments that are none of ours
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// newYardstick returns what counts random keys of 65,536 in a Go map.
func newYardstick() func(n uint64) {
	rng := rand.New(rand.NewPCG(1, 1))
	m, keys, order := map[uint64]uint64{}, make([]uint64, 1<<16), make([]uint16, 1<<20)
	for i := range keys {
		keys[i] = rng.Uint64()
		m[keys[i]] = 0
	}
	for i := range order {
		order[i] = uint16(rng.Uint32())
	}
	return func(n uint64) {
		for i := range n {
			m[keys[order[i&(1<<20-1)]]]++
		}
	}
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
