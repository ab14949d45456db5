package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"summarizer/summaries"
)

// liveWindow is what the test reads of a JSON summary.
type liveWindow struct {
	FrameBytes int `json:"frame_bytes"`
	Window     struct {
		EndReason string `json:"end_reason"`
	}
	Ledger  json.RawMessage
	Origins []struct {
		Programs []struct {
			Path      string
			Other     struct{ Paths []row }
			Processes []struct{ Paths []row }
		}
	}
}

type row struct {
	Path, Scope string
	Kinds       map[string]uint64
}

// writes is how many writes to path the window lists, and the programs that did them.
func (w *liveWindow) writes(path string) (n uint64, programs []string) {
	for _, o := range w.Origins {
		for _, p := range o.Programs {
			rows := p.Other.Paths
			for _, x := range p.Processes {
				rows = append(rows, x.Paths...)
			}
			for _, r := range rows {
				if r.Path == path && r.Scope == "file" && r.Kinds["write"] > 0 {
					n += r.Kinds["write"]
					programs = append(programs, p.Path)
				}
			}
		}
	}
	return n, programs
}

// liveRun is a summarizer that watches this machine.
type liveRun struct {
	cmd     *exec.Cmd
	lines   *bufio.Scanner
	windows []liveWindow
}

// startLive returns once the first window has been delivered: from then on all is counted.
func startLive(t *testing.T, args ...string) *liveRun {
	t.Helper()
	if out, code := runProgram(t, "doctor"); code != 0 {
		t.Skipf("live events cannot be had here:\n%s", out)
	}
	r := &liveRun{cmd: exec.Command("summarizer", append([]string{"run", "--source", "linux", "--print", "json"}, args...)...)}
	r.cmd.Stderr = os.Stderr
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.cmd.Process.Kill() })
	r.lines = bufio.NewScanner(stdout)
	r.lines.Buffer(nil, 16<<20)
	if !r.next(t) {
		t.Fatal("the run ended before its first window")
	}
	return r
}

// next reads one window.
func (r *liveRun) next(t *testing.T) bool {
	t.Helper()
	if !r.lines.Scan() {
		return false
	}
	var w liveWindow
	if err := json.Unmarshal(r.lines.Bytes(), &w); err != nil {
		t.Fatalf("%v: %.200s", err, r.lines.Text())
	}
	r.windows = append(r.windows, w)
	return true
}

// stop interrupts the run and reads what it still has to say.
func (r *liveRun) stop(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for r.next(t) {
	}
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
	if reason := r.windows[len(r.windows)-1].Window.EndReason; reason != "shutdown" {
		t.Errorf("the open window ended with %q", reason)
	}
}

// total adds up the writes to path over all windows.
func (r *liveRun) total(path string) (n uint64, programs []string) {
	for i := range r.windows {
		writes, by := r.windows[i].writes(path)
		n, programs = n+writes, append(programs, by...)
	}
	return n, programs
}

// TestAttackIsCountedExactly is the promise of the whole program: a flood from 800 threads
// is counted to the last write, in frames of one size, and does not hide one write by
// another program.
func TestAttackIsCountedExactly(t *testing.T) {
	const frameSize = 64 << 10
	frames := filepath.Join(t.TempDir(), "frames")
	live := startLive(t, "--window", "2s", "--frames", frames, "--frame-size", "64KiB")

	arena, quiet := t.TempDir(), filepath.Join(t.TempDir(), "quiet")
	attack := exec.Command("summarizer", "attack", "--dir", arena, "--threads", "100", "--processes", "8", "--duration", "3s", "--print", "json")
	attack.Stderr = os.Stderr
	reported, err := attack.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := attack.Start(); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, filepath.Join(arena, "*", "file-0"))
	if err := exec.Command("/bin/sh", "-c", "echo >"+quiet).Run(); err != nil {
		t.Fatal(err)
	}
	var report attackReport
	if err := json.NewDecoder(reported).Decode(&report); err != nil {
		t.Fatal(err)
	}
	if err := attack.Wait(); err != nil {
		t.Fatal(err)
	}
	live.stop(t)

	if len(report.Files) != 1 || report.Writes == 0 {
		t.Fatalf("the attack reports %+v", report)
	}
	for path, done := range report.Files {
		if counted, _ := live.total(path); counted != done {
			t.Errorf("%d writes counted to %s, %d done; last ledger %s", counted, path, done, live.windows[len(live.windows)-1].Ledger)
		}
		t.Logf("%d writes done in %s", done, report.Elapsed)
	}
	if n, programs := live.total(quiet); n != 1 || filepath.Base(programs[0]) == "summarizer" {
		t.Errorf("the quiet write is counted %d times, by %v", n, programs)
	}
	checkFrameFile(t, frames, frameSize, live.windows)
}

// checkFrameFile expects one frame of the same size for each window.
func checkFrameFile(t *testing.T, name string, frameSize int, windows []liveWindow) {
	t.Helper()
	for _, w := range windows {
		if w.FrameBytes != frameSize {
			t.Errorf("a window of %d bytes", w.FrameBytes)
		}
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reader, n := summaries.NewFrameReader(f), 0
	for ; ; n++ {
		if _, err := reader.Next(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	info, err := f.Stat()
	if err != nil || n != len(windows) || info.Size() != int64(n*frameSize) {
		t.Errorf("%d frames in %d bytes for %d windows, %v", n, info.Size(), len(windows), err)
	}
}

// TestRunWithoutPrivileges runs in a user namespace, where the kernel lets nobody count.
func TestRunWithoutPrivileges(t *testing.T) {
	cmd := exec.Command("summarizer", "run", "--source", "linux", "--print", "json")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no user namespace can be made here: %v", err)
	}
	err := cmd.Wait()
	if cmd.ProcessState.ExitCode() != exitUnavailable {
		t.Errorf("ended with %v", err)
	}
	for _, want := range []string{"summarizer doctor", "summarizer replay"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no advice to use %q in:\n%s", want, &stderr)
		}
	}
}

func awaitFile(t *testing.T, pattern string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return
		}
	}
	t.Fatalf("no file matches %s", pattern)
}
