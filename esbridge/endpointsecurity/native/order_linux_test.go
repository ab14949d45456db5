//go:build cgo

package native

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"summarizer/esbridge/endpointsecurity"
	"summarizer/esbridge/endpointsecurity/simulator"
)

// TestLossAfterItsProcess: no record tells of a slot before the one that says whose it is, even
// where the buffer ends between them.
func TestLossAfterItsProcess(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	resetSimulator()
	tr, err := open(endpointsecurity.Config{RingBytes: [2]int{256 << 10, 256 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	rng := newRand(t)
	var images []simulator.Image
	for i := range 300 {
		m := simulator.Random(rng, 9, []uint32{33})
		m.Denied, m.Process.PID = false, int32(1+i/100)
		m.Process.Version, m.Process.PPID, m.Process.ParentPID, m.Process.ResponsiblePID = 1, 1, 1, 1
		m.Process.Flags, m.Process.CDHash, m.Process.EUID, m.Process.StartUsec, m.Process.StartSec = 0, [20]byte{}, 0, 0, 0
		m.Process.Platform = false
		m.Target.Path = simulator.String{Bytes: fmt.Appendf(bytes.Repeat([]byte("/long"), 1200), "%d", i)}
		images = append(images, m.Image())
	}
	play(images, func(int) bool { return false })()
	known, lost := map[uint32]bool{}, map[uint32]bool{}
	drain := func() {
		buf := make([]byte, 128<<10)
		for n := tr.Drain(endpointsecurity.Files, buf); n > 0; n = tr.Drain(endpointsecurity.Files, buf) {
			for b := buf[:n]; len(b) > 0; b = b[binary.LittleEndian.Uint32(b):] {
				slot := binary.LittleEndian.Uint32(b[8:])
				switch kind := binary.LittleEndian.Uint16(b[4:]); {
				case kind == 2:
					known[slot] = true
				case !known[slot]:
					t.Fatalf("a record of type %d of slot %d, which is nobody's", kind, slot)
				case kind == 4:
					lost[slot] = true
				}
			}
		}
	}
	if err := tr.Stop(drain); err != nil {
		t.Fatal(err)
	}
	if len(known) != 3 || len(lost) != 3 {
		t.Errorf("%d processes, %d of which lost something, want 3", len(known), len(lost))
	}
}
