package spool

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"testing"

	"summarizer/summaries"
)

var crashSeeds = flag.Int("crashseeds", 4, "random operation sequences, each crashed at every write and sync")

// TestCrashAnywhere runs random operations, crashes them at every write and every sync, by
// SIGKILL and by power loss, and goes on with what the file then holds. A host that takes each
// range of numbers once must end up with every tile that was put exactly once.
func TestCrashAnywhere(t *testing.T) {
	seeds := uint64(*crashSeeds)
	if raceDetector {
		seeds = 1
	}
	for seed := range seeds {
		steps := newLife(t, seed, 0, false).run()
		for at := 1; at <= steps; at++ {
			for _, power := range []bool{false, true} {
				newLife(t, seed, at, power).run()
			}
		}
	}
}

// unit is what was put by one call, or recovered: the smallest thing a host can see.
type unit struct{ first, last, events uint64 }

// life is a sequence of operations on one spool, with an exact model of it.
type life struct {
	t       *testing.T
	rng     *rand.Rand
	seed    uint64
	at      int // the step of each incarnation that crashes
	power   bool
	file    *faultyFile
	ring    *Ring
	cfg     Config
	steps   int
	crashes int

	units   []unit // that must arrive
	trying  *unit  // the Put that was cut off
	open    []unit // checkpoints of the open window, oldest first
	cut     bool   // the last of these was cut off
	closing bool   // Close was begun, and the Open after it is not done
	host    host
	sent    uint64 // what the host was given and did not acknowledge
	last    uint64 // number taken
}

func newLife(t *testing.T, seed uint64, at int, power bool) *life {
	l := &life{t: t, seed: seed, at: at, power: power, rng: rand.New(rand.NewPCG(seed, uint64(at))), host: host{t: t}}
	l.cfg = testConfig(2 + int(seed%3))
	geo := l.cfg.geometry()
	f := newFaulty(make([]byte, geo.size()))
	v := newVolume(f, geo, newState())
	for range numHeads {
		if err := v.writeHead(false); err != nil {
			t.Fatal(err)
		}
	}
	l.boot(f.durable)
	return l
}

func (l *life) fatalf(format string, args ...any) {
	l.t.Helper()
	l.t.Fatalf("seed %d, crash at step %d, power %v: "+format, append([]any{l.seed, l.at, l.power}, args...)...)
}

// run does the operations and returns how many writes and syncs that took.
func (l *life) run() int {
	script := rand.New(rand.NewPCG(l.seed, 99)) // the same whatever crashes
	for range 40 {
		op := script.IntN(20)
		l.do(op)
		if l.file.crashed() {
			l.crash()
		}
	}
	for l.file.crashAt = 0; l.deliver(true); {
		l.acknowledge()
	}
	l.host.check(l)
	return l.steps + l.file.steps
}

func (l *life) do(op int) {
	switch {
	case op < 8:
		l.put()
	case op < 12:
		l.checkpoint()
	case op < 15:
		l.deliver(l.rng.IntN(4) > 0)
	case op < 18:
		l.acknowledge()
	case op < 19:
		l.restart()
	default:
		l.kill()
	}
}

func (l *life) put() {
	u := unit{first: l.ring.LastSeq() + 1}
	u.last = u.first + l.rng.Uint64N(3)
	u.events = eventsOf(u.first) * 1000
	l.trying = &u
	free := l.ring.free // whichever is used first must be right
	l.rng.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	if err := l.ring.Put(newTile(u.first, u.last, u.events)); err != nil {
		l.fatalf("%v", err)
	}
	if !l.file.crashed() {
		l.units, l.trying, l.open, l.cut = append(l.units, u), nil, nil, false
		l.last = u.last
		checkSlots(l.t, l.ring)
	}
}

func (l *life) checkpoint() {
	u := unit{first: l.ring.LastSeq() + 1}
	u.last = u.first + l.rng.Uint64N(2)
	u.events = eventsOf(u.first)*1000 - 900 + uint64(len(l.open))
	l.open = append(l.open, u)
	if err := l.ring.Checkpoint(newTile(u.first, u.last, u.events)); err != nil {
		l.fatalf("%v", err)
	}
	l.cut = l.file.crashed()
}

// deliver takes the oldest tile. The host sees it, unless the connection breaks.
func (l *life) deliver(arrives bool) bool {
	frame, seq, ok := l.ring.Next(nil)
	if !ok || l.file.crashed() {
		return false
	}
	if arrives {
		l.sent = seq
		l.host.take(l, frame)
	}
	return true
}

func (l *life) acknowledge() {
	if l.sent > 0 {
		l.ring.Ack(l.sent)
		l.sent = 0
	}
}

