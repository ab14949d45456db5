//go:build cgo

package native

import (
	"runtime"
	"strings"
	"testing"

	"summarizer/esbridge/endpointsecurity"
)

// TestInvertedUnknown: where Endpoint Security cannot tell whether muting is inverted, nobody
// inverts it.
func TestInvertedUnknown(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	resetSimulator()
	tr, err := open(endpointsecurity.Config{})
	if err != nil {
		t.Fatal(err)
	}
	refuseCalls(true)
	if tr.do(endpointsecurity.Call{Op: endpointsecurity.InvertTarget}) == 0 || strings.Contains(apiCalls(), "invert") {
		t.Errorf("called\n%s", apiCalls())
	}
	refuseCalls(false)
	if err := tr.Stop(func() {}); err != nil {
		t.Error(err)
	}
	p := &pure{library: library{
		mutingInverted: func(uintptr, uint32) uint32 { return 2 },
		invertMuting:   func(uintptr, uint32) uint32 { t.Error("the transport without cgo inverts"); return 0 },
	}}
	p.clients[endpointsecurity.Files] = 1
	if p.do(endpointsecurity.Call{Op: endpointsecurity.InvertTarget}) == 0 {
		t.Error("the transport without cgo says that it inverted")
	}
}

// TestPureCalls: the calls are those of the transport in C, in its order.
func TestPureCalls(t *testing.T) {
	sim := loadSimulator(t)
	plan, err := endpointsecurity.Selection{
		Self: [8]uint32{5: 77, 7: 3}, Only: []string{"/a b"}, Rules: []string{"exe=/bin/x", "exe-prefix=/opt"},
	}.Plan()
	if err != nil {
		t.Fatal(err)
	}
	c := endpointsecurity.Config{Plan: plan}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := openPure(c, sim.library)
	if err != nil {
		t.Fatal(err)
	}
	if p.do(endpointsecurity.Call{Op: endpointsecurity.InvertTarget}) != 0 {
		t.Error("inverting what is inverted failed")
	}
	if err := p.Stop(func() {}); err != nil || p.do(plan.Calls[0]) == 0 {
		t.Errorf("stopped with %v, and still mutes", err)
	}
	resetSimulator()
	tr, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Stop(func() {}); err != nil {
		t.Fatal(err)
	}
	if got, want := sim.calls(), apiCalls(); got != want || !strings.Contains(got, "invert 0 2") {
		t.Errorf("called\n%s\nwant\n%s", got, want)
	}
}
