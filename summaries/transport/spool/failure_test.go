package spool

import (
	"math/rand/v2"
	"syscall"
	"testing"

	"summarizer/summaries"
)

// newFaultyRing is an empty ring on a file that can fail.
func newFaultyRing(t *testing.T, slots int) (*Ring, *faultyFile) {
	t.Helper()
	cfg := testConfig(slots)
	f := newFaulty(make([]byte, cfg.geometry().size()))
	v := newVolume(f, cfg.geometry(), newState())
	for range numHeads {
		if err := v.writeHead(false); err != nil {
			t.Fatal(err)
		}
	}
	r, err := recoverRing(f, int64(len(f.current)), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r, f
}

// TestDiskFails: while the disk fails the ring goes on in memory, within bounds, tries it
// again at a bounded pace, and counts why. Nothing is lost.
func TestDiskFails(t *testing.T) {
	for reason, err := range map[DiskError]error{NoSpace: syscall.ENOSPC, IO: syscall.EIO, ReadOnly: syscall.EROFS, OtherError: syscall.ENOTSUP} {
		r, f := newFaultyRing(t, 8)
		n := r.LastSeq()
		var events uint64
		put := func(times int) {
			for range times {
				n++
				events += eventsOf(n)
				mustPut(t, r, single(n))
			}
		}
		put(5)
		f.err = err
		put(40)
		s := r.Stats()
		if !s.Failing || s.InMemory == 0 || s.InMemory > mostInMemory || s.Waiting > 8 {
			t.Errorf("%s: %+v", reason, s)
		}
		if tries := s.DiskErrors[reason]; tries < 40/longestPause || tries > 40/longestPause+4 {
			t.Errorf("%s: %d attempts in 40 Puts", reason, tries)
		}
		f.err = nil
		put(longestPause)
		if s := r.Stats(); s.Failing || s.InMemory != 0 {
			t.Errorf("%s is over: %+v", reason, s)
		}
		again, err := recoverRing(f, int64(len(f.current)), testConfig(8))
		if err != nil {
			t.Fatal(err)
		}
		var got uint64
		for _, s := range drain(t, again) {
			got += s.Events
		}
		if got != events {
			t.Errorf("%s: %d events of %d", reason, got, events)
		}
	}
}

// TestDiskFailsNowAndThen: random failures between random operations; every event arrives
// once, and the ring stays within its bounds.
func TestDiskFailsNowAndThen(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		r, f := newFaultyRing(t, 2+rng.IntN(4))
		var put, got uint64
		take := func(acknowledge bool) bool {
			s, ok := next(t, r)
			if ok && acknowledge {
				got += s.Events
				r.Ack(s.Seq)
			}
			return ok
		}
		for range 300 {
			switch op := rng.IntN(12); {
			case op < 6:
				n := r.LastSeq() + 1
				put += eventsOf(n)
				mustPut(t, r, single(n))
			case op < 7:
				r.Checkpoint(single(r.LastSeq() + 1))
			case op < 9:
				take(rng.IntN(2) == 0)
			default:
				f.err = []error{nil, nil, syscall.EIO}[rng.IntN(3)]
			}
		}
		f.err = nil
		for take(true) {
		}
		if put != got {
			t.Fatalf("seed %d: %d events of %d", seed, got, put)
		}
	}
}

// TestUnreadable: a tile that the disk does not read is tried three times, then given up and
// counted; those behind it are delivered.
func TestUnreadable(t *testing.T) {
	r, f := newFaultyRing(t, 4)
	n := r.LastSeq()
	mustPut(t, r, single(n+1), single(n+2))
	f.readErr = syscall.EIO
	for range mostAttempts - 1 {
		if _, _, ok := r.Next(nil); ok {
			t.Fatal("read what cannot be read")
		}
	}
	if s := r.Stats(); s.Waiting != 2 || s.DiskErrors[IO] != mostAttempts-1 {
		t.Errorf("%+v", s)
	}
	r.Next(nil)
	f.readErr = nil
	if all := drain(t, r); len(all) != 1 || all[0].Seq != n+2 {
		t.Errorf("delivered %s", ranges(all))
	}
	if s := r.Stats(); s.Lost != 1 {
		t.Errorf("%+v", s)
	}
}

// TestUnreadableInMerge: a full ring whose disk reads nothing gives up the oldest, and goes on.
func TestUnreadableInMerge(t *testing.T) {
	r, f := newFaultyRing(t, 3)
	f.readErr = syscall.EIO
	for range 20 {
		mustPut(t, r, single(r.LastSeq()+1))
	}
	s := r.Stats()
	if s.Waiting > 3 || s.Put != 20 || s.Lost+s.Merges+uint64(s.Waiting) != s.Put {
		t.Errorf("%+v", s)
	}
}

