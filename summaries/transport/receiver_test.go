package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/summaries"
)

// agent is the other end of a Receiver, and does what a test says.
type agent struct {
	*Inside
	t testing.TB
}

// accept takes a connection, whose host must say that it is a keeper.
func (a *agent) accept() net.Conn {
	a.t.Helper()
	c, err := a.Accept()
	if err != nil {
		a.t.Fatal(err)
	}
	a.expect(c, 0)
	return c
}

// expect reads the acknowledgement of seq.
func (a *agent) expect(c net.Conn, seq uint64) {
	a.t.Helper()
	var b [AckSize]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		a.t.Fatal(err)
	}
	if got, err := parseAck(b[:]); err != nil || got != (ack{Keep, seq}) {
		a.t.Errorf("got %v and %v, want the acknowledgement of %d", got, err, seq)
	}
}

func frameOf(t testing.TB, s *summaries.Summary) []byte {
	t.Helper()
	frame, err := summaries.AppendFrame(nil, s, testFrame)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// receive runs a Receiver that connects to the agent that it returns, until the test ends.
func receive(t testing.TB, cfg ReceiverConfig) (*Receiver, *agent) {
	a := &agent{NewInside(), t}
	cfg.Dial = a.Dial
	r := NewReceiver(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("running: %v", err)
		}
	})
	return r, a
}

// A frame that could not be handled is not acknowledged, and is handled when it comes again.
func TestHandleFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := errors.New("the store is locked: close what locks it")
		calls := 0
		var said error
		r, a := receive(t, ReceiverConfig{
			Handle: func(s *summaries.Summary, _ []byte) error {
				if calls++; calls < 4 {
					return busy
				}
				return nil
			},
			OnError: func(err error) { said = err },
		})
		frame := frameOf(t, summary(1, 7, 3))
		for range 3 {
			c := a.accept()
			c.Write(frame)
			if n, err := io.Copy(io.Discard, c); n != 0 || err != nil {
				t.Errorf("%d bytes and %v instead of the end", n, err)
			}
		}
		c := a.accept()
		c.Write(frame)
		a.expect(c, 7)
		synctest.Wait()
		st := r.Stats()
		if calls != 4 || st.Frames != 4 || st.Acked != 1 || st.Connections != 4 || !st.Connected || st.Failed != [NumFailures]uint64{HandleFailed: 3} {
			t.Errorf("%d calls, %+v", calls, st)
		}
		if !errors.Is(said, busy) || !strings.Contains(st.LastError, "summary 7, which will be sent again: the store is locked") {
			t.Errorf("said %v; %q", said, st.LastError)
		}
	})
}

// What is no frame ends the connection and is counted, and another one is tried.
func TestBadFrames(t *testing.T) {
	good := frameOf(t, summary(1, 1, 3))
	damaged := append([]byte(nil), good...)
	damaged[summaries.HeaderSize+5] ^= 1
	contradiction := summary(1, 1, 3)
	contradiction.Events++
	cases := map[string]struct {
		send  []byte
		close bool
		after time.Duration
		why   Failure
	}{
		"no frame":              {[]byte(strings.Repeat("no frame", 10)), false, 0, BadFrame},
		"version":               {append([]byte("ESUM\xff\xff"), good[6:]...), false, 0, BadFrame},
		"length":                {append([]byte("ESUM\x01\x00\xff\xff"), good[8:]...), false, 0, BadFrame},
		"damaged":               {damaged, false, 0, BadFrame},
		"contradiction":         {frameOf(t, contradiction), false, 0, BadFrame},
		"nothing":               {nil, true, 0, Disconnected},
		"ends in the header":    {good[:7], true, 0, Disconnected},
		"ends in the payload":   {good[:700], true, 0, Disconnected},
		"stops in the header":   {good[:7], false, DefaultReadTimeout, TimedOut},
		"stops in the payload":  {good[:700], false, DefaultReadTimeout, TimedOut},
		"all but the last byte": {good[:len(good)-1], false, DefaultReadTimeout, TimedOut},
	}
	for name, bad := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []uint64
				r, a := receive(t, ReceiverConfig{Handle: func(s *summaries.Summary, _ []byte) error {
					got = append(got, s.Seq)
					return nil
				}})
				c := a.accept()
				time.Sleep(24 * time.Hour) // an agent may have nothing to say
				c.Write(bad.send)
				if bad.close {
					c.Close()
				}
				time.Sleep(bad.after)
				c = a.accept()
				c.Write(good)
				a.expect(c, 1)
				time.Sleep(24 * time.Hour)
				c.Write(frameOf(t, summary(2, 2, 1)))
				a.expect(c, 2)
				want := [NumFailures]uint64{}
				want[bad.why] = 1
				if st := r.Stats(); st.Failed != want || len(got) != 2 {
					t.Errorf("handled %v, %+v", got, st)
				}
			})
		})
	}
}

