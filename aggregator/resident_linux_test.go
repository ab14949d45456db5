package aggregator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"summarizer/summaries"
)

// What the program may keep resident, and the limit under which it must live.
const (
	maxResident = 48 << 20
	memoryLimit = 64 << 20
)

// garbage is what the heap may grow by between collections, in percent of what is in use. The
// default of 100 would double the memory of the panes; little of it holds pointers, so that a
// collection costs little.
const garbage = 5

// burden is a way to run the aggregator for a while.
type burden struct {
	Name        string
	Window, Hop time.Duration
	Slow        time.Duration // what each deliver takes
	For         time.Duration
}

// borne is what a process that ran a burden tells.
type borne struct {
	Events, Windows uint64
	Checkpoints     uint64
	Resident        int // the most bytes that were resident, less what the generators of the floods hold
}

// TestResident runs the aggregator at its default limits, in a process of its own, under every
// flood at once. The process may not have more than memoryLimit, and keeps to maxResident.
func TestResident(t *testing.T) {
	program := buildTests(t)
	long := residentTime
	if testing.Short() {
		long = 3 * time.Second
	}
	for _, b := range []burden{
		{Name: "windows", Window: 500 * time.Millisecond},
		{Name: "slow host", Window: 200 * time.Millisecond, Slow: 700 * time.Millisecond},
		{Name: "rolling", Window: time.Second, Hop: 100 * time.Millisecond},
		{Name: "checkpoints", Window: time.Minute},
	} {
		b.For = long / 4
		t.Run(b.Name, func(t *testing.T) {
			group := limited(t, memoryLimit)
			got := bear(t, program, group, b)
			t.Logf("%d events in %d windows, %d checkpoints: %.1f MiB resident, %.1f MiB charged to the control group",
				got.Events, got.Windows, got.Checkpoints, mib(got.Resident), mib(group.peak(t)))
			if got.Resident > maxResident {
				t.Errorf("%.1f MiB were resident, at most %.1f are allowed", mib(got.Resident), mib(maxResident))
			}
			if got.Windows+got.Checkpoints < 3 {
				t.Errorf("only %d windows", got.Windows)
			}
		})
	}
}

func mib(n int) float64 { return float64(n) / (1 << 20) }

const burdenVariable = "AGGREGATOR_TEST_BURDEN"

// bear runs b in a process of its own within the group, if there is one.
func bear(t *testing.T, program string, group memoryGroup, b burden) (got borne) {
	t.Helper()
	order, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := group.command(program, "-test.run=^TestBurden$")
	cmd.Env = append(os.Environ(), burdenVariable+"="+string(order))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("under %d MiB: %v; signal: killed means that it was not enough\n%s%s", memoryLimit>>20, err, &stdout, &stderr)
	}
	if err := json.NewDecoder(&stdout).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestBurden is what runs in the process of TestResident.
func TestBurden(t *testing.T) {
	order, ok := os.LookupEnv(burdenVariable)
	if !ok {
		t.Skip("runs in the process that TestResident starts")
	}
	var b burden
	if err := json.Unmarshal([]byte(order), &b); err != nil {
		t.Fatal(err)
	}
	debug.SetGCPercent(garbage)
	src := &storm{}
	before := heapInUse()
	if err := src.start(); err != nil {
		t.Fatal(err)
	}
	generators := heapInUse() - before
	var frame []byte
	var got borne
	a, err := New(Config{Window: b.Window, Hop: b.Hop, Checkpoint: func(s *summaries.Summary) {
		got.Checkpoints++
		var err error
		if frame, err = summaries.AppendFrame(frame[:0], s, summaries.DefaultFrameSize); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), b.For)
	defer cancel()
	err = a.Run(ctx, src, func(s *summaries.Summary) (err error) {
		time.Sleep(b.Slow)
		got.Windows++
		frame, err = summaries.AppendFrame(frame[:0], s, summaries.DefaultFrameSize)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got.Events = src.events
	got.Resident = mostResident(t) - int(generators)
	if err := json.NewEncoder(os.Stdout).Encode(got); err != nil {
		t.Fatal(err)
	}
}

// mostResident is what this process had resident at most, in bytes.
func mostResident(t *testing.T) int {
	t.Helper()
	n, err := residentOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// residentOf is VmHWM of proc(5), in bytes.
func residentOf(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmHWM in its status")
}
