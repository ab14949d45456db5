package transport

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/summaries/transport/spool"
)

// A keeper and a watcher that are as good as dead keep nothing alive: after ten thousand
// tiles (a thousand under the race detector) the memory is what it was after the first hundreds, and all events are still there.
func TestMemoryWithDeadHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slots, warm, tiles = 8, 300, manyTiles
		ring := spool.Memory(spool.Config{FrameSize: testFrame, Slots: slots})
		r := newRig(t, SenderConfig{Ring: ring, AckTimeout: 1000 * time.Hour})
		keeper, watcher := r.connect(Keep), r.connect(Watch)
		deliver := func(n int) uint64 {
			for range n {
				r.putTile(1)
			}
			synctest.Wait()
			return heap()
		}
		r.putTile(1)
		keeper.bytes()
		watcher.bytes()
		before := deliver(warm - 1)
		after := deliver(tiles - warm)
		t.Logf("%d bytes of heap after %d tiles, %d after %d", before, warm, after, tiles)
		if after > before+64<<10 {
			t.Errorf("the heap grew from %d to %d bytes", before, after)
		}
		if w := ring.Stats().Waiting; w > slots {
			t.Errorf("%d tiles wait in a ring of %d", w, slots)
		}
		if n := cap(r.scratch) + cap(r.watchers[0].tile) + cap(r.watchers[0].flight.frame) + cap(r.latest.frame); n > 4*testFrame {
			t.Errorf("%d bytes of frames", n)
		}
		keeper.ack(1)
		total := uint64(1)
		for last := uint64(1); last < tiles; {
			s := keeper.frame()
			keeper.ack(s.Seq)
			total, last = total+s.Events, s.Seq
		}
		watcher.ack(1)
		if s := watcher.expect(2, tiles); total != tiles || s.Events != tiles-1 {
			t.Errorf("the keeper got %d events, the watcher %d, want %d", total, s.Events+1, tiles)
		}
	})
}

// heap is what is alive.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first finalized
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
