package spool

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"summarizer/summaries"
)

// rings runs a test with and without a file.
func rings(t *testing.T, slots int, test func(t *testing.T, r *Ring)) {
	t.Run("memory", func(t *testing.T) { test(t, Memory(testConfig(slots))) })
	t.Run("file", func(t *testing.T) { test(t, mustOpen(t, newPath(t), testConfig(slots))) })
}

func TestOldestFirst(t *testing.T) {
	rings(t, 4, func(t *testing.T, r *Ring) {
		if _, ok := next(t, r); ok {
			t.Fatal("an empty ring has a tile")
		}
		mustPut(t, r, single(1), single(2), newTile(3, 5, 9))
		if got := ranges(drain(t, r)); got != "1-1 2-2 3-5 " {
			t.Errorf("delivered %s", got)
		}
		if s := r.Stats(); s.Put != 3 || s.Acked != 3 || s.Waiting != 0 || s.Merges != 0 {
			t.Errorf("%+v", s)
		}
		if r.LastSeq() != 5 {
			t.Errorf("last number %d", r.LastSeq())
		}
	})
}

// TestFrozen: what was handed out stays as it is, byte for byte, while all others merge.
func TestFrozen(t *testing.T) {
	rings(t, 2, func(t *testing.T, r *Ring) {
		mustPut(t, r, single(1))
		sent, _, _ := r.Next(nil)
		for n := uint64(2); n < 30; n++ {
			mustPut(t, r, single(n))
			again, _, ok := r.Next(make([]byte, 3))
			if !ok || !bytes.Equal(again, sent) {
				t.Fatalf("the tile in flight changed after %d", n)
			}
		}
		if s := r.Stats(); s.Waiting != 2 || !s.InFlight {
			t.Errorf("%+v", s)
		}
		if got := ranges(drain(t, r)); got != "1-1 2-29 " {
			t.Errorf("delivered %s", got)
		}
	})
}

// TestAckOfTheUnsent: a host cannot acknowledge what it was never given.
func TestAckOfTheUnsent(t *testing.T) {
	rings(t, 4, func(t *testing.T, r *Ring) {
		mustPut(t, r, single(1), single(2), single(3))
		r.Ack(1 << 63)
		next(t, r)
		r.Ack(1 << 63)
		if got := ranges(drain(t, r)); got != "2-2 3-3 " {
			t.Errorf("left %s", got)
		}
	})
}

