//go:build linux && (amd64 || arm64)

package linux

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"summarizer/esbridge"
)

// appendRing appends a record as the kernel puts it into a ring.
func appendRing(b []byte, r *record) []byte {
	raw := encodeRecord(r)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(raw)))
	b = append(append(b, 0, 0, 0, 0), raw...)
	return append(b, make([]byte, -len(raw)&7)...)
}

// recorded is a window without a kernel: some processes, each with as many files, and one
// removal by each.
type recorded struct {
	processes, files int
	ring             []byte
}

func recordWindow(processes, files int) *recorded {
	w := &recorded{processes: processes, files: files}
	for p := range processes {
		w.add(executableRecord, p, fmt.Sprintf("program%d\x00bin\x00", p), "docker-1.scope\x00")
		w.add(pathsRecord, p, "dir\x00", fmt.Sprintf("removed%d", p))
		for f := range files {
			w.add(nameRecord, p*files+f+1, fmt.Sprintf("file%d\x00dir%d\x00", f, p), "")
		}
	}
	return w
}

func (w *recorded) add(kind recordKind, id int, first, second string) {
	w.ring = appendRing(w.ring, &record{kind: kind, id: uint32(id), slot: uint8(bpfSlotUNLINK), when: 5,
		strings: [4][]byte{[]byte(first), []byte(second)}})
}

// feed gives the window to a drain as read does.
func (w *recorded) feed(d *drain, deliver func(*esbridge.Batch) error) error {
	d.out.begin(deliver, 1e9, d.interval)
	d.names.index(w.ring)
	d.people.reset()
	for p := range w.processes {
		k, v := bpfProcKey{Tgid: uint32(p), Mntns: 7}, bpfProcCount{Id: uint32(p), Uid: 1000}
		if err := d.process(&k, &v); err != nil {
			return err
		}
	}
	if err := d.names.events(d.paths); err != nil {
		return err
	}
	for f := range w.files { // as a hash table: the processes mixed
		for p := range w.processes {
			v := bpfFileCount{Name: uint32(p*w.files + f + 1), Proc: uint32(p)}
			v.Kinds[bpfSlotCREATE].N, v.Kinds[bpfSlotWRITE].N = 1, 3
			if err := d.file(nil, &v); err != nil {
				return err
			}
		}
	}
	return d.out.deliver()
}

// What a drain delivers is right however many batches a window takes, and a batch is never
// larger than its room.
func TestDrainInBatches(t *testing.T) {
	const processes, files = 700, 5
	d := emptyDrain(Config{}.withDefaults())
	w := recordWindow(processes, files)
	got := map[string]uint64{}
	batches := 0
	for range 2 { // the second window finds the room of the first
		err := w.feed(d, func(b *esbridge.Batch) error {
			batches++
			for i := range b.Events {
				e := &b.Events[i]
				got[fmt.Sprintf("%d %s %s %s %v %s", e.Process.PID, e.Process.Executable, e.Process.Origin,
					e.Process.Container, e.Kind, e.Path)] += e.Count
			}
			if len(b.Events) > batchEvents || cap(b.Events) != batchEvents {
				t.Fatalf("%d events in room for %d", len(b.Events), cap(b.Events))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for p := range processes {
		who := fmt.Sprintf("%d /bin/program%d user:1000 mnt:7", p, p)
		check := func(what string, n uint64) {
			if got[who+what] != 2*n {
				t.Errorf("%s%s: %d, want %d", who, what, got[who+what], 2*n)
			}
			delete(got, who+what)
		}
		check(" unlink /dir/removed"+strconv.Itoa(p), 1)
		for f := range files {
			check(fmt.Sprintf(" create /dir%d/file%d", p, f), 1)
			check(fmt.Sprintf(" write /dir%d/file%d", p, f), 3)
		}
	}
	if len(got) != 0 {
		t.Errorf("%d events besides: %v", len(got), got)
	}
	if want := 2 * processes * (2*files + 1) / batchEvents; batches <= want {
		t.Errorf("%d batches, want more than %d", batches, want)
	}
}

// The drain's memory is what it was made with, whatever a window holds.
func TestDrainMemoryIsFixed(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d := emptyDrain(Config{}.withDefaults())
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 2<<20 {
		t.Errorf("a drain takes %d bytes, want at most 2 MiB", took)
	}
	deliver := func(*esbridge.Batch) error { return nil }
	for _, w := range []*recorded{recordWindow(1, 10), recordWindow(8, 5000), recordWindow(8000, 8)} {
		room := [3]int{cap(d.out.bytes), cap(d.out.processes), cap(d.out.batch.Events)}
		n := testing.AllocsPerRun(3, func() {
			if err := w.feed(d, deliver); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%d processes with %d files: %v allocations, want none", w.processes, w.files, n)
		}
		if now := [3]int{cap(d.out.bytes), cap(d.out.processes), cap(d.out.batch.Events)}; now != room {
			t.Errorf("the room of a batch grew from %v to %v", room, now)
		}
	}
}

// Names as long as they get fill a batch by their bytes and do not make it grow.
func TestDrainOfLongNames(t *testing.T) {
	d := emptyDrain(Config{}.withDefaults())
	long := make([]byte, maxString)
	for i := range long {
		long[i] = 'n'
	}
	long[maxString-1] = 0
	w := &recorded{processes: 40, files: 1}
	for p := range w.processes {
		w.add(executableRecord, p, string(long), "")
		w.add(nameRecord, p+1, string(long), "")
		w.ring = appendRing(w.ring, &record{kind: pathsRecord, id: uint32(p), slot: uint8(bpfSlotRENAME), cut: 5,
			strings: [4][]byte{long, long, long, long}})
	}
	events := 0
	err := w.feed(d, func(b *esbridge.Batch) error {
		events += len(b.Events)
		for _, e := range b.Events {
			if len(e.Path) < maxString || len(e.Process.Executable) != maxString {
				t.Errorf("%v: a path of %d and an executable of %d bytes", e.Kind, len(e.Path), len(e.Process.Executable))
			}
		}
		return nil
	})
	if err != nil || events != 3*w.processes || cap(d.out.bytes) != batchText {
		t.Errorf("%d events in room for %d bytes: %v; want %d in %d", events, cap(d.out.bytes), err, 3*w.processes, batchText)
	}
}

// A row that stands for nothing takes its process into the batch all the same, and finds room.
func TestRowsWithoutEvents(t *testing.T) {
	d := emptyDrain(Config{}.withDefaults())
	d.out.begin(func(b *esbridge.Batch) error {
		if len(b.Events) != 0 {
			t.Errorf("%d events of rows without any", len(b.Events))
		}
		return nil
	}, 1e9, d.interval)
	for p := range uint32(3 * batchEvents) {
		if err := d.file(nil, &bpfFileCount{Proc: p}); err != nil {
			t.Fatal(err)
		}
	}
	if got := cap(d.out.processes); got != batchEvents {
		t.Errorf("room for %d processes, want %d", got, batchEvents)
	}
}
