//go:build linux && (amd64 || arm64)

package linux

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"summarizer/esbridge"
)

func wallClock(t testing.TB) int64 {
	n, err := now(unix.CLOCK_REALTIME)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is reported is what was done, to the last write, for every process and file, while
// windows of a few milliseconds cut through it.
func TestFloodsAreCountedExactly(t *testing.T) {
	for _, shape := range []struct{ processes, threads, writes, files int }{
		{1, 1, 1, 1}, {1, 100, 1000, 1}, {1, 4, 20000, 7}, {8, 16, 2000, 1}, {16, 4, 3000, 4},
	} {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			flood(t, shape.processes, shape.threads, shape.writes, shape.files)
		})
	}
}

type flooder struct {
	pid          int32
	dir          string
	calls, bytes uint64 // what the kernel's own accounting says
}

func flood(t *testing.T, processes, threads, writes, files int) {
	done := make([]flooder, processes)
	r := watch(t, Config{Interval: 12 * time.Millisecond}, func(*Source) {
		var wg sync.WaitGroup
		for i := range done {
			dir := t.TempDir()
			c := helper(t, "flood", dir, strconv.Itoa(threads), strconv.Itoa(writes), strconv.Itoa(files))
			wg.Go(func() {
				out, err := c.Output()
				if err != nil {
					t.Error(err)
					return
				}
				done[i] = flooder{pid: int32(c.Process.Pid), dir: dir}
				fmt.Sscan(string(out), &done[i].calls, &done[i].bytes)
			})
		}
		wg.Wait()
	})
	for _, f := range done {
		events := r.of(f.pid)
		for k := range files {
			want := uint64(threads * ((writes - k + files - 1) / files))
			name := filepath.Join(f.dir, strconv.Itoa(k))
			if got := total(events, esbridge.Write, func(e *event) bool { return e.path == name }); got != want {
				t.Errorf("%s: %d writes, want %d", name, got, want)
			}
		}
		all, want := total(events, esbridge.Write, nil), uint64(threads*writes)
		if all != want {
			t.Errorf("process %d: %d writes, want %d", f.pid, all, want)
		}
		// The process also wakes its own threads by writes, which are to no file.
		if f.calls < all || f.calls > all+all/10+1000 {
			t.Errorf("process %d: /proc/self/io has %d writes, we have %d", f.pid, f.calls, all)
		}
	}
	if r.tally.QueueDropped != 0 {
		t.Errorf("%d lost", r.tally.QueueDropped)
	}
}

// Processes that live a millisecond keep their executable, their parent and their counts.
func TestShortLivedProcesses(t *testing.T) {
	const processes = 600
	dir := t.TempDir()
	dd, err := exec.LookPath("dd")
	if err != nil {
		t.Skip("SKIPPED: no dd on this machine")
	}
	dd, err = filepath.EvalSymlinks(dd)
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do
		dd if=/dev/zero of=%s/$i bs=1 count=$((i%%37+1)) 2>/dev/null; i=$((i+1)); done`, processes, dir)
	var shell *exec.Cmd
	r := watch(t, Config{}, func(*Source) {
		shell = exec.Command("/bin/sh", "-c", script)
		if out, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	})
	exact := 0
	for i := range processes {
		name := filepath.Join(dir, strconv.Itoa(i))
		n := total(r.events, esbridge.Write, func(e *event) bool {
			return e.path == name && e.executable == dd && e.process.PPID == int32(shell.Process.Pid) && e.origin == "system"
		})
		if n == uint64(i%37+1) {
			exact++
		}
	}
	if exact != processes {
		t.Errorf("%d of %d processes exact", exact, processes)
	}
	for l, n := range r.tally.Lifecycle {
		if n < processes {
			t.Errorf("%d %v, want at least %d", n, esbridge.Lifecycle(l), processes)
		}
	}
}

// What the kernel's tables have no room for is counted: reported + lost = done.
func TestFullTablesLoseNoCount(t *testing.T) {
	const files, processes = 1500, 3
	t.Run("files", func(t *testing.T) {
		r, pids := overflow(t, Config{MaxFiles: 100, Interval: time.Second}, files, 1)
		events := r.of(pids[0])
		named := total(events, esbridge.Write, func(e *event) bool { return e.path != "" })
		all := total(events, esbridge.Write, nil)
		if all != files || named == 0 || named > 500 || r.tally.QueueDropped != 0 {
			t.Errorf("%d writes, %d with a path, %d lost; want all %d, most without a path", all, named, r.tally.QueueDropped, files)
		}
	})
	t.Run("ring", func(t *testing.T) {
		r, pids := overflow(t, Config{RingBytes: 64 << 10, Interval: time.Second}, files, 1)
		events := r.of(pids[0])
		if all := total(events, esbridge.Write, nil); all != files || r.tally.QueueDropped != 0 {
			t.Errorf("%d writes and %d lost, want %d and none", all, r.tally.QueueDropped, files)
		}
	})
	t.Run("processes", func(t *testing.T) {
		r, _ := overflow(t, Config{MaxProcesses: 1, Interval: time.Minute}, files, processes)
		all := total(r.events, esbridge.Write, nil) + total(r.events, esbridge.Create, nil)
		if want := uint64(2 * files * processes); all+r.tally.QueueDropped < want || r.tally.QueueDropped == 0 {
			t.Errorf("%d reported and %d lost, want %d together", all, r.tally.QueueDropped, want)
		}
	})
}

// overflow lets processes write once to each of many files.
func overflow(t *testing.T, c Config, files, processes int) (r *recorder, pids []int32) {
	r = watch(t, c, func(*Source) {
		for range processes {
			pid, _ := run(t, helper(t, "distinct", t.TempDir(), strconv.Itoa(files)))
			pids = append(pids, pid)
		}
	})
	return r, pids
}

// A process that floods the tables with names leaves room for one that writes once, and for what
// else this machine does meanwhile.
func TestFloodOfNamesLeavesRoom(t *testing.T) {
	dir := t.TempDir()
	quiet := filepath.Join(dir, "quiet")
	var pid int32
	watchConfig := Config{MaxFiles: 16384, RingBytes: 2 << 20, Interval: time.Minute}
	r := watch(t, watchConfig, func(*Source) {
		run(t, helper(t, "distinct", t.TempDir(), "20000"))
		c := exec.Command("/bin/sh", "-c", "echo x > "+quiet)
		run(t, c)
		pid = int32(c.Process.Pid)
	})
	equal(t, lines(r.of(pid)), []string{"1 create " + quiet, "1 write " + quiet})
}

func TestOwnWritesAreMuted(t *testing.T) {
	dir := t.TempDir()
	const writes = 20
	r := watch(t, Config{}, func(*Source) {
		for i := range writes {
			if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	if own := r.of(int32(os.Getpid())); len(own) != 0 {
		t.Errorf("our own writes came back: %v", lines(own))
	}
	if r.tally.Muted < 2*writes { // created and written
		t.Errorf("%d muted, want at least %d", r.tally.Muted, 2*writes)
	}
}
