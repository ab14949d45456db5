//go:build linux && (amd64 || arm64)

package linux

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"summarizer/esbridge"
)

const (
	chunkRows = 512        // rows of a table fetched by one system call
	internal  = 0xffffffff // file_count.name of a file that no path leads to
)

// drain turns windows into batches. All its room is taken when it is made.
type drain struct {
	objects  *bpfObjects
	windows  [2]window
	current  uint32
	interval time.Duration
	offset   int64  // boot offset of this window
	misses   uint64 // runs that the kernel skipped so far
	totals   []bpfTotals
	// marksLost says that this window cannot tell who writes unseen.
	marksLost bool
	fileKeys  []bpfFileKey
	files     []bpfFileCount
	procKeys  []bpfProcKey
	procs     []bpfProcCount
	names     names
	people    processes
	out       output
}

func newDrain(o *bpfObjects, c Config) (*drain, error) {
	d := emptyDrain(c)
	d.objects = o
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, fmt.Errorf("counting CPUs: %w", err)
	}
	d.totals = make([]bpfTotals, cpus)
	var own unix.Stat_t
	if err := unix.Stat("/proc/self/ns/mnt", &own); err != nil {
		return nil, fmt.Errorf("finding our mount namespace: %w", err)
	}
	d.people.ownMount = uint32(own.Ino)
	if d.people.epoch, err = bootOffset(); err != nil {
		return nil, err
	}
	d.windows, err = openWindows(o)
	return d, err
}

// emptyDrain is a drain with all its room, and without a kernel to read from.
func emptyDrain(c Config) *drain {
	return &drain{
		interval: c.Interval,
		fileKeys: make([]bpfFileKey, chunkRows), files: make([]bpfFileCount, chunkRows),
		procKeys: make([]bpfProcKey, chunkRows), procs: make([]bpfProcCount, chunkRows),
		names:  newNames(c),
		people: newProcesses(c),
		out:    newOutput(),
	}
}

func (d *drain) close() (err error) {
	for i := range d.windows {
		err = errors.Join(err, d.windows[i].ring.close())
	}
	return err
}

// window ends the current window and delivers what was counted in it: at least one batch,
// the last of which carries the tally.
func (d *drain) window(deliver func(*esbridge.Batch) error) (err error) {
	w := &d.windows[d.current]
	d.current = 1 - d.current
	if err := swap(d.objects, d.current); err != nil {
		return err
	}
	if d.offset, err = bootOffset(); err != nil {
		return err
	}
	wall, err := now(unix.CLOCK_REALTIME)
	if err != nil {
		return err
	}
	d.out.begin(deliver, wall, d.interval)
	if err := d.read(w); err != nil {
		return err
	}
	return d.out.deliver()
}

// read delivers the rows of a settled window and leaves it empty. Names come first, then
// processes, then what refers to both.
func (d *drain) read(w *window) (err error) {
	records, err := w.ring.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.ring.release()) }()
	d.names.index(records)
	d.people.reset()
	d.marksLost = d.lostMarks()
	if err := takeAll(w.procs, d.procKeys, d.procs, d.process); err != nil {
		return err
	}
	if err := d.names.events(d.paths); err != nil {
		return err
	}
	if err := takeAll(w.files, d.fileKeys, d.files, d.file); err != nil {
		return err
	}
	return d.balance(w)
}

// process makes a process known to the rows to come and delivers those of its events whose
// path is lost.
func (d *drain) process(k *bpfProcKey, v *bpfProcCount) error {
	i := d.people.add(k, v)
	i.lowerBound = i.lowerBound || d.marksLost
	if !slices.ContainsFunc(v.Kinds[:], func(s bpfStamp) bool { return s.N != 0 }) {
		return nil
	}
	if err := d.out.makeRoom(); err != nil {
		return err
	}
	p := d.people.in(&d.out, v.Id, &d.names)
	for slot := range v.Kinds {
		e := d.event(p, slot, &v.Kinds[slot])
		e.HasBytes, e.Bytes = slot == int(bpfSlotWRITE), v.Bytes
		d.out.add(&e)
	}
	return nil
}

