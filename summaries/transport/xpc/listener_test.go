package xpc

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

// TestListener: connections come in order; those beyond the backlog, and those that come late or
// are not fetched, are cut.
func TestListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := 0
		l := newListener("service")
		l.end = func() { ended++ }
		var offered []*conn
		for range backlog + 1 {
			c := newConn("service", testFrame, stuck{})
			offered = append(offered, c)
			l.offer(c)
		}
		isGone := func(c *conn) bool {
			select {
			case <-c.gone:
				return true
			default:
				return false
			}
		}
		if !isGone(offered[backlog]) || isGone(offered[backlog-1]) {
			t.Error("the wrong ones were cut")
		}
		if c, err := l.Accept(); err != nil || c != offered[0] {
			t.Errorf("accepted %v: %v", c, err)
		}
		waits := make(chan error)
		for range backlog - 1 {
			if _, err := l.Accept(); err != nil {
				t.Fatal(err)
			}
		}
		go func() { _, err := l.Accept(); waits <- err }()
		synctest.Wait()
		l.Close()
		l.Close()
		if err := <-waits; err != net.ErrClosed || ended != 1 {
			t.Errorf("Accept ended with %v, the service %d times", err, ended)
		}
		l.fail(errors.New("after the end"))
		late := newConn("service", testFrame, stuck{})
		l.offer(late)
		if _, err := l.Accept(); !isGone(late) || isGone(offered[1]) || !errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "after") {
			t.Errorf("after the end: %v", err)
		}
		for _, c := range offered {
			c.Close()
		}
	})
}

// TestListenerFails: what the system says of the service ends Accept, and what waits.
func TestListenerFails(t *testing.T) {
	l := newListener("service")
	waits := newConn("service", testFrame, stuck{})
	l.offer(waits)
	l.fail(errors.New("no such service"))
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "no such service") {
		t.Errorf("error %v", err)
	}
	<-waits.gone
	if l.Addr().String() != "service" {
		t.Errorf("address %v", l.Addr())
	}
}

// TestConfig: without a name or a requirement nothing is opened, and elsewhere than on macOS
// nothing at all.
func TestConfig(t *testing.T) {
	for want, c := range map[string]Config{
		"no name":        {Requirement: "anchor apple"},
		"no requirement": {Service: "s", Requirement: " "},
		"":               {Service: "s", Requirement: "anchor apple", FrameSize: 5},
	} {
		if _, err := Listen(c); err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%+v: %v", c, err)
		}
		if _, err := Dial(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if runtime.GOOS == "darwin" {
		return
	}
	if _, err := Listen(Config{Service: "s", Requirement: "anchor apple"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}
