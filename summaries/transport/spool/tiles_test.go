package spool

import (
	"fmt"
	"path/filepath"
	"testing"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

const (
	testFrame  = summaries.MinFrameSize
	windowSize = 10e9
	epoch      = 1_767_322_740e9
)

var testKey = sketch.Key{7}

func testConfig(slots int) Config {
	return Config{Slots: slots, FrameSize: testFrame, Key: &testKey}
}

// newTile is a valid tile of the numbers first to last with so many events.
func newTile(first, last, events uint64) *summaries.Summary {
	kinds := summaries.Kinds{esbridge.Write: events}
	start := int64(epoch + windowSize*float64(first))
	path := summaries.Path{
		Path: fmt.Appendf(nil, "/data/file-%d", last), Events: events, Kinds: kinds, First: start, Last: start + 1,
	}
	path.PathLen = len(path.Path)
	process := summaries.Process{
		PID: int32(last%9 + 1), Version: 1, Start: epoch, Events: events, Kinds: kinds, First: start, Last: start + 1,
		Seen: summaries.Distinct{Estimate: 1}, Paths: []summaries.Path{path},
	}
	program := summaries.Program{
		Path: []byte("/bin/writer"), PathLen: 11, Events: events, Kinds: kinds,
		Seen: summaries.Distinct{Estimate: 1}, Processes: []summaries.Process{process},
	}
	return &summaries.Summary{
		Machine: summaries.Machine{ID: "machine", Boot: "boot/session", Source: "synthetic"},
		Window: summaries.Window{
			Start: start, End: start + int64(last-first+1)*windowSize, Hop: windowSize, Tile: true, Merged: 1,
		},
		FirstSeq: first, Seq: last, Events: events, Kinds: kinds, KeyID: testKey.ID(),
		Ledger: summaries.Ledger{Received: events, Folded: events},
		Origins: []summaries.Origin{{
			Name: "system", Events: events, Kinds: kinds, Seen: summaries.Distinct{Estimate: 1},
			Programs: []summaries.Program{program},
		}},
	}
}

// eventsOf makes the events of a tile tell its number: no two sums of neighbours are equal.
func eventsOf(n uint64) uint64 { return 1000*n + n%7 + 1 }

// single is tile n with the events that tell so.
func single(n uint64) *summaries.Summary { return newTile(n, n, eventsOf(n)) }

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "spool") }

func mustOpen(t testing.TB, path string, cfg Config) *Ring {
	t.Helper()
	r, err := Open(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func mustPut(t testing.TB, r *Ring, all ...*summaries.Summary) {
	t.Helper()
	for _, s := range all {
		if err := r.Put(s); err != nil {
			t.Fatal(err)
		}
	}
	checkSlots(t, r)
}

// next returns the oldest tile, decoded.
func next(t testing.TB, r *Ring) (*summaries.Summary, bool) {
	t.Helper()
	frame, seq, ok := r.Next(nil)
	if !ok {
		return nil, false
	}
	s, err := summaries.DecodeFrame(frame)
	if err != nil {
		t.Fatal(err)
	}
	if s.Seq != seq {
		t.Fatalf("frame %d was handed out as %d", s.Seq, seq)
	}
	return s, true
}

// drain takes and acknowledges all that waits.
func drain(t testing.TB, r *Ring) (all []*summaries.Summary) {
	t.Helper()
	for {
		s, ok := next(t, r)
		if !ok {
			return all
		}
		r.Ack(s.Seq)
		all = append(all, s)
	}
}

// checkSlots checks that every slot of the file is accounted for once.
func checkSlots(t testing.TB, r *Ring) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return
	}
	seen := map[int]int{}
	for i := range r.tiles {
		if p := r.tiles[i].place; p != inMemory {
			seen[p]++
		}
	}
	for _, list := range [][]int{r.free, r.retired, r.replaced} {
		for _, p := range list {
			seen[p]++
		}
	}
	if len(seen) != r.geo.places() {
		t.Fatalf("%d of %d slots are accounted for", len(seen), r.geo.places())
	}
	for p, n := range seen {
		if n != 1 {
			t.Fatalf("slot %d is used %d times", p, n)
		}
	}
	if r.inMemory() > mostInMemory+1 {
		t.Fatalf("%d tiles in memory", r.inMemory())
	}
	if len(r.tiles) > r.cfg.Slots+1 {
		t.Fatalf("%d tiles in %d slots", len(r.tiles), r.cfg.Slots)
	}
}

// ranges are the numbers of tiles, as text.
func ranges(all []*summaries.Summary) (text string) {
	for _, s := range all {
		text += fmt.Sprintf("%d-%d ", s.FirstSeq, s.Seq)
	}
	return text
}
