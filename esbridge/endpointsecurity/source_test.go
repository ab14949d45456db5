package endpointsecurity

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/esbridge"
)

// fakeTransport hands out the chunks of the file lane, one at each drain, and counts.
type fakeTransport struct {
	chunks   [][]byte
	counters [NumLanes]Counters
	stopErr  error
	stopped  bool
	freed    bool
	atStop   func()
}

func (f *fakeTransport) Drain(lane Lane, buf []byte) int {
	if f.freed {
		panic("drained after it was freed")
	}
	if lane != Files || len(f.chunks) == 0 {
		return 0
	}
	n := copy(buf, f.chunks[0])
	f.chunks = f.chunks[1:]
	return n
}

func (f *fakeTransport) Counters(lane Lane) Counters { return f.counters[lane] }

func (f *fakeTransport) Stop(rest func()) error {
	f.stopped = true
	if f.atStop != nil {
		f.atStop()
	}
	rest()
	f.freed = true
	return f.stopErr
}

func runFake(ctx context.Context, f *fakeTransport, deliver func(*esbridge.Batch) error) error {
	return NewSource(Config{}, func() (Transport, error) { return f, nil }).Run(ctx, deliver)
}

// TestSourceIdle: a source says at once that it is there, and time passes although nothing comes.
func TestSourceIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		start, last, batches := time.Now(), time.Time{}, 0
		err := runFake(ctx, &fakeTransport{}, func(b *esbridge.Batch) error {
			now := time.Unix(0, b.Now)
			if batches++; batches == 1 && !now.Equal(start) || batches > 1 && now.Sub(last) > time.Second {
				t.Errorf("batch %d came at %v, the one before at %v", batches, now, last)
			}
			if len(b.Events) > 0 || b.Tally != (esbridge.Tally{}) {
				t.Errorf("a batch of nothing holds %+v", b)
			}
			last = now
			return nil
		})
		if err != nil || batches < 10 || batches > 100 {
			t.Errorf("%d batches, error %v", batches, err)
		}
	})
}

// TestSourceDelivers: what comes is delivered within a moment, and what came last when it ends.
func TestSourceDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		f := &fakeTransport{chunks: [][]byte{slices.Concat(processRecord(3, 7), eventRecord(3, 1, "/a", "", 5))}}
		f.atStop = func() {
			f.chunks = [][]byte{eventRecord(3, 1, "/b", "", 6)}
			f.counters[Files].Ignored = 7
			f.counters[Life].Unattributed[numKinds-1] = 8
		}
		start, n := time.Now(), uint64(0)
		var tally esbridge.Tally
		err := runFake(ctx, f, func(b *esbridge.Batch) error {
			tally.Add(&b.Tally)
			for _, e := range b.Events {
				if n += e.Count; n == 5 {
					if late := time.Since(start); late > 100*time.Millisecond {
						t.Errorf("an event waited %v", late)
					}
					cancel()
				}
			}
			return nil
		})
		if err != nil || n != 11 || !f.stopped || tally.Ignored != 7 || tally.Lifecycle[esbridge.Exit] != 8 {
			t.Errorf("%d events, error %v, tally %+v", n, err, tally)
		}
	})
}

// floodTransport has as many events of a file as anybody drains, and a step of a process at
// every drain of the other lane.
type floodTransport struct {
	fakeTransport
	records []byte // that fill a buffer
	left    int    // buffers, once it is stopped
	drains  [NumLanes]int
}

func (f *floodTransport) Drain(lane Lane, buf []byte) int {
	f.drains[lane]++
	switch {
	case lane == Life:
		return copy(buf, slices.Concat(processRecord(3, 7), eventRecord(3, byte(esbridge.NumKinds), "", "", 1)))
	case f.stopped && f.left == 0:
		return 0
	case f.stopped:
		f.left--
	}
	return copy(buf, f.records)
}

