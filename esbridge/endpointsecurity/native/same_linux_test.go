//go:build cgo

package native

import (
	"runtime"
	"strings"
	"testing"

	"summarizer/esbridge/endpointsecurity"
)

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