// lostMarks says whether some process may have lost its mark: then all are lower bounds.
func (d *drain) lostMarks() bool {
	var lost uint32
	err := d.objects.MarksLost.Get(&lost)
	return err != nil || lost != 0
}

// event is one kind of a row; it stands for nothing where the row has none of that kind.
func (d *drain) event(p *esbridge.Process, slot int, s *bpfStamp) esbridge.Event {
	return esbridge.Event{
		Kind: kindOf[slot], Process: p, Count: s.N,
		First: int64(s.First) + d.offset, Last: int64(s.Last) + d.offset,
	}
}

// file delivers the events of a (process, file) row.
func (d *drain) file(_ *bpfFileKey, v *bpfFileCount) error {
	if v.Name == internal {
		for slot := range v.Kinds {
			d.out.ignore(v.Kinds[slot].N)
		}
		return nil
	}
	if err := d.out.makeRoom(); err != nil {
		return err
	}
	p := d.people.in(&d.out, v.Proc, &d.names)
	var path []byte
	if r, ok := d.names.of(d.names.files, uint64(v.Name)); ok {
		path = d.out.keep(func(b []byte) []byte {
			return rooted(appendWalked(b, r.strings[0], r.isCut(0)), len(b))
		})
	}
	for slot := range v.Kinds {
		e := d.event(p, slot, &v.Kinds[slot])
		e.Path = path
		e.HasSize, e.Size = slot != int(bpfSlotSETATTR), int64(v.Size)
		e.HasBytes, e.Bytes = slot == int(bpfSlotWRITE), v.Bytes
		d.out.add(&e)
	}
	return nil
}

// paths delivers an event that came with its paths.
func (d *drain) paths(r *record) error {
	if int(r.slot) >= len(kindOf) {
		return nil // balance counts it
	}
	if err := d.out.makeRoom(); err != nil {
		return err
	}
	p := d.people.in(&d.out, r.id, &d.names)
	e := d.event(p, int(r.slot), &bpfStamp{N: 1, First: r.when, Last: r.when})
	e.Path = d.argument(r, 0)
	if len(r.strings[2])+len(r.strings[3]) > 0 {
		e.SourcePath = d.argument(r, 2)
	}
	d.out.add(&e)
	return nil
}

// argument is the path of strings i (where it starts from) and i+1 (the argument).
func (d *drain) argument(r *record, i int) []byte {
	return d.out.keep(func(b []byte) []byte {
		return rooted(appendArgument(b, r.strings[i], r.strings[i+1], r.isCut(i)), len(b))
	})
}

// balance closes the books of a window: all that was counted as seen is in a row, in a
// record or in the count of what was lost. What is not goes to KernelDropped, and so do runs
// of our programs that the kernel skipped.
func (d *drain) balance(w *window) error {
	sum, err := takeTotals(d.objects, w.index, d.totals)
	if err != nil {
		return err
	}
	t := &d.out.batch.Tally
	t.Muted += sum.Muted
	t.QueueDropped += sum.Lost
	t.Malformed[esbridge.Unsupported] += sum.Unsupported
	for i, n := range sum.Lifecycle {
		t.Lifecycle[i] += n
	}
	reported := d.out.delivered + sum.Lost
	t.KernelDropped += max(reported, sum.Events) - min(reported, sum.Events)
	missed, err := d.skippedRuns()
	t.KernelDropped += missed
	return err
}

func (d *drain) skippedRuns() (uint64, error) {
	stats, err := d.objects.OnSysExit.Stats()
	if err != nil {
		return 0, fmt.Errorf("reading program statistics: %w", err)
	}
	missed := stats.RecursionMisses - d.misses
	d.misses = stats.RecursionMisses
	return missed, nil
}
