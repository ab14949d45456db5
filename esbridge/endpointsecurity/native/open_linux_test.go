//go:build cgo

package native

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func noMutes(*transport) error { return nil }

// TestOpenErrors: a client that cannot be made, the first or the second, is a sentence with what
// to do about it, and the other is not left behind.
func TestOpenErrors(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for result, want := range map[uint32][]string{
		1: {"INVALID_ARGUMENT", "newer"}, 2: {"INTERNAL", "try again"}, 3: {"NOT_ENTITLED", "com.apple.developer.endpoint-security.client"},
		4: {"NOT_PERMITTED", "Full Disk Access"}, 5: {"NOT_PRIVILEGED", "sudo"}, 6: {"TOO_MANY_CLIENTS", "stop another"}, 77: {"77", "newer"},
	} {
		for n := 1; n <= 2; n++ {
			resetSimulator()
			failNewClient(n, result)
			tr, err := open(endpointsecurity.Config{}, noMutes)
			if tr != nil || err == nil || !strings.Contains(err.Error(), want[0]) || !strings.Contains(err.Error(), want[1]) {
				t.Errorf("result %d: error %v", result, err)
			}
			if calls := apiCalls(); strings.Count(calls, "new ") != n-1 || strings.Count(calls, "delete ") != n-1 {
				t.Errorf("result %d of client %d: called\n%s", result, n, calls)
			}
		}
	}
}

// TestOpenSizes: sizes that are no power of two, or too small, are refused.
func TestOpenSizes(t *testing.T) {
	for _, c := range []endpointsecurity.Config{
		{RingBytes: [2]int{300 << 10, 1 << 20}}, {RingBytes: [2]int{1 << 20, 128 << 10}}, {Slots: [2]int{100, 64}}, {Slots: [2]int{64, 8}},
	} {
		resetSimulator()
		if _, err := open(c, noMutes); err == nil || !strings.Contains(err.Error(), "power of two") {
			t.Errorf("%+v: error %v", c, err)
		}
		if calls := apiCalls(); calls != "" {
			t.Errorf("%+v: called\n%s", c, calls)
		}
	}
}

// TestCallOrder: clients are made, muted, subscribed (steps of processes first, or one could be
// missed whose files are seen) and deleted, in this order.
func TestCallOrder(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	resetSimulator()
	tr, err := open(endpointsecurity.Config{Events: []uint32{33, 12}}, func(tr *transport) error {
		return errors.Join(tr.muteProcess([8]uint32{0, 0, 0, 0, 0, 77, 0, 3}), tr.mutePath("/a b", muteTargetLiteral))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Stop(func() {}); err != nil {
		t.Fatal(err)
	}
	want := `new 0
new 1
mute_process 0 77.3
mute_process 1 77.3
mute_path 0 3 /a b
mute_path 1 3 /a b
subscribe 1 9,11,15
subscribe 0 33,12
unsubscribe_all 0
delete 0
unsubscribe_all 1
delete 1
`
	if got := strings.ReplaceAll(apiCalls(), " \n", "\n"); got != want {
		t.Errorf("called\n%s\nwant\n%s", got, want)
	}
}

// TestRefused: what Endpoint Security refuses ends in an error that says what to do.
func TestRefused(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for want, mute := range map[string]func(*transport) error{
		"muting process 77":        func(tr *transport) error { return tr.muteProcess([8]uint32{5: 77}) },
		"muting \"/x\"":            func(tr *transport) error { return tr.mutePath("/x", mutePrefix) },
		"subscribing to":           noMutes,
		"end this process to be r": noMutes, // deleting
	} {
		resetSimulator()
		refuseCalls(true)
		if _, err := open(endpointsecurity.Config{}, mute); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one of %q", err, want)
		}
	}
}

// TestThread: the source deletes its clients on the thread that made them, however the runtime
// moves goroutines about.
func TestThread(t *testing.T) {
	for range 20 {
		r := startRun(t, endpointsecurity.Config{})
		r.end()
		if strings.Contains(apiCalls(), "another thread") || strings.Count(apiCalls(), "delete") != endpointsecurity.NumLanes {
			t.Fatalf("called\n%s", apiCalls())
		}
	}
}

// TestNewElsewhere: a build without Endpoint Security says what to use instead.
func TestNewElsewhere(t *testing.T) {
	if _, err := New(endpointsecurity.Config{}); err == nil || !strings.Contains(err.Error(), "--source linux") {
		t.Errorf("error %v", err)
	}
}

// TestDeliverError: an error of deliver ends the source, which still deletes its clients.
func TestDeliverError(t *testing.T) {
	resetSimulator()
	full := errors.New("full")
	s := endpointsecurity.NewSource(endpointsecurity.Config{}, func() (endpointsecurity.Transport, error) {
		return open(endpointsecurity.Config{}, noMutes)
	})
	if err := s.Run(context.Background(), func(*esbridge.Batch) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if strings.Count(apiCalls(), "delete") != endpointsecurity.NumLanes {
		t.Errorf("called\n%s", apiCalls())
	}
}
