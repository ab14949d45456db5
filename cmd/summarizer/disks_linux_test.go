package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mounted mounts a small file system in memory below dir, until the test ends.
func mounted(t *testing.T, dir, options string, flags uintptr) (path string) {
	t.Helper()
	path = filepath.Join(dir, "disk")
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", path, "tmpfs", flags, options); err != nil {
		t.Skipf("only who may mount can have a disk that is full or read-only here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return path
}

// readOnly is a directory that nothing can be written to, not even by root.
func readOnly(t *testing.T, dir string) string {
	t.Helper()
	return mounted(t, dir, "size=1m", unix.MS_RDONLY)
}

// runAs lets a process run as another user, who has the directory own.
func (p *process) runAs(user int, program, own string) {
	p.Path, p.Args[0] = program, program
	p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}}
	p.admin = filepath.Join(own, filepath.Base(p.admin))
	p.Args[3] = "unix:" + p.admin
}

// asUser lets a process run as another user, who may look into dir and has own.
func asUser(t *testing.T, p *process, user int, dir, own string) {
	t.Helper()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(own, user, user)); err != nil {
		t.Fatal(err)
	}
	p.runAs(user, programIn(t, filepath.Join(dir, "bin")), own)
}

// programIn puts the program into a directory where everybody may run it.
func programIn(t *testing.T, dir string) (path string) {
	t.Helper()
	path = filepath.Join(dir, "summarizer")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	from, err := exec.LookPath("summarizer")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755), copyFile(from, path)); err != nil {
		t.Fatal(err)
	}
	return path
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(0o755), out.Close())
}
