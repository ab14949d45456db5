//go:build linux && (amd64 || arm64)

package linux

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"summarizer/esbridge"
)

// The tests need writers that are processes of their own: the source mutes ours. The test
// binary runs itself with this variable set to the name of a helper.
const helperVariable = "SUMMARIZER_LINUX_HELPER"

func TestMain(m *testing.M) {
	if name := os.Getenv(helperVariable); name != "" {
		if err := helpers[name](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, name+":", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// helper is a command that runs one of the helpers.
func helper(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	if helpers[name] == nil {
		t.Fatalf("no helper %q", name)
	}
	c := exec.Command("/proc/self/exe", args...)
	c.Env = append(os.Environ(), helperVariable+"="+name,
		"GORACE=atexit_sleep_ms=0") // or each helper ends a second late under the race detector
	c.Stderr = os.Stderr
	return c
}

// run runs a helper to its end and returns its pid and what it printed.
func run(t testing.TB, c *exec.Cmd) (pid int32, output string) {
	t.Helper()
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v", c.Args, err)
	}
	return int32(c.Process.Pid), strings.TrimSpace(string(out))
}

// event is what a test looks at.
type event struct {
	kind        esbridge.Kind
	path, from  string
	count       uint64
	bytes       uint64
	size        int64
	first, last int64
	process     esbridge.Process
	executable  string
	container   string
	origin      string
}

// recorder collects what a source delivers.
type recorder struct {
	events  []event
	tally   esbridge.Tally
	batches int
}

func (r *recorder) deliver(b *esbridge.Batch) error {
	r.batches++
	r.tally.Add(&b.Tally)
	for i := range b.Events {
		e := &b.Events[i]
		r.events = append(r.events, event{
			kind: e.Kind, path: string(e.Path), from: string(e.SourcePath), count: e.Count, bytes: e.Bytes,
			size: e.Size, first: e.First, last: e.Last, process: *e.Process,
			executable: string(e.Process.Executable), container: string(e.Process.Container),
			origin: string(e.Process.Origin),
		})
	}
	return nil
}

// of returns the events of one process.
func (r *recorder) of(pid int32) (events []event) {
	for _, e := range r.events {
		if e.process.PID == pid {
			events = append(events, e)
		}
	}
	return events
}

// total sums the counts of the events of some kind that f accepts.
func total(events []event, kind esbridge.Kind, f func(*event) bool) (n uint64) {
	for i := range events {
		if events[i].kind == kind && (f == nil || f(&events[i])) {
			n += events[i].count
		}
	}
	return n
}

// lines describes events without what differs from run to run, merged over windows.
func lines(events []event) []string {
	sums := map[string]uint64{}
	for _, e := range events {
		s := fmt.Sprintf("%v %s", e.kind, e.path)
		if e.from != "" {
			s += " from " + e.from
		}
		sums[s] += e.count
	}
	var out []string
	for s, n := range sums {
		out = append(out, fmt.Sprintf("%d %s", n, s))
	}
	slices.Sort(out)
	return out
}

// privileged skips a test where the source cannot run.
func privileged(t testing.TB) {
	t.Helper()
	for _, r := range Check() {
		if !r.OK {
			t.Skipf("SKIPPED, the source needs %s: %s; %s", r.Name, r.Detail, r.Remedy)
		}
	}
}

// watch runs a source while f does, and returns what it delivered. Its own checks hold in
// every test: nothing was lost between the kernel and us.
func watch(t testing.TB, c Config, f func(*Source)) *recorder {
	t.Helper()
	privileged(t)
	if c.Interval == 0 {
		c.Interval = 50 * time.Millisecond
	}
	cast, err := haveCast()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSource(c.withDefaults(), cast) // New would refuse a window that no clock cuts
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := new(recorder)
	attached, done := make(chan struct{}), make(chan error, 1)
	go func() {
		var once bool
		done <- s.Run(ctx, func(b *esbridge.Batch) error {
			if !once {
				once = true
				close(attached)
			}
			return r.deliver(b)
		})
	}()
	select {
	case <-attached: // the first batch shows that the programs are attached
		f(s)
	case err := <-done:
		t.Fatalf("the source ended at once: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if r.tally.KernelDropped != 0 {
		t.Errorf("the books do not balance: %d", r.tally.KernelDropped)
	}
	return r
}

// equal compares lists of lines.
func equal(t testing.TB, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