func TestCheckpointIsRecoveredOnce(t *testing.T) {
	path := newPath(t)
	r := mustOpen(t, path, testConfig(4))
	mustPut(t, r, single(1))
	window := newTile(2, 3, 77)
	window.Window.EndReason = summaries.Recovered
	for _, s := range []*summaries.Summary{newTile(2, 2, 5), window, newTile(1, 1, 6)} {
		if err := r.Checkpoint(s); err != nil {
			t.Fatal(err)
		}
	}
	kill(r)
	for try := range uint64(3) {
		again := mustOpen(t, path, testConfig(4))
		if again.LastSeq() != 4+try {
			t.Errorf("number %d", again.LastSeq())
		}
		if s := again.Stats(); s.Recovered != max(1, try)-try || s.Waiting != 2 {
			t.Errorf("start %d: %+v", try, s)
		}
		kill(again)
	}
	all := drain(t, mustOpen(t, path, testConfig(4)))
	if got := ranges(all); got != "1-1 2-3 " || all[1].Events != 77 || all[1].Window.EndReason != summaries.Recovered {
		t.Errorf("delivered %s", got)
	}
}

// kill gives up the file as the end of the process would.
func kill(r *Ring) {
	r.closed = true
	r.disk.Close()
}

// TestFailureThenCrash: the disk fails for a while, and the agent crashes at any write after
// that. What was on the disk before is there once, whichever slots were written first.
func TestFailureThenCrash(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 6))
		r, f := newFaultyRing(t, 2+rng.IntN(3))
		safe, all := uint64(0), uint64(0)
		put := func() {
			rng.Shuffle(len(r.free), func(i, j int) { r.free[i], r.free[j] = r.free[j], r.free[i] })
			n := r.LastSeq() + 1
			all += eventsOf(n)
			if err := r.Put(single(n)); err != nil {
				t.Fatal(err)
			}
			if s := r.Stats(); s.InMemory == 0 && !f.crashed() {
				safe = all
			}
		}
		for range 2 + rng.IntN(6) {
			put()
		}
		f.err = syscall.EIO
		for range 1 + rng.IntN(4) {
			put()
		}
		f.err, f.crashAt = nil, f.steps+1+rng.IntN(8)
		for !f.crashed() {
			put()
		}
		content := f.afterKill
		if seed%2 == 0 {
			content = f.afterPowerLoss
		}
		b := content(rng)
		again, err := recoverRing(newFaulty(b), int64(len(b)), r.cfg)
		if err != nil {
			t.Fatal(err)
		}
		var got uint64
		for _, s := range drain(t, again) {
			got += s.Events
		}
		if got < safe || got > all {
			t.Fatalf("seed %d: %d events of %d, of which %d were on the disk", seed, got, all, safe)
		}
	}
}

// TestAcknowledgedSlotIsKept: a slot whose tile was acknowledged is not overwritten before the
// disk knows: were the write torn, the halves that were merged into that tile would
// come back.
func TestAcknowledgedSlotIsKept(t *testing.T) {
	for i := range 2 + spareSlots {
		r, f := newFaultyRing(t, 2)
		n := r.LastSeq()
		mustPut(t, r, single(n+1), single(n+2), single(n+3))
		if s, ok := next(t, r); !ok || s.Seq != n+2 {
			t.Fatal("the first two did not merge")
		}
		r.Ack(n + 2)
		if i >= len(r.free) {
			break
		}
		r.free[0], r.free[i] = r.free[i], r.free[0]
		f.crashAt = f.steps + 1
		r.Put(single(n + 4))
		torn := f.pending[0]
		copy(f.current[torn.off+512:], torn.data[512:]) // all but the record arrived
		again, err := recoverRing(newFaulty(f.current), int64(len(f.current)), r.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range drain(t, again) {
			if s.FirstSeq <= n+2 && (s.FirstSeq != n+1 || s.Seq != n+2) {
				t.Errorf("slot %d: tile %d-%d came back", i, s.FirstSeq, s.Seq)
			}
		}
	}
}

// A record that says that all was sent, which no ring writes, must not keep the tiles from
// merging down to fewer slots.
func TestAllSentIsNotBelieved(t *testing.T) {
	path := newPath(t)
	r := mustOpen(t, path, testConfig(8))
	for n := uint64(1); n <= 8; n++ {
		mustPut(t, r, single(n))
	}
	r.st.Sent = 8
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = mustOpen(t, path, testConfig(2))
	if got := ranges(drain(t, r)); got != "1-1 2-8 " {
		t.Errorf("delivered %s", got)
	}
}
