package endpointsecurity

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity/simulator"
	"summarizer/esbridge/eslogger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var seedFlag = flag.Uint64("seed", 0, "repeat the random messages of this seed")

func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

const base = 0x7f0012340000

// judge decodes one message in an arena of its own.
func judge(t testing.TB, d *Decoder, im simulator.Image) verdict {
	t.Helper()
	return judgeBytes(t, d, im.At(base))
}

func judgeBytes(t testing.TB, d *Decoder, b []byte) verdict {
	t.Helper()
	d.Add(Arena{base, b}, base, 0)
	got := d.Batch(0)
	v := verdict{tally: tallied(&got.Tally)}
	if len(got.Events) > 0 {
		v.event = written(&got.Events[0])
	}
	if len(got.Events)+len(strings.Fields(v.tally)) != 1 {
		t.Fatalf("a message counted as %d events and %q: %s", len(got.Events), v.tally, hexed(b))
	}
	return v
}

// everyMessage yields messages of every type and version.
func everyMessage(rng *rand.Rand, each int, yield func(*simulator.Message)) {
	for version := uint32(simulator.FirstVersion); version <= simulator.LastVersion; version++ {
		for _, eventType := range simulator.Types() {
			for range each {
				yield(simulator.Random(rng, version, []uint32{eventType}))
			}
		}
	}
}

// TestEveryKindAndVersion: what comes of a message is what it was made of.
func TestEveryKindAndVersion(t *testing.T) {
	d := NewDecoder()
	seen := map[string]bool{}
	everyMessage(newRand(t), 40, func(m *simulator.Message) {
		want := expect(m)
		if got := judge(t, d, m.Image()); got != want {
			t.Fatalf("%s of version %d:\ngot  %+v\nwant %+v", eventNames[m.Type], m.Version, got, want)
		}
		seen[eventNames[m.Type]+strings.Fields(want.event + " " + want.tally)[0]] = true
	})
	// 18 file events, of which close has two kinds; all of them ignored when denied; open; three steps.
	if len(seen) != 19+18+1+2*3 {
		t.Errorf("%d kinds of outcome were seen: %v", len(seen), seen)
	}
}

