package transport

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// child runs the test binary as a host, as another user if cred says so.
func child(t *testing.T, path string, cred *syscall.Credential) (output string, err error) {
	t.Helper()
	return run(t, os.Args[0], path, cred)
}

func run(t *testing.T, program, path string, cred *syscall.Credential) (output string, err error) {
	t.Helper()
	c := exec.Command(program)
	c.Env = append(os.Environ(), helperVariable+"="+path, "GORACE=atexit_sleep_ms=0")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	out, err := c.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// The kernel says who connected.
func TestPeerIsTold(t *testing.T) {
	l := listenAt(t, filepath.Join(shortDir(t), "s"))
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ours, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	p, checked, err := peerOf(ours)
	if err != nil || !checked {
		t.Fatal(checked, err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if int(p.PID) != os.Getpid() || int(p.UID) != os.Geteuid() || int(p.GID) != os.Getegid() || p.Executable != exe {
		t.Errorf("got %+v", p)
	}
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		if !slices.Contains(p.Groups, uint32(g)) {
			t.Errorf("groups %v, want %v", p.Groups, groups)
		}
	}
	if p.file == (fileID{}) || p.file != fileOf(exe) {
		t.Errorf("file %v, want %v", p.file, fileOf(exe))
	}
	t.Logf("pinned: %v", p.Pinned) // false before Linux 6.5
}

// A process that is gone says nothing about what runs under its PID now.
func TestPeerIsGone(t *testing.T) {
	l := listenAt(t, filepath.Join(shortDir(t), "s"))
	done := make(chan struct{})
	var c net.Conn
	go func() {
		defer close(done)
		c, _ = l.Accept()
	}()
	quick := exec.Command("/proc/self/exe")
	quick.Env = append(os.Environ(), helperVariable+"="+l.Addr().String())
	if err := quick.Start(); err != nil {
		t.Fatal(err)
	}
	<-done
	defer c.Close()
	quick.Process.Kill()
	quick.Wait()
	p, _, err := peerOf(c)
	if err != nil {
		t.Fatal(err)
	}
	if p.Executable != "" || p.Pinned || p.file != (fileID{}) || int(p.UID) != os.Geteuid() {
		t.Errorf("got %+v of a process that has ended", p)
	}
	other := startAs(t, quick.Process.Pid)
	p, _, err = peerOf(c)
	if err != nil {
		t.Fatal(err)
	}
	if p.Executable != "" || p.Pinned || p.file != (fileID{}) {
		t.Errorf("got %+v, which is %v", p, other)
	}
}

// startAs starts a process with a PID that was used before.
func startAs(t *testing.T, pid int) *exec.Cmd {
	t.Helper()
	for range 100 { // others start processes too
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0); err != nil {
			t.Skipf("SKIPPED: choosing the PID of a process needs root and CONFIG_CHECKPOINT_RESTORE: %v", err)
		}
		c := exec.Command("sleep", "60")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Process.Kill(); c.Wait() })
		if c.Process.Pid == pid {
			return c
		}
	}
	t.Skip("SKIPPED: the PID was not given again")
	return nil
}

func TestOtherUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: running a host as another user needs root")
	}
	dir := shortDir(t)
	program := filepath.Join(dir, "host")
	copyFile(t, os.Args[0], program)
	nobody := func(groups ...uint32) *syscall.Credential {
		return &syscall.Credential{Uid: 4242, Gid: 4343, Groups: groups}
	}
	many := make([]uint32, 100) // more than are asked for at first
	for i := range many {
		many[i] = uint32(5000 + i)
	}
	cases := map[string]struct {
		allow Policy
		as    *syscall.Credential
		why   Reason
	}{
		"default":             {Policy{}, nobody(), ForbiddenUser},
		"root":                {Policy{Users: []string{"4242"}}, nil, allowed},
		"user":                {Policy{Users: []string{"4242"}}, nobody(), allowed},
		"other user":          {Policy{Users: []string{"4241"}}, nobody(), ForbiddenUser},
		"group":               {Policy{Groups: []string{"4343"}}, nobody(), allowed},
		"other group":         {Policy{Groups: []string{"4344"}}, nobody(), ForbiddenUser},
		"supplementary group": {Policy{Groups: []string{"4344"}}, nobody(4340, 4344), allowed},
		"many groups":         {Policy{Groups: []string{"5099"}}, nobody(many...), allowed},
		"program":             {Policy{Users: []string{"4242"}, Executables: []string{"/bin/sh", program}}, nobody(), allowed},
		"other program":       {Policy{Users: []string{"4242"}, Executables: []string{"/bin/sh"}}, nobody(), ForbiddenExecutable},
		"missing program":     {Policy{Users: []string{"4242"}, Executables: []string{"/no/such/file"}}, nobody(), ForbiddenExecutable},
		"program as root":     {Policy{Executables: []string{"/bin/sh"}}, nil, ForbiddenExecutable},
		"program, not user":   {Policy{Executables: []string{program}}, nobody(), ForbiddenUser},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l, err := Listen(filepath.Join(dir, "s"), 0o666, "")
			if err != nil {
				t.Fatal(err)
			}
			r := newRigOn(t, SenderConfig{Allow: c.allow}, l)
			r.putTile(1)
			out, err := run(t, program, l.Addr().String(), c.as)
			r.stop()
			st := r.Stats()
			if c.why == allowed {
				if err != nil || out != "got 1" || st.Sent != 1 {
					t.Errorf("refused: %q %v, %+v", out, err, st)
				}
				return
			}
			if err == nil || st.Sent != 0 || st.Ended[c.why] != 1 || !strings.Contains(st.LastCut, program) {
				t.Errorf("got %q, %+v, want it refused as %v", out, st, c.why)
			}
		})
	}
}

// A name that looks right is not enough: the file must be the one.
func TestExecutableIsAFile(t *testing.T) {
	program := filepath.Join(shortDir(t), "host")
	copyFile(t, os.Args[0], program)
	path := filepath.Join(shortDir(t), "s")
	r := newRigOn(t, SenderConfig{Allow: Policy{Executables: []string{program}}}, listenAt(t, path))
	r.putTile(1)
	if out, err := child(t, path, nil); err == nil {
		t.Errorf("a copy of the allowed program is not the allowed program, and got %q", out)
	}
	if out, err := run(t, program, path, nil); err != nil || out != "got 1" {
		t.Errorf("%q %v", out, err)
	}
	r.stop()
	if st := r.Stats(); st.Ended[ForbiddenExecutable] != 1 {
		t.Errorf("got %+v", st)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
}