func TestPutRefuses(t *testing.T) {
	rings(t, 4, func(t *testing.T, r *Ring) {
		mustPut(t, r, newTile(1, 5, 1))
		for _, s := range []*summaries.Summary{newTile(5, 6, 1), newTile(0, 7, 1), newTile(9, 8, 1), newTile(6, 1<<63, 1)} {
			if err := r.Put(s); !errors.Is(err, ErrOrder) {
				t.Errorf("%d to %d: %v", s.FirstSeq, s.Seq, err)
			}
		}
		large := single(6)
		large.Machine.OS = string(make([]byte, testFrame))
		if err := r.Put(large); !errors.Is(err, summaries.ErrTooLarge) {
			t.Errorf("too large: %v", err)
		}
		if got := ranges(drain(t, r)); got != "1-5 " {
			t.Errorf("kept %s", got)
		}
		r.Close()
		if err := errors.Join(r.Put(single(6)), r.Checkpoint(single(6))); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

// TestTenThousandWindows: with nobody to take them, windows get coarser evenly, and nothing
// is lost or grows.
func TestTenThousandWindows(t *testing.T) {
	const slots = 64
	windows := uint64(10_000)
	if raceDetector {
		windows = 1000
	}
	path := newPath(t)
	r := mustOpen(t, path, testConfig(slots))
	r.file = unsynced{r.disk}
	size := testConfig(slots).geometry().size()
	var events uint64
	for n := uint64(1); n <= windows; n++ {
		if err := r.Put(single(n)); err != nil {
			t.Fatal(err)
		}
		events += eventsOf(n)
		if info, err := os.Stat(path); err != nil || info.Size() != size {
			t.Fatalf("after %d windows the file has %v bytes, not %d: %v", n, info, size, err)
		}
	}
	checkSlots(t, r)
	checkEven(t, r, windows, slots)
	stats := r.Stats()
	all := drain(t, r)
	if len(all) != slots || stats.Merges != windows-slots {
		t.Errorf("%d tiles after %d merges", len(all), stats.Merges)
	}
	checkSums(t, all, windows, events)
}

// unsynced is a file whose syncs cost nothing.
type unsynced struct{ *disk }

func (unsynced) Sync() error { return nil }

// checkEven: no two neighbours are together shorter than half of what an even share of two
// would be, and none is longer than twice its share.
func checkEven(t *testing.T, r *Ring, windows, slots uint64) {
	t.Helper()
	share := windows / slots
	for i, tile := range r.tiles {
		n := tile.last - tile.first + 1
		if n > 2*share+2 {
			t.Errorf("tile %d of %d covers %d windows, an even share is %d", i, slots, n, share)
		}
		if i > 0 {
			if both := tile.last - r.tiles[i-1].first + 1; both < share {
				t.Errorf("tiles %d and %d cover %d windows together, an even share of one is %d", i-1, i, both, share)
			}
		}
	}
}

func checkSums(t *testing.T, all []*summaries.Summary, windows, events uint64) {
	t.Helper()
	after := uint64(0)
	var sum, folded, received, merged uint64
	for _, s := range all {
		if s.FirstSeq != after+1 {
			t.Errorf("tile %d-%d follows %d", s.FirstSeq, s.Seq, after)
		}
		after = s.Seq
		sum, folded, received = sum+s.Events, folded+s.Ledger.Folded, received+s.Ledger.Received
		merged += uint64(s.Window.Merged)
		if n := s.Seq - s.FirstSeq + 1; n > 1 && s.Ledger.SpoolMerged != n || n == 1 && s.Ledger.SpoolMerged != 0 {
			t.Errorf("tile %d-%d says that %d windows were merged in the spool", s.FirstSeq, s.Seq, s.Ledger.SpoolMerged)
		}
	}
	if after != windows || merged != windows || sum != events || folded != events || received != events {
		t.Errorf("to %d, %d windows, %d events, %d folded, %d received; not %d and %d", after, merged, sum, folded, received, windows, events)
	}
}

// TestMergeSparesGaps: neighbours with a gap, or of two machines, merge only when there are
// no others.
func TestMergeSparesGaps(t *testing.T) {
	rings(t, 3, func(t *testing.T, r *Ring) {
		other := single(5)
		other.Machine.ID = "other"
		mustPut(t, r, single(1), single(3), other, newTile(6, 60, 5))
		if s := r.Stats(); s.Merges != 1 || s.GapsMerged != 1 {
			t.Errorf("%+v", s)
		}
		mustPut(t, r, single(61), single(62))
		if s := r.Stats(); s.Merges != 3 || s.GapsMerged != 1 {
			t.Errorf("%+v", s)
		}
		if got := ranges(drain(t, r)); got != "1-3 5-5 6-62 " {
			t.Errorf("delivered %s", got)
		}
	})
}

// TestUnmergeable: two tiles whose heads do not fit into one frame leave each other alone; where
// nothing else is left the oldest goes, and is counted.
func TestUnmergeable(t *testing.T) {
	rings(t, 2, func(t *testing.T, r *Ring) {
		for n := uint64(1); n <= 3; n++ {
			s := single(n)
			s.Muted = []summaries.MuteRule{{Rule: string(bytes.Repeat([]byte{'a' + byte(n)}, testFrame*2/3))}}
			mustPut(t, r, s)
		}
		if s := r.Stats(); s.Lost != 1 || s.Merges != 0 || s.Waiting != 2 {
			t.Errorf("%+v", s)
		}
		if got := ranges(drain(t, r)); got != "2-2 3-3 " {
			t.Errorf("delivered %s", got)
		}
	})
}

func TestSession(t *testing.T) {
	path := newPath(t)
	r := mustOpen(t, path, testConfig(4))
	session := r.Session()
	mustPut(t, r, single(1), single(2))
	drain(t, r)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, path, testConfig(4))
	if again.Session() != session || again.LastSeq() != 2 || again.Stats().Waiting != 0 {
		t.Errorf("session %s with %d after %s: %+v", again.Session(), again.LastSeq(), session, again.Stats())
	}
	if other := Memory(testConfig(4)).Session(); other == session || len(other) != 8 {
		t.Errorf("session %q of another ring", other)
	}
}