// TestSourceFlood: a flood that comes as fast as it is drained keeps neither the steps of
// processes waiting nor the end of the source, which leaves nothing of what can wait.
func TestSourceFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		f := &floodTransport{records: processRecord(3, 7)}
		perBuffer := uint64(0)
		for ; len(f.records) < DrainBytes-1024; perBuffer++ {
			f.records = append(f.records, eventRecord(3, 1, "/a", "", 1)...)
		}
		f.atStop = func() { f.left = 1 + (4<<20+2*4096*recLostSize)/DrainBytes }
		events, execs, batches := uint64(0), uint64(0), 0
		err := NewSource(Config{}, func() (Transport, error) { return f, nil }).Run(ctx, func(b *esbridge.Batch) error {
			for i := range b.Events {
				events += b.Events[i].Count
			}
			if execs += b.Tally.Lifecycle[esbridge.Exec]; execs == 3 {
				cancel()
			}
			if batches++; batches > 10_000 {
				return errors.New("it drains one lane for ever")
			}
			return nil
		})
		if err != nil || f.left != 0 || execs < 3 || events%perBuffer != 0 {
			t.Errorf("error %v; %d buffers left, %d execs, %d events", err, f.left, execs, events)
		}
	})
}

// TestSourceAccounts: what a lane has counted goes to the tally once.
func TestSourceAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		f := &fakeTransport{}
		var total esbridge.Tally
		s := NewSource(Config{}, func() (Transport, error) { return f, nil })
		batches := 0
		err := s.Run(ctx, func(b *esbridge.Batch) error {
			total.Add(&b.Tally)
			for lane := range f.counters {
				c := &f.counters[lane]
				c.Received, c.Ignored, c.KernelDropped = c.Received+1, c.Ignored+2, c.KernelDropped+3
				c.Malformed[esbridge.BadField] += 4
				c.Unattributed[esbridge.Write] += 5
				c.Unattributed[numKinds-2] += 6
				c.Lost[esbridge.Write] += 7 // comes as events
			}
			if batches++; batches == 50 {
				cancel()
			}
			return nil
		})
		n := uint64(batches-1) * NumLanes
		want := esbridge.Tally{Ignored: 2 * n, KernelDropped: 3 * n, QueueDropped: 5 * n}
		want.Malformed[esbridge.BadField] = 4 * n
		want.Lifecycle[esbridge.Fork] = 6 * n
		if err != nil || total != want {
			t.Errorf("error %v, tally %+v, want %+v", err, total, want)
		}
		if got := s.Stats(Files); got.Lost[esbridge.Write] != 7*n/NumLanes {
			t.Errorf("statistics %+v", got)
		}
	})
}

// TestSourceErrors: an error of the transport, the records or deliver ends the source, and the
// transport is stopped.
func TestSourceErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		ignore := func(*esbridge.Batch) error { return nil }
		cannot := errors.New("cannot")
		if err := NewSource(Config{}, func() (Transport, error) { return nil, cannot }).Run(ctx, ignore); !errors.Is(err, cannot) {
			t.Errorf("open: error %v", err)
		}
		f := &fakeTransport{chunks: [][]byte{{1}}}
		if err := runFake(ctx, f, ignore); !errors.Is(err, errRecord) || !f.stopped {
			t.Errorf("records: error %v, %+v", err, f)
		}
		f = &fakeTransport{stopErr: cannot}
		done, cancel := context.WithCancel(ctx)
		cancel()
		if err := runFake(done, f, ignore); !errors.Is(err, cannot) || !f.stopped {
			t.Errorf("stop: error %v, %+v", err, f)
		}
		f = &fakeTransport{chunks: [][]byte{slices.Concat(processRecord(3, 7), eventRecord(3, 1, "/a", "", 5))}}
		calls := 0
		err := runFake(ctx, f, func(*esbridge.Batch) error {
			if calls++; calls > 1 {
				return cannot
			}
			return nil
		})
		if !errors.Is(err, cannot) || !f.stopped || calls != 2 {
			t.Errorf("deliver: error %v after %d calls", err, calls)
		}
	})
}
