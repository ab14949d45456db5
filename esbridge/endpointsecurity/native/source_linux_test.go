package native

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/esbridge/endpointsecurity/simulator"
)

var seedFlag = flag.Uint64("seed", 0, "repeat the random messages of this seed")

func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 2))
}

// books are what events add up to: how many there were of each kind, process and path.
type books map[string]uint64

// record counts e under all that coalescing may not mix.
func (b books) record(e *esbridge.Event) {
	p := e.Process
	b[fmt.Sprintf("%v %q from %q by %d.%d of %d for %d euid %d since %d %q %x %q %q %q", e.Kind, e.Path, e.SourcePath,
		p.PID, p.Version, p.PPID, p.ResponsiblePID, p.EUID, p.Start, p.Executable, p.CDHash, p.SigningID, p.TeamID, p.Origin)] += e.Count
}

func compareBooks(t *testing.T, got, want books) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Fatalf("%d of %s, want %d", got[key], key, want[key])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d different events, want %d", len(got), len(want))
	}
}

// decodeAll is what the decoder makes of the messages that a client is sent.
func decodeAll(script []*simulator.Message, dropped func(int) bool, subscribed []uint32, want books, tally *esbridge.Tally) {
	decodeEach(script, dropped, subscribed, func(b *esbridge.Batch) {
		for i := range b.Events {
			want.record(&b.Events[i])
		}
	}, tally)
}

// decodeEach hands over what the decoder makes of each of the messages that a client is sent.
func decodeEach(script []*simulator.Message, dropped func(int) bool, subscribed []uint32, take func(*esbridge.Batch), tally *esbridge.Tally) {
	d := endpointsecurity.NewDecoder()
	seq, global := map[uint32]uint64{}, uint64(0)
	for i, m := range script {
		if !slices.Contains(subscribed, m.Type) {
			continue
		}
		m.Seq, m.Global = seq[m.Type], global
		seq[m.Type]++
		global++
		if dropped(i) {
			continue
		}
		image := m.Image()
		d.Add(endpointsecurity.Arena{Base: 1 << 40, Bytes: image.At(1 << 40)}, 1<<40, 0)
		b := d.Batch(0)
		take(b)
		tally.Add(&b.Tally)
	}
}

// A run is a source that runs against the simulator, and what it delivered.
type run struct {
	t       testing.TB
	source  *endpointsecurity.Source
	cancel  context.CancelFunc
	done    chan error
	deliver func(*esbridge.Batch) // if not nil, called first
	tally   esbridge.Tally
	kinds   [esbridge.NumKinds]uint64
	noPath  uint64
	batches int
}

func startRunOf(t testing.TB, source *endpointsecurity.Source, deliver func(*esbridge.Batch)) *run {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{t: t, source: source, cancel: cancel, done: make(chan error, 1), deliver: deliver}
	started := make(chan struct{})
	go func() {
		err := errors.New("a batch ended the test")
		defer func() { r.done <- err }()
		err = r.source.Run(ctx, func(b *esbridge.Batch) error {
			r.add(b)
			if r.batches == 1 {
				close(started)
			}
			return nil
		})
	}()
	select {
	case <-started:
	case err := <-r.done:
		t.Fatal(err)
	}
	return r
}

func (r *run) add(b *esbridge.Batch) {
	if r.deliver != nil {
		r.deliver(b)
	}
	r.batches++
	r.tally.Add(&b.Tally)
	for i := range b.Events {
		r.kinds[b.Events[i].Kind] += b.Events[i].Count
		if len(b.Events[i].Path) == 0 {
			r.noPath += b.Events[i].Count
		}
	}
}

// end ends the source and returns when it has delivered everything.
func (r *run) end() {
	r.t.Helper()
	r.cancel()
	if err := <-r.done; err != nil {
		r.t.Error(err)
	}
}

func (r *run) events() (n uint64) {
	for _, k := range r.kinds {
		n += k
	}
	return n
}
