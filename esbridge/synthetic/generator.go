package synthetic

import (
	"math/rand/v2"
	"strconv"

	"summarizer/esbridge"
)

// BatchSize is the most events of a batch.
const BatchSize = 512

// unboundedQuiet is where the quiet write of an endless stream comes.
const unboundedQuiet = 10_000

// generator makes the events of one run, a batch at a time, in storage it uses again.
type generator struct {
	rng   *rand.Rand
	next  shape
	step  int64
	count uint64           // events made
	quiet uint64           // which event is the quiet write; none if never reached
	diary esbridge.Process // who makes it
	entry []byte           // and where

	events []esbridge.Event
	now    int64              // of the event in the making
	slab   []byte             // names of this batch
	minted []esbridge.Process // processes that live for one batch
}

// generator starts the scenario over. n is how many events there will be, 0 if nobody knows.
func (s *Scenario) generator(n uint64) *generator {
	g := &generator{
		rng:    rand.New(rand.NewPCG(s.seed, 0x73796e7468)),
		step:   s.step(),
		quiet:  ^uint64(0),
		diary:  process(diary, 1<<31), // a number that no storm reaches
		entry:  []byte(QuietPath),
		events: make([]esbridge.Event, 0, BatchSize),
		slab:   make([]byte, 0, BatchSize*128),
		minted: make([]esbridge.Process, 0, BatchSize),
	}
	if s.quiet {
		if g.quiet = n / 2; n == 0 {
			g.quiet = unboundedQuiet
		}
	}
	g.next = s.shape(g)
	return g
}

// fill makes the next n events, at most BatchSize, valid until it is called again. The first
// event of the stream has the time epoch.
func (g *generator) fill(n int, epoch int64) []esbridge.Event {
	g.events, g.slab, g.minted = g.events[:0], g.slab[:0], g.minted[:0]
	for range n {
		g.now = epoch + int64(g.count)*g.step
		if g.count == g.quiet {
			g.emit(esbridge.Write, &g.diary, g.entry)
		} else {
			g.next(g)
		}
		g.count++
	}
	return g.events
}

// emit makes the event.
func (g *generator) emit(kind esbridge.Kind, p *esbridge.Process, path []byte) {
	g.events = append(g.events, esbridge.Event{
		Kind: kind, Process: p, Path: path, Count: 1, First: g.now, Last: g.now,
		Size: int64(g.count) + 1, HasSize: kind != esbridge.Unlink,
	})
}

// emitFrom makes an event of two paths.
func (g *generator) emitFrom(kind esbridge.Kind, p *esbridge.Process, path, source []byte) {
	g.emit(kind, p, path)
	g.events[len(g.events)-1].SourcePath = source
}

// mint returns a copy of p that lives as long as the batch.
func (g *generator) mint(p *esbridge.Process) *esbridge.Process {
	g.minted = append(g.minted, *p)
	return &g.minted[len(g.minted)-1]
}

// Names are written to the slab: mark where they begin, add parts, cut.

func (g *generator) mark() int { return len(g.slab) }

func (g *generator) text(s string) { g.slab = append(g.slab, s...) }

func (g *generator) number(n uint64) { g.slab = strconv.AppendUint(g.slab, n, 10) }

// hex adds n with at least 8 digits.
func (g *generator) hex(n uint64) {
	for digits := uint64(0xfffffff); n <= digits && digits > 0; digits >>= 4 {
		g.slab = append(g.slab, '0')
	}
	g.slab = strconv.AppendUint(g.slab, n, 16)
}

func (g *generator) cut(from int) []byte { return g.slab[from:len(g.slab):len(g.slab)] }

// zipf returns a rank from 0 to n−1 whose probability falls as Zipf's law with exponent 1.1:
// the whole part of a Pareto variable of tail exponent 0.1, that is u^−10, so that
// P(rank < k) = (1−(k+1)^−0.1) / (1−(n+1)^−0.1). Only products and one quotient are used,
// which every processor rounds alike.
func (g *generator) zipf(n uint64) uint64 {
	for {
		u := g.rng.Float64()
		u2 := u * u
		u4 := u2 * u2
		if x := 1 / (u4 * u4 * u2); x < float64(n+1) {
			return uint64(x) - 1
		}
	}
}
