package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"summarizer/aggregator"
	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
	"summarizer/summaries/store"
	"summarizer/summaries/transport"
	"summarizer/summaries/transport/spool"
)

// flood is a source that brings a batch a second, of paths that were never seen before, by
// processes of which each lives for a few of them.
type flood struct {
	batch []esbridge.Event
	procs []esbridge.Process

	mu    sync.Mutex // guards what follows
	given uint64     // events
	over  bool       // it brings nothing more
}

func newFlood(events int) *flood {
	return &flood{batch: make([]esbridge.Event, events), procs: make([]esbridge.Process, 16)}
}

func (f *flood) Info() esbridge.Info { return esbridge.Info{Name: "flood", Live: true} }

func (f *flood) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			if err := deliver(f.next(n, now.UnixNano())); err != nil {
				return err
			}
		}
	}
}

func (f *flood) next(n int, now int64) *esbridge.Batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return &esbridge.Batch{Now: now}
	}
	for i := range f.procs {
		f.procs[i] = esbridge.Process{PID: int32(1 + n/3*len(f.procs) + i), Start: int64(n / 3), Executable: fmt.Appendf(nil, "/tmp/flood-%d", i%3), Origin: []byte("user:1000")}
	}
	for i := range f.batch {
		f.batch[i] = esbridge.Event{
			Process: &f.procs[i%len(f.procs)], Kind: esbridge.Write, Count: uint64(1 + i%5), First: now, Last: now, Arrival: now,
			Path: fmt.Appendf(f.batch[i].Path[:0], "/tmp/arena/%d/%d-%d", i%40, n, i),
		}
		f.given += f.batch[i].Count
	}
	return &esbridge.Batch{Events: f.batch, Now: now}
}

func (f *flood) stop() (given uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	return f.given
}

// night is an agent without a host, in a bubble where ten thousand seconds pass in one or two
// minutes: spool, aggregator and sender as the agent verb wires them.
type night struct {
	t     *testing.T
	ring  *spool.Ring
	flood *flood
	w     *collector
	key   sketch.Key
}

func newNight(t *testing.T, path string) *night {
	n := &night{t: t, key: sketch.Key{3}, flood: newFlood(300)}
	var err error
	if n.ring, err = spool.Open(path, spool.Config{FrameSize: summaries.MinFrameSize, Key: &n.key}); err != nil {
		t.Fatal(err)
	}
	n.w = &collector{log: zerolog.New(os.Stderr), source: &pulse{Source: n.flood}, ring: n.ring, spooled: true, registry: newRegistry()}
	n.w.counters = newCounters(n.w.registry)
	n.w.agg, err = aggregator.New(aggregator.Config{
		Window: time.Second, FrameSize: summaries.MinFrameSize, Key: n.key,
		Limits:  summaries.Limits{Origins: 8, Programs: 16, Processes: 64, Paths: 512, PathBytes: 512 * 192},
		Machine: summaries.Machine{ID: "machine", Boot: "boot/" + n.ring.Session()}, LastSeq: n.ring.LastSeq(),
		Checkpoint: func(s *summaries.Summary) { _ = n.ring.Checkpoint(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if n.w.sender, err = transport.NewSender(transport.SenderConfig{FrameSize: summaries.MinFrameSize, Ring: n.ring, Key: &n.key}); err != nil {
		t.Fatal(err)
	}
	return n
}

// heapInUse is what is alive.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first finalized
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestNightWithoutHost leaves an agent under a flood without a host for ten thousand windows
// (400 of them under the race detector). Then a host comes: its store has what was
// folded, in no more windows than the ring has slots, and neither the agent's memory nor the
// spool has grown.
func TestNightWithoutHost(t *testing.T) {
	windows := 10_000
	if raceDetector {
		windows = 400
	}
	dir := shortDir(t)
	path, history := filepath.Join(dir, "spool"), filepath.Join(dir, "h.db")
	synctest.Test(t, func(t *testing.T) {
		n := newNight(t, path)
		before := sizeOf(t, path)
		ctx, stop := context.WithCancel(t.Context())
		inside := transport.NewInside()
		ended := make(chan error, 1)
		go func() { ended <- n.w.collect(ctx, inside, time.Minute) }()

		warm := windows / 4
		time.Sleep(time.Duration(warm)*time.Second + time.Second/2)
		synctest.Wait()
		early := heapInUse()
		time.Sleep(time.Duration(windows-warm) * time.Second)
		synctest.Wait()
		late, given := heapInUse(), n.flood.stop()
		time.Sleep(2 * time.Second) // until the last events are in a tile
		synctest.Wait()
		if after := sizeOf(t, path); after != before {
			t.Errorf("the spool grew from %d to %d bytes", before, after)
		}
		t.Logf("%d bytes of heap after %d windows, %d after %d, of %d events", early, warm, late, windows, given)
		if late > early+64<<10 {
			t.Errorf("the heap grew from %d to %d bytes", early, late)
		}
		if st := n.ring.Stats(); st.Waiting > spool.DefaultSlots || st.Put < uint64(windows) || st.Merges+uint64(st.Waiting) != st.Put {
			t.Errorf("after %d windows: %+v", windows, st)
		}
		n.host(inside, history)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// host takes all there is, and checks it.
func (n *night) host(inside *transport.Inside, history string) {
	t := n.t
	st, err := store.Open(history, store.Config{Key: &n.key})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	k := &keeper{log: zerolog.New(os.Stderr), store: st}
	receiver := transport.NewReceiver(transport.ReceiverConfig{Dial: inside.Dial, Handle: func(s *summaries.Summary, frame []byte) error {
		return k.ingest(t.Context(), s, frame)
	}})
	ctx, leave := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = receiver.Run(ctx) }) // ends with its context alone
	frames := receiver.Stats().Frames
	for n.ring.Stats().Waiting > 0 { // windows without events go on beside it
		time.Sleep(50 * time.Millisecond)
	}
	frames = receiver.Stats().Frames - frames
	leave()
	running.Wait()
	if frames > spool.DefaultSlots+1 {
		t.Errorf("%d frames arrived from a ring of %d", frames, spool.DefaultSlots)
	}
	total, err := st.Totals(t.Context(), store.Query{Range: store.Range{From: 0, To: time.Now().Add(time.Hour).UnixNano()}})
	if err != nil {
		t.Fatal(err)
	}
	if given := n.flood.stop(); total.Events != given || total.Ledger.Received != given || total.Ledger.Folded != given {
		t.Errorf("%d events in the store, %d received and %d folded of %d", total.Events, total.Ledger.Received, total.Ledger.Folded, given)
	}
	gaps, err := st.Gaps(t.Context(), everything(), 0)
	if err != nil || len(gaps) > 0 {
		t.Errorf("gaps %v, %v", gaps, err)
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
