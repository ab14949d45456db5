package transport

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/transport/spool"
)

// One frame is in flight, and the next one comes only when it was acknowledged.
func TestOneInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{})
		h := r.connect(Keep)
		h.silence()
		for range 3 {
			r.putTile(1)
		}
		if s := h.frame(); s.Seq != 1 {
			t.Fatalf("got frame %d first", s.Seq)
		}
		h.silence()
		h.ack(1)
		h.expect(2, 2)
		h.expect(3, 3)
		h.silence()
		st := r.Stats()
		if st.Sent != 3 || st.Acked != 3 || st.Resent != 0 || st.Tiles != 3 || !st.Keeper {
			t.Errorf("got %+v", st)
		}
		r.stop()
		r.ends(ended{Stopped: 1})
	})
}

// What was sent comes again, byte for byte, although others merge behind it.
func TestSentFrameIsFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{Ring: spool.Memory(spool.Config{FrameSize: testFrame, Slots: 4})})
		r.putTile(5)
		h := r.connect(Keep)
		sent := h.bytes()
		h.Close()
		synctest.Wait()
		for range 20 {
			r.putTile(1)
		}
		h = r.connect(Keep)
		if again := h.bytes(); !bytes.Equal(again, sent) {
			t.Errorf("frame %d came again as another, %d", seqOf(t, sent), seqOf(t, again))
		}
		h.ack(1)
		r.putTile(1) // is told of it
		next, total, retries := uint64(2), uint64(5), uint64(0)
		for next <= 22 {
			s := h.frame()
			if s.FirstSeq != next {
				t.Fatalf("range %d–%d does not begin at %d", s.FirstSeq, s.Seq, next)
			}
			next, total, retries = s.Seq+1, total+s.Events, retries+s.Ledger.SendRetries
			h.ack(s.Seq)
		}
		if st := r.Stats(); total != 26 || st.Resent != 1 || retries != 1 || st.Sent > 6 {
			t.Errorf("%d events, want 26, ledgers with %d retries; %+v", total, retries, st)
		}
	})
}

func TestRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{})
		r.putRefresh() // 1
		r.putRefresh() // 2: replaces it
		h := r.connect(Keep)
		h.expect(2, 2)
		h.silence()
		r.putTile(1) // 3
		synctest.Wait()
		r.putTile(1)   // 4
		r.putRefresh() // 5: waits for the tiles
		h.expect(1, 3) // a tile covers the refreshes since the one before
		r.putRefresh() // 6: replaces 5
		h.expect(4, 4) //
		h.expect(6, 6) //
		r.putRefresh() // 7: in flight
		h.frame()      //
		h.Close()      //
		synctest.Wait()
		h = r.connect(Keep)
		h.expect(7, 7) // again, there is nothing newer
		h.Close()
		synctest.Wait()
		h = r.connect(Keep)
		h.silence()
		r.putRefresh() // 8
		h.frame()
		h.Close()
		synctest.Wait()
		r.putTile(1) // 9: newer than the refresh
		h = r.connect(Keep)
		h.expect(5, 9)
		h.silence()
		r.ends(ended{Hangup: 3})
	})
}

// The newest keeper is the one; the older one is told by the end of its connection, and its
// frame goes to the newer.
func TestNewestKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{})
		r.putTile(1)
		first := r.connect(Keep)
		first.frame()
		second := r.connect(Keep)
		first.closed(time.Millisecond)
		second.expect(1, 1)
		r.putTile(1)
		second.expect(2, 2)
		r.ends(ended{Replaced: 1})
		if st := r.Stats(); st.Resent != 1 || !strings.Contains(st.LastCut, "newer keeper") {
			t.Errorf("got %+v", st)
		}
	})
}

// A watcher gets what is new, merged where it is slow, and the keeper does not notice.
func TestWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{})
		r.putTile(1)   // 1
		r.putRefresh() // 2: old when the watcher comes
		keeper := r.connect(Keep)
		keeper.expect(1, 1)
		keeper.expect(2, 2)
		slow, quick := r.connect(Watch), r.connect(Watch)
		quick.silence()
		first := uint64(2)
		for seq := uint64(3); seq < 13; seq++ {
			r.putTile(seq)
			keeper.expect(first, seq)
			quick.expect(first, seq)
			first = seq + 1
		}
		slow.expect(2, 3) // was sent before the others came
		if s := slow.expect(4, 12); s.Events != 4+5+6+7+8+9+10+11+12 {
			t.Errorf("%d events", s.Events)
		}
		r.putRefresh()
		for _, h := range []*host{keeper, quick, slow} {
			h.expect(13, 13)
			h.silence()
		}
		slow.Close() // what waited for a watcher is gone with it
		r.ends(ended{Hangup: 1})
		if st := r.Stats(); st.WatcherMerged != 8 || st.WatcherSent != 14 || st.WatcherAcked != 14 || st.WatcherLost != 0 {
			t.Errorf("got %+v", st)
		}
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{})
		for range 3 {
			r.putTile(1)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		if err := r.Drain(ctx); err == nil || !strings.Contains(err.Error(), "3 tiles wait") || time.Since(begin) != 5*time.Second {
			t.Errorf("without a host: %v after %v", err, time.Since(begin))
		}
		h := r.connect(Keep)
		done := make(chan error)
		go func() { done <- r.Drain(t.Context()) }()
		h.expect(1, 1)
		h.expect(2, 2)
		h.frame()
		synctest.Wait()
		select {
		case <-done:
			t.Error("drained before the last one was acknowledged")
		default:
		}
		h.ack(3)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// The agent hears of a host before the host is sent anything, and of its end.
func TestOnPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []bool
		heard := make(chan struct{})
		r := newRig(t, SenderConfig{OnPeer: func(p Peer, connected bool) {
			<-heard
			if p.Mode != Keep {
				t.Errorf("got %+v", p)
			}
			calls = append(calls, connected)
		}})
		r.putTile(1)
		h := r.connect(Keep)
		h.silence()
		close(heard)
		h.expect(1, 1)
		h.Close()
		synctest.Wait()
		synctest.Wait()
		if len(calls) != 2 || !calls[0] || calls[1] {
			t.Errorf("got %v", calls)
		}
		r.dial().Close() // it never said what it is
		synctest.Wait()
		if len(calls) != 2 {
			t.Errorf("heard of a stranger: %v", calls)
		}
	})
}

func TestDeliverImpossible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{})
		r.connect(Watch)
		huge := r.makeRefresh(1)
		huge.Machine.Hostname = strings.Repeat("h", testFrame)
		if err := r.Deliver(huge); err == nil {
			t.Error("a refresh larger than its frame was taken")
		}
		huge.Window.Tile = true
		if err := r.Deliver(huge); err == nil {
			t.Error("a tile larger than its frame was taken")
		}
	})
}

func TestNewSenderRefuses(t *testing.T) {
	for name, cfg := range map[string]SenderConfig{
		"frame size": {FrameSize: summaries.MinFrameSize + 1},
		"user":       {Allow: Policy{Users: []string{"no such user"}}},
		"group":      {Allow: Policy{Groups: []string{"no such group"}}},
		"empty":      {Allow: Policy{Groups: []string{""}}},
	} {
		if _, err := NewSender(cfg); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
