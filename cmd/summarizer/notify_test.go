package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"summarizer/esbridge"
)

// manager is the end of a service manager's socket, sd_notify(3).
type manager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(shortDir(t), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &manager{t, c, path}
}

// next is the next message; "" where none is there within a time.
func (m *manager) next(within time.Duration) string {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		m.t.Fatal(err)
	}
	b := make([]byte, 256)
	n, err := m.conn.Read(b)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		m.t.Fatal(err)
	}
	return string(b[:n])
}

// The service manager hears that the agent is ready, that it lives, and that it stops, in
// this order.
func TestServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	for verb, args := range map[string][]string{
		"agent": {"--source", "synthetic:quiet-desktop"},
		"host":  {},
	} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			dir, m := shortDir(t), newManager(t)
			if verb == "agent" {
				args = append(args, "--spool", filepath.Join(dir, "spool"))
			} else {
				args = append(args, "--store", filepath.Join(dir, "h.db"))
			}
			p := newProcess(t, dir, verb, append(args, "--socket", filepath.Join(dir, "s"))...)
			p.Env = append(os.Environ(), "NOTIFY_SOCKET="+m.path, "WATCHDOG_USEC=300000")
			p.start()
			for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
				if got := m.next(time.Minute); got != want {
					t.Fatalf("told %q, want %q", got, want)
				}
			}
			p.stop()
			told := []string{}
			for message := m.next(time.Second); message != ""; message = m.next(time.Millisecond) {
				told = append(told, message)
			}
			told = slices.DeleteFunc(told, func(s string) bool { return s == "WATCHDOG=1" })
			if !slices.Equal(told, []string{"STOPPING=1"}) {
				t.Errorf("told %q at the end", told)
			}
		})
	}
}

// The manager hears nothing while the source is stuck.
func TestWatchdogTellsOnlyOfTheLiving(t *testing.T) {
	m := newManager(t)
	t.Setenv("NOTIFY_SOCKET", m.path)
	t.Setenv("WATCHDOG_USEC", "3000")
	ctx, cancel := context.WithCancel(t.Context())
	source := &pulse{Source: batches{}}
	asked := 0
	watchdog(ctx, func() bool {
		asked++
		if asked == 2 || asked == 5 {
			if err := source.Run(ctx, func(*esbridge.Batch) error { return nil }); err != nil {
				t.Error(err)
			}
		}
		if asked == 8 {
			cancel()
		}
		return source.alive()
	})
	var told []string
	for message := m.next(time.Second); message != ""; message = m.next(time.Millisecond) {
		told = append(told, message)
	}
	if strings.Join(told, " ") != "WATCHDOG=1 WATCHDOG=1" {
		t.Errorf("told %q for two batches", told)
	}
}

// batches is a source of one batch.
type batches struct{}

func (batches) Info() esbridge.Info { return esbridge.Info{Name: "batches", Live: true} }

func (batches) Run(_ context.Context, deliver func(*esbridge.Batch) error) error {
	return deliver(&esbridge.Batch{})
}
