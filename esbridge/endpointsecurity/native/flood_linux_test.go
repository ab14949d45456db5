//go:build cgo

package native

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"runtime"
	"strconv"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
)

const write = 33

func sum[K comparable](m map[K]uint64) (n uint64) {
	for v := range maps.Values(m) {
		n += v
	}
	return n
}

// checkBooks: every message that the kernel had is in exactly one count.
func (r *run) checkBooks(f flood) {
	r.t.Helper()
	var delivered, dropped, execs, lost uint64
	for client := range endpointsecurity.NumLanes {
		k := readReport(client)
		delivered += sum(k.delivered)
		dropped += sum(k.dropped)
		execs += k.delivered[9]
	}
	files := r.source.Stats(endpointsecurity.Files)
	for _, n := range files.Lost {
		lost += n
	}
	if f.events != delivered+dropped {
		r.t.Errorf("%d events, of which the simulator delivered %d and dropped %d", f.events, delivered, dropped)
	}
	if r.events() != r.kinds[esbridge.Write] || r.noPath != lost {
		r.t.Errorf("kinds %v; %d events without a path, %d lost in the ring", r.kinds, r.noPath, lost)
	}
	if got := r.tally.Lifecycle[esbridge.Exec]; got != execs {
		r.t.Errorf("%d execs, %d delivered", got, execs)
	}
	if got := r.events() + r.tally.QueueDropped + r.tally.Lifecycle[esbridge.Exec]; got != delivered {
		r.t.Errorf("%d counted of %d delivered: %d events, tally %+v", got, delivered, r.events(), r.tally)
	}
	if r.tally.KernelDropped != dropped {
		r.t.Errorf("%d drops seen of %d", r.tally.KernelDropped, dropped)
	}
	if r.tally.Ignored+r.tally.Malformed[esbridge.BadField]+r.tally.Malformed[esbridge.MissingField] != 0 {
		r.t.Errorf("tally %+v", r.tally)
	}
}

// resident is the resident memory of this process, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestForum is what this transport is for: a hundred threads in each of so many processes write
// a byte each, as fast as the messages can be handed over. Every event is counted, once, and
// the memory after the third flood is that after the first.
func TestForum(t *testing.T) {
	for _, processes := range []uint32{1, 10, 1000} {
		f := flood{events: 100_000, processes: processes, threads: 100, files: 100, version: 9, dropEvery: 1009, lifecycleEvery: 211, measureEach: true}
		r := startRun(t, endpointsecurity.Config{})
		var memory [3]int
		for i := range memory {
			startFlood(f)
			waitFlood()
			runtime.GC()
			memory[i] = resident(t)
		}
		r.end()
		f.events *= uint64(len(memory))
		r.checkBooks(f)
		if grown := memory[2] - memory[0]; grown > 6<<20 {
			t.Errorf("%d processes: the memory grew by %d bytes: %v", processes, grown, memory)
		}
		s := r.source.Stats(endpointsecurity.Files)
		k := readReport(0)
		t.Logf("%4d processes: %d events in %d batches; coalesced %d, lost path %d, unattributed %d, ring peak %d; handler p50 %d ns, p99.9 %d, longest %d",
			processes, r.events(), r.batches, s.Coalesced, r.noPath, r.tally.QueueDropped, s.RingPeak, k.quantile(0.5), k.quantile(0.999), k.longest)
	}
}

// TestSmallRing floods rings and tables that are much too small, with a consumer that takes its
// time: what finds no room is counted by process and kind, and, where there is no room for the
// process either, by kind.
func TestSmallRing(t *testing.T) {
	small := endpointsecurity.Config{RingBytes: [2]int{256 << 10, 256 << 10}, Slots: [2]int{64, 16}}
	for _, f := range []flood{
		{events: 100_000, processes: 1, version: 11},
		{events: 100_000, processes: 40, version: 3, dropEvery: 100},
		{events: 100_000, processes: 3000, version: 6, lifecycleEvery: 3},
	} {
		f.threads = 100
		first := true
		resetSimulator()
		r := startRunWith(t, small, func(b *esbridge.Batch) {
			if len(b.Events) > 0 && first {
				first = false
				waitFlood() // a consumer that is stopped all the while
			}
		})
		startFlood(f)
		waitFlood()
		r.end()
		r.checkBooks(f)
		switch s := r.source.Stats(endpointsecurity.Files); {
		case f.processes <= 64 && (r.noPath == 0 || r.tally.QueueDropped > f.events/2):
			t.Errorf("%+v: nothing was lost in the ring: %+v", f, s)
		case f.processes > 64 && r.tally.QueueDropped == 0:
			t.Errorf("%+v: there was room for every process: %+v", f, s)
		}
	}
}

