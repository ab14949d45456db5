package endpointsecurity

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity/simulator"
)

// collectorTransport is a Collector that nobody has to stop.
type collectorTransport struct{ *Collector }

func (collectorTransport) Stop(rest func()) error { rest(); return nil }

// drained is what a source makes of a Collector.
type drained struct {
	*Collector
	source *Source
	t      testing.TB
	books  map[string]uint64 // events by all that coalescing may not mix
	tally  esbridge.Tally
	kinds  [esbridge.NumKinds]uint64
	noPath uint64
}

func newDrained(t testing.TB, c Config) *drained {
	d := &drained{Collector: NewCollector(c), source: NewSource(c, nil), t: t, books: map[string]uint64{}}
	d.source.out.to = func(b *esbridge.Batch) error { d.add(b); return nil }
	return d
}

func (d *drained) add(b *esbridge.Batch) {
	d.tally.Add(&b.Tally)
	for i := range b.Events {
		e := &b.Events[i]
		d.kinds[e.Kind] += e.Count
		if len(e.Path) == 0 {
			d.noPath += e.Count
		}
		p := e.Process
		d.books[fmt.Sprintf("%v %q from %q by %d.%d of %d for %d euid %d since %d %q %x %q %q %q", e.Kind, e.Path, e.SourcePath,
			p.PID, p.Version, p.PPID, p.ResponsiblePID, p.EUID, p.Start, p.Executable, p.CDHash, p.SigningID, p.TeamID, p.Origin)] += e.Count
	}
}

