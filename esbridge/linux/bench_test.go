//go:build linux && (amd64 || arm64)

package linux

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"summarizer/esbridge"
)

// BenchmarkWriterCost measures what the source adds to system calls: the least time per call
// of many batches, in a process that does nothing else, without and with the source. What an
// empty program on the same hook adds is the floor: "empty" is that.
func BenchmarkWriterCost(b *testing.B) {
	privileged(b)
	for b.Loop() {
		without := measure(b)
		var empty, with, closes cost
		withEmptyProgram(b, func() { empty = measure(b) })
		watch(b, Config{Interval: time.Second}, func(*Source) { with = measure(b) })
		watch(b, Config{Interval: time.Second, CloseModified: true}, func(*Source) { closes = measure(b) })
		without.report(b, cost{}, "alone")
		empty.report(b, without, "empty+")
		with.report(b, without, "source+")
		closes.report(b, without, "closes+")
	}
}

func (c cost) report(b *testing.B, without cost, name string) {
	b.ReportMetric(c.write-without.write, "write-ns-"+name)
	b.ReportMetric(c.other-without.other, "getppid-ns-"+name)
	b.ReportMetric(c.cycle-without.cycle, "open+write+close-ns-"+name)
}

func withEmptyProgram(b *testing.B, f func()) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceRawTp, AttachTo: "sys_exit", License: "MIT",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	l, err := link.AttachTracing(link.TracingOptions{Program: p})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	f()
}

// BenchmarkDrain measures one window of 10,000 files: swap, read, deliver, empty.
func BenchmarkDrain(b *testing.B) {
	privileged(b)
	s, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if s.links, err = attach(s.objects, s.config); err != nil {
		b.Fatal(err)
	}
	const files = 10_000
	var used time.Duration
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		run(b, helper(b, "distinct", b.TempDir(), strconv.Itoa(files)))
		var r recorder
		before := cpuTime(b)
		b.StartTimer()
		err := s.drain.window(func(batch *esbridge.Batch) error { r.batches += len(batch.Events); return nil })
		if used += cpuTime(b) - before; err != nil || r.batches < 2*files {
			b.Fatalf("%d events: %v", r.batches, err)
		}
	}
	b.ReportMetric(float64(used)/float64(b.N*files), "cpu-ns/file")
}

// BenchmarkFlood measures what the source costs this process while eight others write.
func BenchmarkFlood(b *testing.B) {
	const processes, threads, writes = 8, 12, 20_000
	for b.Loop() {
		var took, used time.Duration
		watch(b, Config{}, func(*Source) {
			start, before := time.Now(), cpuTime(b)
			var wg sync.WaitGroup
			for range processes {
				c := helper(b, "flood", b.TempDir(), strconv.Itoa(threads), strconv.Itoa(writes), "4")
				wg.Go(func() {
					if err := c.Run(); err != nil {
						b.Error(err)
					}
				})
			}
			wg.Wait()
			took, used = time.Since(start), cpuTime(b)-before
		})
		b.ReportMetric(processes*threads*writes/took.Seconds(), "writes/s")
		b.ReportMetric(100*used.Seconds()/took.Seconds(), "cpu-percent")
	}
}

func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cost is nanoseconds per call.
type cost struct{ write, other, cycle float64 }

func measure(b *testing.B) (c cost) {
	_, out := run(b, helper(b, "measure", b.TempDir()))
	if _, err := fmt.Sscan(out, &c.write, &c.other, &c.cycle); err != nil {
		b.Fatal(err)
	}
	return c
}

// measureHelper prints the cost of a one-byte write, of a call that is none, and of opening,
// writing and closing.
func measureHelper(args []string) error {
	name := args[0] + "/f"
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	fd, buf := int(f.Fd()), []byte{0}
	write := least(2000, func() { unix.Pwrite(fd, buf, 0) })
	other := least(2000, func() { unix.Getppid() })
	cycle := least(200, func() {
		fd, _ := unix.Open(name, unix.O_WRONLY, 0)
		unix.Write(fd, buf)
		unix.Close(fd)
	})
	_, err = fmt.Println(write, other, cycle)
	return err
}

func least(calls int, f func()) float64 {
	best := math.Inf(1)
	for range 400 {
		start := time.Now()
		for range calls {
			f()
		}
		best = min(best, float64(time.Since(start))/float64(calls))
	}
	return best
}
