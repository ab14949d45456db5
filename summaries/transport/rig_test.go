package transport

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
)

// rig is a Sender that serves hosts within the process.
type rig struct {
	*Sender
	numbers
	inside *Inside
	t      testing.TB
	stop   func()
}

// newRig starts a sender within the process.
func newRig(t testing.TB, cfg SenderConfig) *rig {
	t.Helper()
	inside := NewInside()
	r := newRigOn(t, cfg, inside)
	r.inside = inside
	return r
}

// newRigOn starts a sender; it stops when the test ends, and must have let go of everything.
func newRigOn(t testing.TB, cfg SenderConfig, l net.Listener) *rig {
	t.Helper()
	if cfg.FrameSize == 0 {
		cfg.FrameSize = testFrame
	}
	s, err := NewSender(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Sender: s, t: t}
	r.stop = sync.OnceFunc(serve(t, s, l))
	t.Cleanup(func() {
		r.stop()
		if st := r.Stats(); st.Keeper || st.Watchers > 0 || st.Strangers > 0 {
			t.Errorf("after the end there are still %+v", st)
		}
	})
	return r
}

// serve starts Serve; the function that it returns ends it.
func serve(t testing.TB, s *Sender, l net.Listener) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, l) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serving: %v", err)
		}
	}
}

// dial connects and says nothing.
func (r *rig) dial() *host {
	r.t.Helper()
	c, err := r.inside.Dial(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return &host{c, r.t, 0}
}

// connect connects a host that says what it is.
func (r *rig) connect(mode Mode) *host {
	r.t.Helper()
	h := r.dial()
	h.mode = mode
	h.ack(0)
	synctest.Wait()
	return h
}

func (r *rig) putTile(events uint64) {
	r.t.Helper()
	if err := r.Deliver(r.makeTile(events)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) putRefresh() {
	r.t.Helper()
	if err := r.Deliver(r.makeRefresh(1)); err != nil {
		r.t.Fatal(err)
	}
}

// ends waits until all that can happen now has happened, and compares the endings.
func (r *rig) ends(want ended) {
	r.t.Helper()
	synctest.Wait()
	checkStats(r.t, r.Stats(), want)
}

// socketRig is a rig on a Unix socket.
type socketRig struct {
	*rig
	path string
}

func newSocketRig(t testing.TB, cfg SenderConfig) *socketRig {
	t.Helper()
	path := filepath.Join(shortDir(t), "d", "s")
	l, err := Listen(path, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	return &socketRig{newRigOn(t, cfg, l), path}
}

func (r *socketRig) dialSocket() *host {
	r.t.Helper()
	c, err := net.Dial("unix", r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return &host{c, r.t, 0}
}
