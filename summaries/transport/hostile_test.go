package transport

import (
	"context"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// Every peer that does not do its part is cut off in time and counted, and the keeper that
// comes next gets all there is.
func TestHostilePeers(t *testing.T) {
	peers := map[string]struct {
		mode   Mode // 0: it says nothing
		do     func(h *host)
		within time.Duration
		why    Reason
	}{
		"silent":           {0, func(*host) {}, DefaultHelloTimeout, Silent},
		"dribbles a hello": {0, dribble, DefaultHelloTimeout, Silent},
		"half a hello":     {0, func(h *host) { h.Write(make([]byte, AckSize-1)); h.Close() }, 0, Hangup},
		"hello of a frame": {Keep, nil, 0, WrongNumber},

		"reads one byte a second": {Keep, readSlowly, DefaultWriteTimeout, Slow},
		"reads nothing":           {Watch, func(*host) {}, DefaultWriteTimeout, Slow},
		"never acknowledges":      {Keep, func(h *host) { h.bytes() }, DefaultAckTimeout, Unacknowledged},
		"half an acknowledgement": {Keep, func(h *host) { h.bytes(); h.Write(ack{Keep, 1}.append(nil)[:7]) }, DefaultAckTimeout, Unacknowledged},
		"ends in mid-frame":       {Keep, func(h *host) { io.ReadFull(h, make([]byte, 1000)); h.Close() }, 0, Hangup},
		"wrong number":            {Keep, func(h *host) { h.bytes(); h.ack(2) }, 0, WrongNumber},
		"number zero":             {Keep, func(h *host) { h.bytes(); h.ack(0) }, 0, WrongNumber},
		"acknowledges twice":      {Keep, func(h *host) { h.bytes(); h.ack(1); h.ack(1) }, 0, WrongNumber},
		"changes its mode":        {Keep, func(h *host) { h.bytes(); h.mode = Watch; h.ack(1) }, 0, Malformed},
	}
	for name, p := range peers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, SenderConfig{})
				h := r.dial()
				switch {
				case p.do == nil:
					h.mode = p.mode
					h.ack(1)
				case p.mode != 0:
					h.mode = p.mode
					h.ack(0)
				}
				synctest.Wait()
				r.putTile(1)
				begin := time.Now()
				if p.do != nil {
					p.do(h)
				}
				time.Sleep(p.within - time.Since(begin))
				r.ends(ended{p.why: 1})
				next := r.connect(Keep)
				if name != "acknowledges twice" {
					next.expect(1, 1)
				}
				r.putTile(1)
				next.expect(2, 2)
			})
		})
	}
}

// dribble writes a byte a second.
func dribble(h *host) {
	for _, b := range (ack{Keep, 0}).append(nil) {
		if _, err := h.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
	h.t.Error("nobody minded")
}

// readSlowly reads a byte a second.
func readSlowly(h *host) {
	for range testFrame {
		if _, err := h.Read(make([]byte, 1)); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
	h.t.Error("nobody minded")
}

// Bytes that are no acknowledgement end the connection, as the first ones, while a frame is
// in flight, and in between.
func TestHostileBytes(t *testing.T) {
	for name, b := range hostileBytes() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, SenderConfig{})
				send := func(h *host) {
					h.Write(b)
					h.closed(0)
				}
				send(r.dial())
				send(r.connect(Keep))
				send(r.connect(Watch))
				r.putTile(1)
				h := r.connect(Keep)
				h.bytes()
				send(h)
				r.ends(ended{Malformed: 4})
				r.connect(Keep).expect(1, 1)
			})
		})
	}
}

// A thousand connections that do nothing cost what sixteen do, and keep nobody out.
func TestThousandStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{})
		r.putTile(1)
		for range 1000 {
			r.dial()
		}
		synctest.Wait()
		if st := r.Stats(); st.Strangers != maxStrangers {
			t.Errorf("%d strangers, want %d", st.Strangers, maxStrangers)
		}
		h := r.connect(Keep)
		h.expect(1, 1)
		r.ends(ended{Crowded: 1001 - maxStrangers})
		time.Sleep(DefaultHelloTimeout)
		r.ends(ended{Crowded: 1001 - maxStrangers, Silent: maxStrangers - 1})
		r.putTile(1)
		h.expect(2, 2)
	})
}

func TestTooManyWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{MaxWatchers: 2})
		a, b := r.connect(Watch), r.connect(Watch)
		r.connect(Watch).closed(0)
		r.connect(Keep)
		r.ends(ended{TooMany: 1})
		a.Close()
		synctest.Wait()
		c := r.connect(Watch)
		r.putTile(1)
		b.expect(1, 1)
		c.expect(1, 1)
		r.ends(ended{TooMany: 1, Hangup: 1})
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, SenderConfig{MaxWatchers: -1})
		r.connect(Watch).closed(0)
		r.ends(ended{TooMany: 1})
	})
}

// A listener that fails for a while, as when there are no files left, is asked again.
func TestAcceptErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := NewSender(SenderConfig{FrameSize: testFrame})
		if err != nil {
			t.Fatal(err)
		}
		l := &failing{Inside: NewInside(), left: 20}
		stop := serve(t, s, l)
		c, err := l.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		stop()
		if st := s.Stats(); st.AcceptErrors != 20 || st.Accepted != 1 {
			t.Errorf("got %+v", st)
		}
	})
	l := NewInside()
	l.Close()
	s, err := NewSender(SenderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), l); err == nil {
		t.Error("served from a closed listener")
	}
}

type failing struct {
	*Inside
	left int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left > 0 {
		f.left--
		return nil, os.ErrPermission
	}
	return f.Inside.Accept()
}

// Over a real socket, whose buffers take a frame from somebody who never reads.
func TestHostileSocket(t *testing.T) {
	r := newSocketRig(t, SenderConfig{AckTimeout: 20 * time.Millisecond, HelloTimeout: 20 * time.Millisecond})
	r.putTile(1)
	for range 100 {
		r.dialSocket() // and does nothing
	}
	h := r.dialSocket()
	h.mode = Keep
	h.ack(0)
	h.closed(time.Minute)             // it never acknowledged
	for drained := false; !drained; { // a busy machine may make an honest host late as well
		h := r.dialSocket()
		h.mode = Keep
		h.ack(0)
		h.expect(1, 1)
		drained = r.Drain(timeout(t, time.Second)) == nil
	}
	r.stop()
	st := r.Stats()
	if st.Ended[Unacknowledged] == 0 || st.Ended[Crowded]+st.Ended[Silent]+st.Ended[Stopped] < 100 || st.Ended[Crowded] == 0 {
		t.Errorf("got %+v", st)
	}
}

func timeout(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
