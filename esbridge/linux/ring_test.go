//go:build linux && (amd64 || arm64)

package linux

import (
	"encoding/binary"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"summarizer/esbridge"
)

func TestNextRecord(t *testing.T) {
	length := func(n uint32, rest int) []byte {
		return append(binary.NativeEndian.AppendUint32(nil, n), make([]byte, rest)...)
	}
	for _, c := range []struct {
		name string
		ring []byte
		at   uint32
		n    int // of the record, -1 for nil
		next uint32
	}{
		{"empty", nil, 0, -1, 0},
		{"beyond the end", length(8, 12), 99, -1, 0},
		{"half a header", length(8, 0), 0, -1, 0},
		{"whole", length(8, 12), 0, 8, 16},
		{"rounded up", length(3, 12), 0, 3, 16},
		{"cut off", length(13, 12), 0, -1, 0},
		{"busy", length(8|ringBusy, 12), 0, -1, 0},
		{"discarded", length(8|ringDiscard, 12), 0, -1, 16},
		{"absurd", length(1<<30-1, 12), 0, -1, 0},
	} {
		b, next := nextRecord(c.ring, c.at)
		if n := len(b); b == nil && c.n != -1 || b != nil && n != c.n || next != c.next {
			t.Errorf("%s: record of %d (nil: %v), next %d; want %d and %d", c.name, n, b == nil, next, c.n, c.next)
		}
	}
}

// FuzzRing: no ring, however broken, makes the drain fail, loop or read beyond it.
func FuzzRing(f *testing.F) {
	f.Add(recordWindow(2, 2).ring)
	f.Add(appendRing(nil, sampleRecord()))
	f.Add([]byte{8, 0, 0, 0x40, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1})
	d := emptyDrain(Config{MaxFiles: 16, MaxProcesses: 4}.withDefaults())
	f.Fuzz(func(t *testing.T, b []byte) {
		w := recorded{processes: 3, files: 4, ring: b}
		events := 0
		if err := w.feed(d, func(b *esbridge.Batch) error { events += len(b.Events); return nil }); err != nil {
			t.Fatal(err)
		}
		if most := 2*w.processes*w.files + len(b)/recordHeader; events > most || events < 2*w.processes*w.files {
			t.Fatalf("%d events, want up to %d", events, most)
		}
	})
}

// startDrain is a source that counts, whose windows the test ends itself.
func startDrain(t *testing.T, c Config) *Source {
	t.Helper()
	privileged(t)
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if s.links, err = attach(s.objects, s.config); err != nil {
		t.Fatal(err)
	}
	return s
}

// Names that run past the end of the ring's memory are whole, and their space is given back.
func TestRingGoesAround(t *testing.T) {
	const size, files, rounds = 256 << 10, 500, 18
	s := startDrain(t, Config{RingBytes: size})
	taken := [2]uint64{}
	for range rounds {
		dir := t.TempDir()
		pid, _ := run(t, helper(t, "distinct", dir, strconv.Itoa(files)))
		var r recorder
		w := s.drain.current
		if err := s.drain.window(r.deliver); err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range files {
			name := filepath.Join(dir, strconv.Itoa(i))
			want = append(want, "1 create "+name, "1 write "+name)
		}
		equal(t, lines(r.of(pid)), want)
		ring := &s.drain.windows[w].ring
		if taken[w] = position(ring.consumer).Load(); taken[w] != position(ring.producer).Load() || ring.mapped != nil {
			t.Fatal("the ring was not given back")
		}
	}
	if taken[0] < size || taken[1] < size {
		t.Errorf("%d bytes went through rings of %d: none went around", taken, size)
	}
}

// What the source allocates for a window does not depend on what happened in it.
func TestWindowsAllocateTheSame(t *testing.T) {
	s := startDrain(t, Config{})
	allocated := func(files int) uint64 {
		run(t, helper(t, "distinct", t.TempDir(), strconv.Itoa(files)))
		events := 0
		deliver := func(b *esbridge.Batch) error { events += len(b.Events); return nil }
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := s.drain.window(deliver)
		runtime.ReadMemStats(&after)
		if err != nil || events < 2*files {
			t.Fatalf("%d events: %v", events, err)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	allocated(1) // what is made once
	few, many := allocated(1), allocated(4000)
	if many > few+16<<10 {
		t.Errorf("%d bytes for one file, %d for 4,000", few, many)
	}
}