// A Receiver that cannot connect waits from 50 ms to 5 s, at random, and begins anew after
// a frame was handled.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials []time.Time
		var up atomic.Bool
		frame := frameOf(t, summary(1, 1, 1))
		serve := func(c net.Conn) { // one frame a connection
			io.ReadFull(c, make([]byte, AckSize))
			c.Write(frame)
			io.ReadFull(c, make([]byte, AckSize))
			c.Close()
		}
		r := NewReceiver(ReceiverConfig{
			Handle: func(*summaries.Summary, []byte) error { return nil },
			Dial: func(context.Context) (net.Conn, error) {
				if !up.Load() {
					dials = append(dials, time.Now())
					return nil, errors.New("nobody there: start the agent")
				}
				ours, theirs := net.Pipe()
				go serve(theirs)
				return ours, nil
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		var waits []time.Duration
		for i := range dials[1:] {
			waits = append(waits, dials[i+1].Sub(dials[i]))
		}
		most := DefaultMinBackoff
		equal := true
		for i, w := range waits {
			if w < most/2 || w > most {
				t.Errorf("wait %d is %v, want %v to %v", i, w, most/2, most)
			}
			equal = equal && (i < len(waits)-5 || w == waits[len(waits)-1])
			most = min(2*most, DefaultMaxBackoff)
		}
		if len(waits) < 15 || equal {
			t.Errorf("waits %v", waits)
		}
		up.Store(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := r.Stats(); st.Frames < 1000 { // 50 ms at most from one to the next
			t.Errorf("%d frames in a minute, the backoff did not begin anew", st.Frames)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// The end of the context ends a Receiver wherever it is.
func TestReceiverStops(t *testing.T) {
	places := map[string]func(a *agent){
		"dialing":          func(*agent) {},
		"waiting":          func(a *agent) { a.accept() },
		"within a frame":   func(a *agent) { a.accept().Write([]byte("ESUM")) },
		"not acknowledged": func(a *agent) { a.Accept() }, // its hello is not read
		"backing off":      func(a *agent) { a.accept().Close() },
	}
	for name, bring := range places {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &agent{NewInside(), t}
				r := NewReceiver(ReceiverConfig{Dial: a.Dial, MinBackoff: time.Hour})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- r.Run(ctx) }()
				bring(a)
				synctest.Wait()
				begin := time.Now()
				cancel()
				if err := <-done; err != nil || time.Since(begin) != 0 {
					t.Errorf("%v after %v", err, time.Since(begin))
				}
			})
		})
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{"invalid": true, "": true}
	check := func(s fmt.Stringer) {
		if seen[s.String()] {
			t.Errorf("%q stands for two things, or nothing", s)
		}
		seen[s.String()] = true
	}
	for r := range Reason(NumReasons) {
		check(r)
	}
	seen = map[string]bool{"invalid": true, "": true}
	for f := range Failure(NumFailures) {
		check(f)
	}
	check(Keep)
	check(Watch)
	if allowed.String() != "invalid" || Failure(NumFailures).String() != "invalid" || Mode(0).String() != "invalid" {
		t.Error("what is invalid has a name")
	}
}