func (l *life) restart() {
	before := l.ring.LastSeq()
	err := l.ring.Close()
	l.closing = true
	if l.file.crashed() {
		return
	}
	if err != nil {
		l.fatalf("closing: %v", err)
	}
	switch {
	case !l.boot(l.file.current):
	case len(l.open) > 0:
		l.recovered()
	case l.ring.LastSeq() != before:
		l.fatalf("number %d after a clean restart at %d", l.ring.LastSeq(), before)
	}
	l.closing = false
}

// kill ends the agent between two operations.
func (l *life) kill() {
	l.file.crashAt = l.file.steps
	l.crash()
}

func (l *life) crash() {
	l.crashes++
	content := l.file.afterKill
	if l.power {
		content = l.file.afterPowerLoss
	}
	if l.boot(content(l.rng)) {
		l.recovered()
		// A crash in Close may come after the clean marker, and one in the Open after it before
		// that is taken off: neither loses anything.
		if n := l.ring.LastSeq(); n < l.last || n == l.last && !l.closing {
			l.fatalf("no number was skipped after %d", l.last)
		}
		l.closing = false
	}
}

// boot opens what a file holds. It is false if that crashed, and everything that follows from it
// was done.
func (l *life) boot(content []byte) bool {
	if l.file != nil {
		l.steps += l.file.steps
	}
	l.sent = 0
	l.file = newFaulty(content)
	if l.at > l.steps {
		l.file.crashAt = l.at - l.steps
	}
	ring, err := recoverRing(l.file, int64(len(content)), l.cfg)
	if err != nil && l.file.crashed() {
		l.crash()
		return false
	}
	if err != nil {
		l.fatalf("opening: %v", err)
	}
	l.ring = ring
	checkSlots(l.t, ring)
	return true
}

// recovered finds out what became of the Put that was cut off, and of the open window.
func (l *life) recovered() {
	got := l.openWindow()
	var may []unit
	if l.trying != nil {
		may = append(may, *l.trying)
	}
	if n := len(l.open); n > 0 && !l.power {
		may = append(may, l.open[max(0, n-2):]...)
		if !l.cut {
			may = append(may[:len(may)-min(n, 2)], l.open[n-1])
		}
	} else {
		may = append(may, l.open...)
	}
	found := got.events == 0 && (l.power || len(may) == 0 || len(l.open) == 0 || l.cut && len(l.open) == 1)
	for _, u := range may {
		found = found || u.last == got.last && u.events == got.events
	}
	if !found {
		l.fatalf("recovered %+v, which is none of %+v", got, may)
	}
	if got.events > 0 {
		l.units = append(l.units, got)
		l.last = got.last
	}
	l.trying, l.open, l.cut = nil, nil, false
}

// openWindow is what the ring holds beyond the units that were put for sure.
func (l *life) openWindow() (got unit) {
	after := uint64(0)
	if n := len(l.units); n > 0 {
		after = l.units[n-1].last
	}
	for i := range l.ring.tiles {
		s, err := l.ring.summary(&l.ring.tiles[i])
		if err != nil {
			l.fatalf("%v", err)
		}
		if s.Seq > after {
			got.first, got.last, got.events = max(s.FirstSeq, after+1), s.Seq, got.events+s.Events
			for _, u := range l.units {
				if u.first >= s.FirstSeq && u.last <= s.Seq {
					got.events -= u.events
				}
			}
		}
	}
	return got
}

// host takes each range of numbers once, as a store does.
type host struct {
	t      *testing.T
	frames [][]byte
	tiles  []*summaries.Summary
}

func (h *host) take(l *life, frame []byte) {
	s, err := summaries.DecodeFrame(frame)
	if err != nil {
		l.fatalf("%v", err)
	}
	for i, have := range h.tiles {
		if have.FirstSeq == s.FirstSeq && have.Seq == s.Seq {
			if !bytes.Equal(h.frames[i], frame) {
				l.fatalf("tile %d-%d came again with other bytes", s.FirstSeq, s.Seq)
			}
			return
		}
		if have.FirstSeq <= s.Seq && s.FirstSeq <= have.Seq {
			l.fatalf("tiles %d-%d and %d-%d count the same twice", have.FirstSeq, have.Seq, s.FirstSeq, s.Seq)
		}
	}
	h.frames, h.tiles = append(h.frames, frame), append(h.tiles, s)
}

// check holds what arrived against what was put.
func (h *host) check(l *life) {
	covered := 0
	for _, s := range h.tiles {
		var events uint64
		for _, u := range l.units {
			if u.first >= s.FirstSeq && u.last <= s.Seq {
				events += u.events
				covered++
			}
		}
		if events != s.Events {
			l.fatalf("tile %d-%d has %d events, not %d; put were %+v", s.FirstSeq, s.Seq, s.Events, events, l.units)
		}
	}
	if covered != len(l.units) {
		l.fatalf("%d of %d tiles arrived; put were %+v, there are %s", covered, len(l.units), l.units, ranges(h.tiles))
	}
}