// TestEachProcess: what finds no room is counted for the process that did it.
func TestEachProcess(t *testing.T) {
	f := flood{events: 200_000, processes: 40, threads: 100, version: 9}
	of := map[int32]uint64{}
	resetSimulator()
	r := startRunWith(t, endpointsecurity.Config{RingBytes: [2]int{256 << 10, 256 << 10}}, func(b *esbridge.Batch) {
		for i := range b.Events {
			e := &b.Events[i]
			of[e.Process.PID] += e.Count
			prefix := fmt.Appendf(nil, "/private/tmp/flood/%d/", e.Process.PID-1000)
			if len(e.Path) > 0 && !bytes.HasPrefix(e.Path, prefix) {
				t.Fatalf("process %d wrote %s", e.Process.PID, e.Path)
			}
		}
	})
	startFlood(f)
	waitFlood()
	r.end()
	r.checkBooks(f)
	for pid := int32(1000); pid < 1000+int32(f.processes); pid++ {
		if of[pid] != f.events/uint64(f.processes) {
			t.Errorf("process %d has %d events of %d", pid, of[pid], f.events/uint64(f.processes))
		}
	}
}

// TestHandOver: the events of one file are the integers, by their times and sizes. Each record
// holds the ones that follow those of the record before: first, last, count and both sizes. It
// is delivered as its first event and the others.
func TestHandOver(t *testing.T) {
	f := flood{events: 2_000_000, processes: 1, threads: 100, files: 1, version: 4}
	next, events := int64(0), 0
	const start = 1767323041_000_000_000
	resetSimulator()
	r := startRunWith(t, endpointsecurity.Config{}, func(b *esbridge.Batch) {
		for i := range b.Events {
			e := &b.Events[i]
			first, last := next, next+int64(e.Count)-1
			if e.Count > 1 {
				first-- // that of its record
			}
			if e.First != start+first*1000 || e.Last != start+last*1000 || !e.HasSize || e.Size != last {
				t.Fatalf("event %d from %d: %+v", events, next, e)
			}
			next += int64(e.Count)
			events++
		}
	})
	startFlood(f)
	waitFlood()
	r.end()
	r.checkBooks(f)
	if r.noPath != 0 || events < 2 || events > 2*r.batches {
		t.Errorf("%d events in %d batches, %d without path", events, r.batches, r.noPath)
	}
}

// TestIsolation: a process that writes once is seen with its path beside one that fills the ring.
func TestIsolation(t *testing.T) {
	for _, fillers := range []uint32{1, 10} {
		f := flood{events: 300_000, processes: fillers, threads: 100, version: 9}
		c := endpointsecurity.Config{RingBytes: [2]int{256 << 10, 256 << 10}}
		quiet := flood{events: 1200, processes: 1200, threads: 1, files: 1, version: 9}
		lost, paths := map[int32]uint64{}, map[int32]uint64{}
		first := true
		resetSimulator()
		r := startRunWith(t, c, func(b *esbridge.Batch) {
			if len(b.Events) > 0 && first {
				first = false
				waitFlood()
			}
			for i := range b.Events {
				if e := &b.Events[i]; len(e.Path) > 0 {
					paths[e.Process.PID] += e.Count
				} else {
					lost[e.Process.PID] += e.Count
				}
			}
		})
		startFlood(f)
		waitFlood()
		quiet.processes, quiet.events = fillers+20, uint64(fillers+20)
		startFlood(quiet)
		waitFlood()
		r.end()
		for pid := int32(1000 + fillers); pid < int32(1000+fillers+20); pid++ {
			if paths[pid] != 1 || lost[pid] != 0 {
				t.Errorf("%d fillers: process %d has %d events with a path and %d without", fillers, pid, paths[pid], lost[pid])
			}
		}
		if len(lost) == 0 {
			t.Error("the ring was never full")
		}
	}
}

// TestStopInFlood: a source that ends while messages come counts all that were delivered.
func TestStopInFlood(t *testing.T) {
	for range 5 {
		r := startRun(t, endpointsecurity.Config{})
		startFlood(flood{events: 1 << 40, processes: 20, threads: 100, files: 5, version: 9})
		for r.source.Stats(endpointsecurity.Files).Received == 0 {
			runtime.Gosched()
		}
		r.end()
		if k := readReport(0); r.events()+r.tally.QueueDropped != k.delivered[write] || k.delivered[write] == 0 {
			t.Errorf("%d events of %d delivered", r.events(), k.delivered[write])
		}
	}
}
