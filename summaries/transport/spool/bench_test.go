package spool

import (
	"fmt"
	"runtime"
	"testing"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// fullTile is a tile whose frame of the default size is full: a busy machine.
func fullTile(b testing.TB, n uint64) *summaries.Summary {
	tree := summaries.NewTree(summaries.DefaultLimits, nil, &testKey)
	s := single(n)
	events := uint64(0)
	for i := range 20_000 {
		p := esbridge.Process{
			PID: int32(i % 900), Version: 1, Start: epoch,
			Executable: fmt.Appendf(nil, "/usr/bin/program-%d", i%60), Origin: []byte("system"),
		}
		e := esbridge.Event{
			Kind: esbridge.Write, Process: &p, Count: 1, First: s.Window.Start, Last: s.Window.Start,
			Path: fmt.Appendf(nil, "/var/lib/program-%d/data/file-%d", i%60, uint64(i)+n*100),
		}
		tree.Fold(&e, s.Window.Start)
		events++
	}
	s.Ledger.Received, s.Ledger.Folded = events, events
	const spare = 12 << 10 // renumber moves the window, and rows name their times relative to it
	if err := tree.Fit(s, summaries.DefaultFrameSize-spare); err != nil {
		b.Fatal(err)
	}
	return s
}

// renumber makes another tile of s, which is put again and again.
func renumber(s *summaries.Summary, n uint64) *summaries.Summary {
	t := *s
	t.FirstSeq, t.Seq = n, n
	t.Window.Start += int64(n) * windowSize
	t.Window.End += int64(n) * windowSize
	return &t
}

func benchmarkPut(b *testing.B, r *Ring, s *summaries.Summary, acknowledge bool) {
	n := r.LastSeq()
	before := r.Stats().BytesWritten
	b.ReportAllocs()
	puts := 0
	for b.Loop() {
		n++
		puts++
		if err := r.Put(renumber(s, n)); err != nil {
			b.Fatal(err)
		}
		if acknowledge {
			r.st.Sent = n // as if it had been sent, without the head of Next
			r.Ack(n)
		}
	}
	b.ReportMetric(float64(r.Stats().BytesWritten-before)/float64(puts), "written-B/op")
}

// BenchmarkPut is a Put with room, of a quiet and of a busy window.
func BenchmarkPut(b *testing.B) {
	for name, s := range map[string]*summaries.Summary{"quiet": single(1), "busy": fullTile(b, 1)} {
		b.Run(name, func(b *testing.B) { benchmarkPut(b, mustOpen(b, newPath(b), Config{Key: &testKey}), s, true) })
	}
}

// BenchmarkPutFull is a Put that merges two full frames first.
func BenchmarkPutFull(b *testing.B) {
	r := mustOpen(b, newPath(b), Config{Key: &testKey})
	s := fullTile(b, 1)
	for n := uint64(1); n <= 65; n++ {
		if err := r.Put(renumber(s, n)); err != nil {
			b.Fatal(err)
		}
	}
	benchmarkPut(b, r, s, false)
}

func BenchmarkNext(b *testing.B) {
	r := mustOpen(b, newPath(b), Config{Key: &testKey})
	if err := r.Put(fullTile(b, 1)); err != nil {
		b.Fatal(err)
	}
	frame := make([]byte, summaries.DefaultFrameSize)
	for b.Loop() {
		r.Next(frame)
	}
}

func BenchmarkCheckpoint(b *testing.B) {
	r := mustOpen(b, newPath(b), Config{Key: &testKey})
	s := fullTile(b, 1)
	for b.Loop() {
		if err := r.Checkpoint(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	path := newPath(b)
	r := mustOpen(b, path, Config{Key: &testKey})
	s := fullTile(b, 1)
	for n := uint64(1); n <= 64; n++ {
		if err := r.Put(renumber(s, n)); err != nil {
			b.Fatal(err)
		}
	}
	kill(r)
	for b.Loop() {
		r, err := Open(path, Config{Key: &testKey})
		if err != nil {
			b.Fatal(err)
		}
		kill(r)
	}
}

// TestMergeMemory bounds what a Put into a full ring of the largest frames that are the default
// allocates in all, and that none of it stays.
func TestMergeMemory(t *testing.T) {
	const most = 16 << 20
	r := Memory(Config{Slots: 2, Key: &testKey})
	s := fullTile(t, 1)
	for n := uint64(1); n <= 3; n++ {
		mustPut(t, r, renumber(s, n))
	}
	tile := renumber(s, 4)
	var before, after, later runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	mustPut(t, r, tile)
	runtime.ReadMemStats(&after)
	runtime.GC()
	runtime.ReadMemStats(&later)
	total, kept := after.TotalAlloc-before.TotalAlloc, int64(later.HeapAlloc)-int64(before.HeapAlloc)
	t.Logf("a Put with a merge allocates %d bytes and keeps %d", total, kept)
	if total > most || kept > 1<<20 {
		t.Errorf("a Put with a merge allocates %d bytes and keeps %d", total, kept)
	}
	runtime.KeepAlive(r)
}
