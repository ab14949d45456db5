package esbridge

import (
	"math"
	"math/rand/v2"
	"testing"
)

// esClient numbers messages as the kernel does for one client, and knows what it dropped.
type esClient struct {
	global  uint64
	types   [8]uint64 // next number by type
	dropped uint64    // messages of any type
	byType  [8]uint64
	shown   [8]uint64 // byType when the last message of the type was delivered
}

// send numbers the next message of a type.
func (c *esClient) send(eventType int) (seq, global uint64) {
	seq, global = c.types[eventType], c.global
	c.types[eventType]++
	c.global++
	return seq, global
}

// TestGapsModel drops messages at random, in clients that follow each other, and compares
// after each message with what was dropped. A client numbers all its messages or, like the
// message versions before 4, only those of each type.
func TestGapsModel(t *testing.T) {
	for _, hasGlobal := range []bool{true, false} {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 1))
		for range 300 {
			checkGaps(t, rng, seed, hasGlobal)
		}
	}
}

func checkGaps(t *testing.T, rng *rand.Rand, seed uint64, hasGlobal bool) {
	t.Helper()
	var d GapDetector
	var earlier, sum uint64 // shown by clients before this one; Σ of what Observe returned
	var earlierByType [8]uint64
	for range 1 + rng.IntN(4) {
		var c esClient
		shown := uint64(0)
		dropOneIn := 1 + rng.IntN(5)
		for range rng.IntN(200) {
			eventType := rng.IntN(len(c.types))
			seq, global := c.send(eventType)
			if rng.IntN(5) < dropOneIn-1 {
				c.dropped++
				c.byType[eventType]++
				continue
			}
			c.shown[eventType] = c.byType[eventType]
			shown = c.dropped
			if !hasGlobal {
				shown = 0
				for _, n := range c.shown {
					shown += n
				}
			}
			sum += d.Observe(eventType, seq, global, hasGlobal)
			if d.Lost() != earlier+shown || sum != d.Lost() {
				t.Fatalf("seed %d: %d lost, returned %d; %d were dropped before", seed, d.Lost(), sum, earlier+shown)
			}
			if got, want := d.LostByType(eventType), earlierByType[eventType]+c.shown[eventType]; got != want {
				t.Fatalf("seed %d: type %d lost %d, want %d", seed, eventType, got, want)
			}
		}
		earlier += shown
		for i, n := range c.shown {
			earlierByType[i] += n
		}
		d.Restart()
	}
}

// TestGapsCountOnce: the global number and the number of the type tell of the same loss.
func TestGapsCountOnce(t *testing.T) {
	var d GapDetector
	steps := []struct {
		eventType   int
		seq, global uint64
		want        uint64
	}{
		{33, 2, 2, 2}, // writes 0 and 1 were lost before the first message
		{33, 3, 3, 0},
		{12, 0, 5, 1}, // a loss of some type, first seen in the global number
		{33, 5, 6, 0}, // it was write 4
		{33, 6, 7, 0},
		{-1, 0, 9, 1},   // a type without number
		{300, 7, 10, 0}, // a type too high to have one here
		{33, 7, 11, 0},
	}
	for i, s := range steps {
		if got := d.Observe(s.eventType, s.seq, s.global, true); got != s.want {
			t.Errorf("message %d: %d newly lost, want %d", i, got, s.want)
		}
	}
	if d.Lost() != 4 || d.LostByType(33) != 3 || d.LostByType(12) != 0 {
		t.Errorf("%d lost, %d of type 33, %d of type 12", d.Lost(), d.LostByType(33), d.LostByType(12))
	}
	if d.LostByType(-1) != 0 || d.LostByType(300) != 0 {
		t.Error("a type without numbers lost some")
	}
}

// TestGapsNewClient: numbers that go backwards come from a new client, whose beginning may
// have been lost as well.
func TestGapsNewClient(t *testing.T) {
	var d GapDetector
	for global := range uint64(10) {
		d.Observe(33, global, global, true)
	}
	if lost := d.Observe(33, 3, 4, true); lost != 4 {
		t.Errorf("the new client lost %d before its first message, want 4", lost)
	}
	if lost := d.Observe(33, 4, 5, true); lost != 0 || d.Lost() != 4 {
		t.Errorf("%d newly lost, %d in all", lost, d.Lost())
	}
	var old GapDetector // of message versions without a global number
	old.Observe(33, 0, 0, false)
	old.Observe(33, 1, 0, false)
	if lost := old.Observe(33, 1, 0, false); lost != 1 {
		t.Errorf("the new client lost %d before its first message, want 1", lost)
	}
}

// TestGapsSaturate: absurd numbers neither wrap a sum nor make Observe return more than is
// left to the largest.
func TestGapsSaturate(t *testing.T) {
	var d GapDetector
	var sum Tally
	for i := range uint64(20) {
		lost := d.Observe(33, math.MaxUint64-1-i, math.MaxUint64-1-i, true)
		before := sum.KernelDropped
		if sum.KernelDropped += lost; sum.KernelDropped < before {
			t.Fatalf("message %d: the sum wrapped", i)
		}
	}
	if d.Lost() != math.MaxUint64 || d.LostByType(33) != math.MaxUint64 {
		t.Errorf("%d lost, %d of the type", d.Lost(), d.LostByType(33))
	}
}

// TestGapsNoAllocations: Observe is called for every message.
func TestGapsNoAllocations(t *testing.T) {
	var d GapDetector
	n := uint64(0)
	if got := testing.AllocsPerRun(100, func() { d.Observe(33, n, n, true); n += 2 }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