func (d *drained) drain() {
	d.t.Helper()
	if err := d.source.drain(collectorTransport{d.Collector}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *drained) events() (n uint64) {
	for _, k := range d.kinds {
		n += k
	}
	return n + d.tally.QueueDropped
}

func (d *drained) handle(lane Lane, m *simulator.Message) {
	image := m.Image()
	d.Handle(lane, Arena{Base: base, Bytes: image.At(base)}, base)
}

// TestCollectorAgreesWithDecoder: random messages of every kind and version, spoilt ones and ones
// that the kernel drops among them, make the same events and counts, whenever they are drained.
func TestCollectorAgreesWithDecoder(t *testing.T) {
	rng := newRand(t)
	for version := uint32(simulator.FirstVersion); version <= simulator.LastVersion; version++ {
		d := newDrained(t, Config{Slots: [2]int{1 << 14, 1 << 14}})
		want := newDrained(t, Config{})
		for lane, types := range [...][]uint32{append(FileEvents(), 10), LifecycleEvents()} {
			decoder, seq, global := NewDecoder(), map[uint32]uint64{}, uint64(0)
			for range 400 {
				m := simulator.Random(rng, version, types)
				if rng.IntN(4) == 0 {
					simulator.Spoil(rng, m)
				}
				m.Seq, m.Global = seq[m.Type], global
				seq[m.Type]++
				global++
				if rng.IntN(20) == 0 {
					continue // dropped
				}
				image := m.Image()
				decoder.Add(Arena{Base: base, Bytes: image.At(base)}, base, 0)
				want.add(decoder.Batch(0))
				if d.handle(Lane(lane), m); rng.IntN(50) == 0 {
					d.drain()
				}
			}
		}
		d.drain()
		if !maps.Equal(d.books, want.books) || d.tally != want.tally {
			t.Fatalf("version %d: %d events of %d sorts, want %d of %d\ntally %+v, want %+v", version,
				d.events(), len(d.books), want.events(), len(want.books), d.tally, want.tally)
		}
	}
}

func write(pid, file int) *simulator.Message {
	m := simulator.Random(rand.New(rand.NewPCG(1, 1)), 9, []uint32{33})
	m.Denied, m.Process.PID, m.Process.Version = false, int32(pid), 1
	m.Target.Inode, m.Target.Path = uint64(file), simulator.Text(fmt.Sprintf("/private/tmp/%d", file))
	return m
}

// TestCollectorRaises: a record that was raised has the least and the greatest time, though the
// clock is set back, and the first and the last size.
func TestCollectorRaises(t *testing.T) {
	d := newDrained(t, Config{})
	var got []string
	d.source.out.to = func(b *esbridge.Batch) error {
		for _, e := range b.Events {
			got = append(got, fmt.Sprint(e.Count, " ", e.First%1000, "–", e.Last%1000, " size ", e.Size))
		}
		return nil
	}
	for i, nsec := range []int64{20, 10, 30, 25} {
		m := write(1, 1)
		m.Sec, m.Nsec, m.Target.Size = 1, nsec, int64(100+i)
		d.handle(Files, m)
	}
	d.drain()
	if want := []string{"1 10–10 size 100", "3 10–30 size 103"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCollectorSmall: with rings and tables that are too small, drained never or with the
// smallest buffer, every event is counted once, and a quiet process keeps its path while another
// floods.
func TestCollectorSmall(t *testing.T) {
	d := newDrained(t, Config{RingBytes: [2]int{256 << 10, 256 << 10}, Slots: [2]int{16, 16}})
	const each = 4000
	before := cap(d.lanes[Files].in)
	for round := range 3 {
		for i := range each {
			d.handle(Files, write(1, i))
		}
		d.handle(Files, write(2, 7))
		for pid := range 40 {
			d.handle(Files, write(100+pid, 1))
		}
		d.drain()
		if got := d.events(); got != uint64((round+1)*(each+1+40)) {
			t.Fatalf("round %d: %d events", round, got)
		}
	}
	c := d.Counters(Files)
	if c.Lost[esbridge.Write] == 0 || c.Unattributed[esbridge.Write] == 0 || d.tally.QueueDropped != c.Unattributed[esbridge.Write] {
		t.Errorf("nothing was too small: %+v", c)
	}
	quiet := slices.ContainsFunc(slices.Collect(maps.Keys(d.books)), func(k string) bool {
		return bytes.Contains([]byte(k), []byte(`"/private/tmp/7" from "" by 2.1`)) && d.books[k] == 3
	})
	if !quiet || d.noPath != c.Lost[esbridge.Write] {
		t.Errorf("the quiet process lost its path, or %d events without path are not the lost %d", d.noPath, c.Lost[esbridge.Write])
	}
	if after := cap(d.lanes[Files].in); after != before || cap(d.lanes[Files].outBase) != before {
		t.Errorf("buffers of %d bytes have %d now", before, after)
	}
}

// TestCollectorCoalesces: a million equal events are one record, and the last tells its size.
func TestCollectorCoalesces(t *testing.T) {
	d := newDrained(t, Config{})
	image := write(1, 1).Image()
	var arena Memory = Arena{Base: base, Bytes: image.At(base)}
	d.Handle(Files, arena, base)
	if n := testing.AllocsPerRun(1000, func() { d.Handle(Files, arena, base) }); n != 0 {
		t.Errorf("%v allocations for an event", n)
	}
	waiting := d.Counters(Files).RingPeak
	d.drain()
	if d.kinds[esbridge.Write] != 1002 || len(d.books) != 1 || waiting > 512 || d.Counters(Files).Coalesced != 1001 {
		t.Errorf("%d events of %d sorts in %d bytes", d.kinds[esbridge.Write], len(d.books), waiting)
	}
}

// TestCollectorHandOver: no event is lost while handlers and consumer are at it together.
func TestCollectorHandOver(t *testing.T) {
	d := newDrained(t, Config{RingBytes: [2]int{256 << 10, 256 << 10}})
	const each = 3000
	var handlers sync.WaitGroup
	for lane, kind := range [...]uint32{33, 15} {
		handlers.Go(func() {
			for i := range each {
				m := write(1+i%3, i%700)
				m.Type = kind
				d.handle(Lane(lane), m)
			}
		})
	}
	done := make(chan struct{})
	go func() { handlers.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		d.drain()
	}
	d.drain()
	if d.events() != each || d.tally.Lifecycle[esbridge.Exit] != each {
		t.Errorf("%d events and %d exits, want %d of each", d.events(), d.tally.Lifecycle[esbridge.Exit], each)
	}
}

// BenchmarkCollector is what an event costs in the handler, without the way into Go.
func BenchmarkCollector(b *testing.B) {
	for name, files := range map[string]int{"one-file": 1, "files-4096": 4096} {
		b.Run(name, func(b *testing.B) {
			d := newDrained(b, Config{})
			var arenas []Memory
			for i := range files {
				image := write(1, i).Image()
				arenas = append(arenas, Arena{Base: base, Bytes: image.At(base)})
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				d.Handle(Files, arenas[i%files], base)
				i++
			}
		})
	}
}

// TestCollectorCollision: two events of one hash are not taken for each other, though nothing but
// the inode tells their files apart.
func TestCollectorCollision(t *testing.T) {
	d := newDrained(t, Config{})
	one, two := write(1, 1), write(1, 2)
	two.Target.Path = one.Target.Path
	d.handle(Files, one)
	d.handle(Files, two)
	recent := d.lanes[Files].recent
	var hashes []uint64
	for h := range recent {
		hashes = append(hashes, h)
	}
	recent[hashes[0]], recent[hashes[1]] = recent[hashes[1]], recent[hashes[0]]
	d.handle(Files, one)
	if c := d.Counters(Files); c.Coalesced != 0 {
		t.Errorf("%+v", c)
	}
	if d.drain(); d.kinds[esbridge.Write] != 3 {
		t.Errorf("%d events", d.kinds[esbridge.Write])
	}
}
