//go:build linux && (amd64 || arm64)

package linux

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"summarizer/esbridge"
)

// loadHelper prints why a source cannot be made.
func loadHelper([]string) error {
	s, err := New(Config{})
	if err == nil {
		return errors.Join(errors.New("a source was made"), s.Close())
	}
	_, err = fmt.Println(err)
	return err
}

func TestWithoutPrivilegesTheErrorSaysWhatToDo(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root to give privileges up")
	}
	c := helper(t, "load")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	_, out := run(t, c)
	for _, want := range []string{"CAP_BPF and CAP_PERFMON missing", "setcap cap_bpf,cap_perfmon+ep", "recording"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q does not say %q", out, want)
		}
	}
}

// grantedHelper counts for a moment.
func grantedHelper([]string) error {
	s, err := New(Config{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return s.Run(ctx, func(*esbridge.Batch) error { cancel(); return nil })
}

// The two capabilities that the documentation names are enough for a user that is not root.
func TestTwoCapabilitiesAreEnough(t *testing.T) {
	privileged(t)
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root to grant capabilities to another user")
	}
	c := helper(t, "granted")
	c.SysProcAttr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: 65534, Gid: 65534},
		AmbientCaps: []uintptr{unix.CAP_BPF, unix.CAP_PERFMON},
	}
	run(t, c)
}

func TestCheckIsWellFormed(t *testing.T) {
	for _, r := range Check() {
		if r.Name == "" || r.Detail == "" || r.OK != (r.Remedy == "") {
			t.Errorf("%+v", r)
		}
	}
}

func TestKernelAtLeast(t *testing.T) {
	for release, want := range map[string]bool{
		"5.17.0": true, "5.16.99": false, "6.1.0-56-cloud": true, "4.19.0": false, "10.0": true, "nonsense": false,
	} {
		if kernelAtLeast(release, 5, 17) != want {
			t.Errorf("%s: want %v", release, want)
		}
	}
}

// Kernels before 6.2 have no bpf_rdonly_cast; the programs must load and count without.
func TestWithoutCast(t *testing.T) {
	t.Parallel()
	privileged(t)
	s, err := newSource(Config{Interval: 50 * time.Millisecond}.withDefaults(), false)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := new(recorder)
	var pid int32
	err = s.Run(ctx, func(b *esbridge.Batch) error {
		if r.batches == 0 {
			pid, _ = run(t, helper(t, "flood", dir, "3", "700", "1"))
			cancel()
		}
		return r.deliver(b)
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, lines(r.of(pid)), []string{"1 create " + filepath.Join(dir, "0"), "2100 write " + filepath.Join(dir, "0")})
}

func TestErrorOfDeliverEndsRun(t *testing.T) {
	privileged(t)
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	calls := 0
	err = s.Run(context.Background(), func(*esbridge.Batch) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%v after %d calls, want %v after 1", err, calls, full)
	}
	if err := s.Run(context.Background(), nil); !errors.Is(err, errClosed) {
		t.Errorf("a second run: %v, want %v", err, errClosed)
	}
	if err := s.Mute(); !errors.Is(err, errClosed) {
		t.Errorf("muting afterwards: %v, want %v", err, errClosed)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestMuteRefuses(t *testing.T) {
	privileged(t)
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Mute(make([]int, MaxMuted+1)...); !errors.Is(err, errTooManyMuted) {
		t.Errorf("too many: %v", err)
	}
	if err := s.Mute(1 << 30); err == nil {
		t.Error("a process that is not there was muted")
	}
}

func TestUntilNext(t *testing.T) {
	for at, want := range map[int64]time.Duration{0: time.Second, 1: time.Second - 1, 1e9 - 1: 1, 17e8: 3e8} {
		if got := untilNext(time.Unix(0, at), time.Second); got != want {
			t.Errorf("at %d: %v, want %v", at, got, want)
		}
	}
}

func TestDeviceNumbers(t *testing.T) {
	for kernel, want := range map[uint32]uint64{8<<20 | 1: 0x801, 259<<20 | 300: 0x11032c, 0<<20 | 0xabc: 0xa000bc} {
		if got := device(kernel); got != want {
			t.Errorf("%#x: %#x, want %#x", kernel, got, want)
		}
	}
}
