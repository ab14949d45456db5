//go:build cgo

package native

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
)

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
			tr, err := open(endpointsecurity.Config{})
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
		if _, err := open(c); err == nil || !strings.Contains(err.Error(), "power of two") {
			t.Errorf("%+v: error %v", c, err)
		}
		if calls := apiCalls(); calls != "" {
			t.Errorf("%+v: called\n%s", c, calls)
		}
	}
}

// TestCallOrder: clients are made, the plan is carried out on the one for files, then they are
// subscribed (steps of processes first, or one could be missed whose files are seen) and
// deleted, in this order.
func TestCallOrder(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	resetSimulator()
	plan, err := endpointsecurity.Selection{
		Self: [8]uint32{5: 77, 7: 3}, Only: []string{"/a b", "/c/"}, Rules: []string{"exe=/bin/x", "path=/a b/z", "exe-prefix=/opt"},
	}.Plan()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := open(endpointsecurity.Config{Events: []uint32{33, 12}, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	// To invert again would turn it back.
	if tr.do(endpointsecurity.Call{Op: endpointsecurity.InvertTarget}) != 0 {
		t.Error("inverting what is inverted failed")
	}
	if err := tr.Stop(func() {}); err != nil {
		t.Fatal(err)
	}
	want := `new 0
new 1
mute_process 0 77.3
unmute_targets 0
invert 0 2
mute_path 0 2 /a b/
mute_path 0 3 /a b
mute_path 0 2 /c/
mute_path 0 3 /c
mute_path 0 1 /bin/x
mute_path 0 0 /opt/
mute_path 0 1 /opt
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
	for want, s := range map[string]endpointsecurity.Selection{
		"muting process 77":        {Self: [8]uint32{5: 77}},
		"muting \"/x/\"":           {Rules: []string{"path=/x"}},
		"selecting paths":          {Only: []string{"/x"}},
		"subscribing to":           {},
		"end this process to be r": {}, // deleting
	} {
		resetSimulator()
		refuseCalls(true)
		plan, err := s.Plan()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := open(endpointsecurity.Config{Plan: plan}); err == nil || !strings.Contains(err.Error(), want) {
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
	if _, err := New(endpointsecurity.Config{}, endpointsecurity.Selection{}); err == nil || !strings.Contains(err.Error(), "--source linux") {
		t.Errorf("error %v", err)
	}
}

// TestDeliverError: an error of deliver ends the source, which still deletes its clients.
func TestDeliverError(t *testing.T) {
	resetSimulator()
	full := errors.New("full")
	s := endpointsecurity.NewSource(endpointsecurity.Config{}, func() (endpointsecurity.Transport, error) {
		return open(endpointsecurity.Config{})
	})
	if err := s.Run(context.Background(), func(*esbridge.Batch) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if strings.Count(apiCalls(), "delete") != endpointsecurity.NumLanes {
		t.Errorf("called\n%s", apiCalls())
	}
}