// TestSameAsEslogger: a line of eslogger and the message it was written from make the same event.
func TestSameAsEslogger(t *testing.T) {
	var lines strings.Builder
	var messages []*simulator.Message
	everyMessage(newRand(t), 10, func(m *simulator.Message) {
		messages = append(messages, m)
		lines.WriteString(line(m) + "\n")
	})
	var want []string
	var tally esbridge.Tally
	r := eslogger.NewReader("script", strings.NewReader(lines.String()), false)
	err := r.Run(context.Background(), func(b *esbridge.Batch) error {
		for i := range b.Events {
			want = append(want, written(&b.Events[i]))
		}
		tally.Add(&b.Tally)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d := NewDecoder()
	var total esbridge.Tally
	for _, m := range messages {
		image := m.Image()
		d.Add(Arena{base, image.At(base)}, base, 0)
		b := d.Batch(0)
		total.Add(&b.Tally)
		if len(b.Events) == 0 {
			continue
		}
		if got := written(&b.Events[0]); len(want) == 0 || got != want[0] {
			t.Fatalf("got  %s\nwant %s\nof %s", got, want[:1], line(m))
		}
		want = want[1:]
	}
	if len(want) != 0 || total != tally {
		t.Errorf("%d events are missing; tally %+v, want %+v", len(want), total, tally)
	}
}

// TestBatches: messages may go when Add returns, and a batch stays what it is until the next.
func TestBatches(t *testing.T) {
	rng := newRand(t)
	d := NewDecoder()
	var want, got []string
	flush := func() {
		for _, e := range d.Batch(77).Events {
			e.Arrival = 0
			got = append(got, written(&e))
		}
	}
	for range 5000 {
		m := simulator.Random(rng, 9, FileEvents())
		if v := expect(m); v.event != "" {
			want = append(want, v.event)
		}
		b := m.Image().At(base)
		if d.Full() {
			flush()
		}
		d.Add(Arena{base, b}, base, 5)
		clear(b)
	}
	flush()
	if !slices.Equal(got, want) {
		t.Errorf("%d events, want %d, or others", len(got), len(want))
	}
	if b := d.Batch(78); len(b.Events) != 0 || b.Tally != (esbridge.Tally{}) {
		t.Errorf("a batch came twice: %+v", b)
	}
}

// TestLongest: the longest texts that are read fit into a batch whose Full was asked.
func TestLongest(t *testing.T) {
	d := NewDecoder()
	long := func(n int) simulator.String {
		return simulator.String{Bytes: append([]byte{'/'}, bytes.Repeat([]byte{'x'}, n-1)...)}
	}
	m := simulator.Random(newRand(t), 9, []uint32{25})
	m.Denied, m.Destination = false, 0
	m.Target.Path, m.Source.Path, m.Process.Executable.Path = long(maxPath), long(maxPath), long(maxPath)
	m.Process.SigningID, m.Process.TeamID = long(maxPath), long(maxPath)
	n := 0
	for i := range 40 {
		if d.Full() {
			n += len(d.Batch(0).Events)
		}
		m.Process.PID = int32(1 + i)
		d.Add(Arena{base, m.Image().At(base)}, base, 0)
	}
	if n += len(d.Batch(0).Events); n != 40 || cap(d.batch.arena) != arenaSize {
		t.Errorf("%d events of 40, and an arena of %d bytes", n, cap(d.batch.arena))
	}
}

// TestNoAllocations: once warm, no message costs an allocation.
func TestNoAllocations(t *testing.T) {
	d := NewDecoder()
	everyMessage(newRand(t), 1, func(m *simulator.Message) {
		var memory Memory = Arena{base, m.Image().At(base)}
		n := testing.AllocsPerRun(20, func() {
			if d.Full() {
				d.Batch(0)
			}
			d.Add(memory, base, 1)
		})
		if n != 0 {
			t.Errorf("%s of version %d: %v allocations", eventNames[m.Type], m.Version, n)
		}
	})
}

// TestOnStep: exec and fork tell of the process they made, exit of the one that ended.
func TestOnStep(t *testing.T) {
	d := NewDecoder()
	steps := 0
	var m *simulator.Message
	d.OnStep = func(s *Step) {
		steps++
		want := m.Subject
		if s.Lifecycle == esbridge.Exit {
			want = m.Process
		}
		if s.Lifecycle.String() != eventNames[m.Type] || s.Process.PID != want.PID || s.Token[5] != uint32(want.PID) || s.Token[7] != want.Version ||
			!bytes.Equal(s.Process.Executable, want.Executable.Path.Bytes) || !bytes.Equal(s.Process.TeamID, want.TeamID.Bytes) {
			t.Errorf("%s of %+v told as %+v of %+v", eventNames[m.Type], want, s, s.Process)
		}
	}
	rng := newRand(t)
	for range 100 {
		m = simulator.Random(rng, 9, LifecycleEvents())
		m.Denied = false
		judge(t, d, m.Image())
	}
	if steps != 100 {
		t.Errorf("%d steps told of 100", steps)
	}
}

// TestGaps: numbers that are missing show as drops of the kernel.
func TestGaps(t *testing.T) {
	d := NewDecoder()
	m := simulator.Random(newRand(t), 4, []uint32{33})
	m.Denied = false
	for _, step := range []struct{ seq, global, lost uint64 }{{2, 3, 3}, {3, 4, 0}, {5, 9, 4}} {
		m.Seq, m.Global = step.seq, step.global
		d.Add(Arena{base, m.Image().At(base)}, base, 0)
		if got := d.Batch(0).Tally.KernelDropped; got != step.lost {
			t.Errorf("message %d: %d dropped, want %d", step.global, got, step.lost)
		}
	}
	m.Version, m.Seq, m.Global = 3, 8, 1<<40 // no such field
	d.Add(Arena{base, m.Image().At(base)}, base, 0)
	if got := d.Batch(0).Tally.KernelDropped; got != 0 {
		t.Errorf("%d dropped by a message without global number", got)
	}
}

func BenchmarkDecoder(b *testing.B) {
	m := simulator.Random(rand.New(rand.NewPCG(1, 1)), 9, []uint32{33})
	m.Denied, m.Target.Path = false, simulator.Text("/Users/u/Library/Application Support/Editor/state.db")
	var memory Memory = Arena{base, m.Image().At(base)}
	d := NewDecoder()
	b.ReportAllocs()
	for b.Loop() {
		if d.Full() {
			d.Batch(0)
		}
		d.Add(memory, base, 1)
	}
}
