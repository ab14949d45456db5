package aggregator

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// counts is the exact model of what a summary says of each process.
type counts map[int32]uint64

func (c counts) add(o counts) counts {
	sum := counts{}
	for _, m := range []counts{c, o} {
		for pid, n := range m {
			sum[pid] += n
		}
	}
	return sum
}

func (c counts) total() (n uint64) {
	for _, k := range c {
		n += k
	}
	return n
}

// countsOf reads a summary. Every process of a drive has a row.
func countsOf(t *testing.T, s *summaries.Summary) counts {
	t.Helper()
	c := counts{}
	for _, o := range s.Origins {
		for _, g := range o.Programs {
			if g.Other.Events+o.Other.Events > 0 {
				t.Fatal("a process was folded: the model knows no others")
			}
			for _, p := range g.Processes {
				c[p.PID] += p.Events
			}
		}
	}
	return c
}

// drive takes random batches into a live source's folding while clocks jump, settings are
// reloaded and delivering is slow, and holds all that leaves against the exact model.
type drive struct {
	t      *testing.T
	rng    *rand.Rand
	a      *Aggregator
	l      *live
	now    window.Reading
	stream []int32 // the process of each event that is to be folded, in order

	muted, received uint64
	reloads         int

	// What left. The goroutine of summarize writes it.
	tiles             counts
	ledger            summaries.Ledger
	numbers           numbers
	empty, burst, all int // tiles without events in a row, the most of them; summaries
	reasons           map[summaries.EndReason]int
	cuts              []counts // tiles and checkpoint together, at each checkpoint
}

// numbers follows the numbering of summaries.
type numbers struct{ seq, tiled uint64 }

func (n *numbers) check(t *testing.T, s *summaries.Summary) {
	t.Helper()
	n.seq++
	want := n.seq
	if s.Window.Tile {
		want, n.tiled = n.tiled+1, n.seq
	}
	if s.Seq != n.seq || s.FirstSeq != want {
		t.Errorf("numbers %d to %d, want %d to %d", s.FirstSeq, s.Seq, want, n.seq)
	}
}

// processes of a drive fit into the tables of each shard.
const driveProcesses = 12

func newDrive(t *testing.T, seed uint64, cfg Config) *drive {
	d := &drive{t: t, rng: rand.New(rand.NewPCG(seed, 5)), tiles: counts{}, reasons: map[summaries.EndReason]int{}}
	d.numbers = numbers{cfg.LastSeq, cfg.LastSeq}
	if cfg.Checkpoint != nil {
		cfg.Checkpoint = d.checkpoint
	}
	var err error
	if d.a, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	d.now = window.Reading{Wall: epoch + d.rng.Int64N(1e12), Mono: 1, Boot: 1}
	d.l = newLive(d.a, false, d.now)
	return d
}

// run takes batches, calling before each, and ends the run.
func (d *drive) run(batches int, before func()) {
	d.t.Helper()
	done := make(chan error)
	go func() { done <- d.l.summarize(d.deliver) }()
	for range batches {
		jump(d.rng, &d.now)
		before()
		b := d.batch()
		d.l.take(d.rng.IntN(len(d.l.shards)), b, d.now)
		if d.rng.IntN(4) > 0 {
			synctest.Wait() // else the next boundary may find the summarizer busy
		}
	}
	d.l.finish(summaries.Shutdown, d.now)
	if err := <-done; err != nil {
		d.t.Fatal(err)
	}
	d.check()
}

