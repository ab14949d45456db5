//go:build linux && (amd64 || arm64)

package linux

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"summarizer/esbridge"
)

// An inode number that is handed out again is another file.
func TestInodeReuse(t *testing.T) {
	t.Parallel()
	const cycles = 300
	dir := t.TempDir()
	var pid int32
	r := watch(t, Config{Interval: time.Minute}, func(*Source) { pid, _ = run(t, helper(t, "reuse", dir, fmt.Sprint(cycles))) })
	var want []string
	for i := range cycles {
		for _, kind := range []string{"create", "write", "unlink"} {
			want = append(want, fmt.Sprintf("1 %s %s/%d", kind, dir, i))
		}
	}
	equal(t, lines(r.of(pid)), want)
}

func TestRenameDuringWindow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var pid int32
	r := watch(t, Config{Interval: time.Minute}, func(*Source) { pid, _ = run(t, helper(t, "rename", dir)) })
	equal(t, lines(r.of(pid)), []string{
		"1 create " + dir + "/before", "2 write " + dir + "/before", "1 rename " + dir + "/after from " + dir + "/before",
	})
}

func TestUnlinkedFileKeepsItsName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var pid int32
	r := watch(t, Config{}, func(*Source) { pid, _ = run(t, helper(t, "unlinked", dir)) })
	equal(t, lines(r.of(pid)), []string{"1 create " + dir + "/gone", "1 unlink " + dir + "/gone", "1 write " + dir + "/gone"})
}

// A descriptor opened before the source began has a path all the same.
func TestPreopenedDescriptor(t *testing.T) {
	t.Parallel()
	privileged(t)
	dir := t.TempDir()
	c := helper(t, "preopened", dir)
	in, out := startTalking(t, c)
	out.Scan()
	r := watch(t, Config{}, func(*Source) {
		io.WriteString(in, "x")
		in.Close()
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
	})
	equal(t, lines(r.of(int32(c.Process.Pid))), []string{"1 write " + dir + "/early"})
}

// startTalking starts a helper whose input and output the test keeps.
func startTalking(t *testing.T, c *exec.Cmd) (io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return in, bufio.NewScanner(out)
}

func TestExecIsAnotherExecution(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var pid int32
	r := watch(t, Config{}, func(*Source) { pid, _ = run(t, helper(t, "exec", dir)) })
	versions := map[uint64]string{}
	for _, e := range r.of(pid) {
		versions[e.process.Version] = e.executable
	}
	self, _ := os.Executable()
	shell, _ := filepath.EvalSymlinks("/bin/sh")
	var seen []string
	for _, exe := range versions {
		seen = append(seen, exe)
	}
	slices.Sort(seen)
	equal(t, seen, []string{self, shell})
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var pid int32
	var started int64
	r := watch(t, Config{}, func(*Source) {
		started = wallClock(t)
		pid, _ = run(t, helper(t, "flood", dir, "1", "1", "1"))
	})
	events := r.of(pid)
	if len(events) == 0 {
		t.Fatal("nothing reported")
	}
	var exe unix.Stat_t
	self, _ := os.Executable()
	if err := unix.Stat(self, &exe); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		p := e.process
		if p.PPID != int32(os.Getpid()) || p.EUID != uint32(os.Geteuid()) || e.executable != self || e.container != "" {
			t.Errorf("parent %d, euid %d, executable %q, container %q", p.PPID, p.EUID, e.executable, e.container)
		}
		if p.Inode != exe.Ino || p.Device != exe.Dev {
			t.Errorf("executable is %d:%d, want %d:%d", p.Device, p.Inode, exe.Dev, exe.Ino)
		}
		if p.Start < started-int64(tick) || p.Start > e.first+int64(tick) {
			t.Errorf("started at %d, want between %d and %d", p.Start, started, e.first)
		}
	}
}

// A program that others can replace is trusted as its user is.
func TestOriginOfWritableProgram(t *testing.T) {
	t.Parallel()
	privileged(t)
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root to run a program as another user")
	}
	dir := publicDir(t)
	sh, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "sh")
	if err := os.WriteFile(program, sh, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(program, 0o777); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "-c", "echo x > "+dir+"/f")
	c = as(nobody, c)
	var pid int32
	r := watch(t, Config{}, func(*Source) { pid, _ = run(t, c) })
	if events := r.of(pid); len(events) == 0 || events[0].origin != "user:65534" || events[0].executable != program {
		t.Errorf("got %+v", events)
	}
}

func TestContainerIsNamed(t *testing.T) {
	t.Parallel()
	privileged(t)
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root for a mount namespace")
	}
	root := t.TempDir()
	c := helper(t, "contained", root)
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	var pid int32
	r := watch(t, Config{}, func(*Source) { pid, _ = run(t, c) })
	events := r.of(pid)
	equal(t, lines(events), []string{"1 create /inside", "1 write /inside"})
	for _, e := range events {
		if !strings.HasPrefix(e.container, "mnt:") {
			t.Errorf("container %q, want its mount namespace", e.container)
		}
	}
}