// batch makes a few events of times that are mostly sane. Those of kind Unlink are there to
// be muted where a rule says so.
func (d *drive) batch() *esbridge.Batch {
	b := &esbridge.Batch{Now: d.now.Wall, Tally: esbridge.Tally{Ignored: d.rng.Uint64N(3)}}
	d.received += b.Tally.Ignored
	for range 1 + d.rng.IntN(6) {
		pid := int32(1 + d.rng.IntN(driveProcesses))
		e := event(0, fmt.Sprintf("/f/%d/%d", pid, d.rng.IntN(40)))
		e.Process = &esbridge.Process{PID: pid, Executable: []byte("/bin/x"), Origin: []byte("system")}
		e.Arrival = d.now.Wall - d.rng.Int64N(1e9)
		e.First, e.Last = e.Arrival, e.Arrival
		switch d.rng.IntN(40) {
		case 0:
			e.First, e.Last = d.rng.Int64(), d.rng.Int64() // the far future
		case 1:
			e.First, e.Last = -d.rng.Int64(), -d.rng.Int64()
		case 2:
			e.Last -= d.rng.Int64N(1e13) // out of order
		}
		b.Events = append(b.Events, e)
	}
	slices.SortStableFunc(b.Events, func(a, b esbridge.Event) int { return cmp.Compare(a.Arrival, b.Arrival) })
	for i := range b.Events {
		d.received++
		if len(d.l.a.wanted.now.Load().mute.rules) > 0 && d.rng.IntN(3) == 0 {
			b.Events[i].Kind = esbridge.Unlink
			d.muted++
		} else {
			d.stream = append(d.stream, b.Events[i].Process.PID)
		}
	}
	return b
}

func (d *drive) deliver(s *summaries.Summary) error {
	checkFrame(d.t, s, d.a.cfg.FrameSize)
	d.numbers.check(d.t, s)
	w := s.Window
	// A pane that nobody took when the clock was set back is a nanosecond long.
	if w.Tile && w.EndReason == summaries.Closed && w.End%w.Hop > 1 {
		d.t.Errorf("a tile of hop %v ends at %d", time.Duration(w.Hop), w.End)
	}
	d.all++
	d.reasons[w.EndReason]++
	if !w.Tile {
		return nil
	}
	d.empty++
	if s.Ledger.Received > 0 {
		d.empty = 0
	}
	d.burst = max(d.burst, d.empty)
	d.tiles = d.tiles.add(countsOf(d.t, s))
	d.ledger.Received += s.Ledger.Received
	d.ledger.Folded += s.Ledger.Folded
	d.ledger.Muted += s.Ledger.Muted
	var byRule uint64
	for _, r := range s.Muted {
		byRule += r.Events
	}
	if byRule != s.Ledger.Muted {
		d.t.Errorf("rules muted %d events, the ledger says %d", byRule, s.Ledger.Muted)
	}
	return nil
}

// checkpoint is what a kill at this moment would leave: the tiles delivered and this one.
func (d *drive) checkpoint(s *summaries.Summary) {
	checkFrame(d.t, s, d.a.cfg.FrameSize)
	if s.FirstSeq != d.numbers.tiled+1 || s.Seq != d.numbers.seq+1 || !s.Window.Tile || s.Window.EndReason != summaries.Recovered {
		d.t.Errorf("a checkpoint of numbers %d to %d, %+v; the last tile was %d, the last summary %d",
			s.FirstSeq, s.Seq, s.Window, d.numbers.tiled, d.numbers.seq)
	}
	d.cuts = append(d.cuts, d.tiles.add(countsOf(d.t, s)))
}

// check holds what left against what was taken.
func (d *drive) check() {
	d.t.Helper()
	if got := d.tiles.total(); got != uint64(len(d.stream)) {
		d.t.Errorf("tiles count %d events, want %d", got, len(d.stream))
	}
	if l := d.ledger; l.Received != d.received || l.Muted != d.muted {
		d.t.Errorf("%d received and %d muted, want %d and %d", l.Received, l.Muted, d.received, d.muted)
	}
	// Events are folded in the order of the stream, so every cut is a beginning of it.
	prefix, n := counts{}, 0
	for i, cut := range append(d.cuts, d.tiles) {
		total := int(cut.total())
		if total < n || total > len(d.stream) {
			d.t.Fatalf("cut %d holds %d events, the one before %d, of %d", i, total, n, len(d.stream))
		}
		for ; n < total; n++ {
			prefix[d.stream[n]]++
		}
		for pid, want := range prefix {
			if cut[pid] != want {
				d.t.Fatalf("cut %d of %d events: process %d has %d, want %d", i, total, pid, cut[pid], want)
			}
		}
	}
	if d.burst > 1 {
		d.t.Errorf("a burst of %d empty tiles", d.burst)
	}
}