// A path goes through the mounts between a file and the root.
func TestPathCrossesMounts(t *testing.T) {
	t.Parallel()
	privileged(t)
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root to mount")
	}
	dir := t.TempDir()
	c := helper(t, "mounted", dir)
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	var pid int32
	r := watch(t, Config{}, func(*Source) { pid, _ = run(t, c) })
	equal(t, lines(r.of(pid)), []string{
		"1 create " + dir + "/a", "1 create " + dir + "/a/b", "1 create " + dir + "/a/b/f", "1 write " + dir + "/a/b/f",
	})
}

// Other processes can be muted while the source runs, and heard again.
func TestMuteAtRunTime(t *testing.T) {
	t.Parallel()
	privileged(t)
	dir := t.TempDir()
	c := helper(t, "hold", dir)
	in, out := startTalking(t, c)
	out.Scan()
	write := func(name string) {
		fmt.Fprintln(in, name)
		out.Scan()
	}
	r := watch(t, Config{}, func(s *Source) {
		write("a")
		if err := s.Mute(c.Process.Pid); err != nil {
			t.Fatal(err)
		}
		write("b")
		if err := s.Mute(); err != nil {
			t.Fatal(err)
		}
		write("c")
	})
	in.Close()
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	equal(t, lines(r.of(int32(c.Process.Pid))), []string{
		"1 create " + dir + "/a", "1 create " + dir + "/c", "1 write " + dir + "/a", "1 write " + dir + "/c",
	})
	if r.tally.Muted < 2 {
		t.Errorf("%d muted, want at least 2", r.tally.Muted)
	}
}

// namesHelper DIR makes files whose names are as bad as names get.
func namesHelper(args []string) error {
	if err := os.Chdir(args[0]); err != nil {
		return err
	}
	for _, name := range badNames() {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			return err
		}
	}
	// A path as long as a system call takes, and one that is longer than any can take.
	for range 4096/longName + 2 {
		name := strings.Repeat("d", longName)
		if err := errors.Join(unix.Mkdir(name, 0o700), unix.Chdir(name)); err != nil {
			return err
		}
		if err := os.WriteFile("leaf", []byte("x"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const longName = 255

func badNames() []string {
	return []string{
		"new\nline", "\xff\xfe not UTF-8", "back\\slash", " ", "...", "\x01\x1b[31m", strings.Repeat("n", longName), "%s",
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var pid int32
	r := watch(t, Config{}, func(*Source) { pid, _ = run(t, helper(t, "names", dir)) })
	events := r.of(pid)
	for _, name := range badNames() {
		if n := total(events, esbridge.Write, func(e *event) bool { return e.path == dir+"/"+name }); n != 1 {
			t.Errorf("%q: %d writes, want 1", name, n)
		}
	}
	const depth = 4096/longName + 2
	whole, cut := 0, 0
	for i := range depth {
		path := dir + strings.Repeat("/"+strings.Repeat("d", longName), i+1) + "/leaf"
		for _, e := range events {
			switch {
			case e.kind != esbridge.Write || e.count != 1:
			case e.path == path:
				whole++
			case strings.HasPrefix(e.path, cutMark) && strings.HasSuffix(path, e.path[len(cutMark):]) &&
				strings.Count(e.path, "/d") == strings.Count(path, "/d")-(i+1-strings.Count(e.path, "/d")) && len(e.path) > 3500:
				cut++
			}
		}
	}
	if whole < 14 || cut == 0 {
		t.Errorf("%d paths whole and %d cut, want at least 14 and 1", whole, cut)
	}
	if n := total(events, esbridge.Write, func(e *event) bool { return strings.HasSuffix(e.path, "/leaf") }); n != depth {
		t.Errorf("%d writes at the end of long paths, want %d", n, depth)
	}
	if n := total(events, esbridge.Write, nil); n != uint64(depth+len(badNames())) {
		t.Errorf("%d writes, want %d", n, depth+len(badNames()))
	}
}

// closesHelper DIR closes a file it wrote to, one it only opened and one through a copy.
func closesHelper(args []string) error {
	for _, name := range []string{"written", "opened", "twice"} {
		fd, err := unix.Open(filepath.Join(args[0], name), unix.O_CREAT|unix.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		copied, err := unix.Dup(fd)
		if err != nil {
			return err
		}
		if name != "opened" {
			unix.Write(fd, []byte("x"))
		}
		unix.Close(fd)
		if name == "twice" {
			unix.Write(copied, []byte("x"))
		}
		unix.Close(copied)
	}
	return nil
}

func TestCloseModified(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var pid int32
	r := watch(t, Config{CloseModified: true}, func(*Source) { pid, _ = run(t, helper(t, "closes", dir)) })
	equal(t, lines(r.of(pid)), []string{
		"1 create " + dir + "/written", "1 create " + dir + "/opened", "1 create " + dir + "/twice",
		"1 write " + dir + "/written", "2 write " + dir + "/twice",
		"1 close_modified " + dir + "/written", "2 close_modified " + dir + "/twice",
	})
}
