package aggregator

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// memoryGroup is the folder of a control group with a limit of memory (cgroups(7)); "" is none.
type memoryGroup string

func (g memoryGroup) file(name string) string { return filepath.Join(string(g), name) }

// newMemoryGroup makes a control group whose processes get limit bytes and no swap: of version
// 1 below our own, of version 2 beside it, since there a group with processes has none below.
func newMemoryGroup(limit int) (memoryGroup, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	unified := ""
	for line := range strings.Lines(string(own)) {
		field := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch field[1] {
		case "memory":
			g, err := makeGroup(filepath.Join("/sys/fs/cgroup/memory", field[2]))
			return g, errors.Join(err, g.set("memory.limit_in_bytes", limit))
		case "":
			unified = filepath.Join("/sys/fs/cgroup", filepath.Dir(field[2]))
		}
	}
	g, err := makeGroup(unified)
	return g, errors.Join(err, g.set("memory.max", limit), g.set("memory.swap.max", 0))
}

func makeGroup(in string) (memoryGroup, error) {
	dir, err := os.MkdirTemp(in, "aggregator-test-")
	return memoryGroup(dir), err
}

// set writes to a file of the group. A file that is not there is an error: then the folder is
// none of a control group.
func (g memoryGroup) set(name string, n int) error {
	if g == "" {
		return nil
	}
	f, err := os.OpenFile(g.file(name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(f, n)
	return errors.Join(err, f.Close())
}

// command runs a program in the group. The shell joins it and becomes the program, so that every
// page counts.
func (g memoryGroup) command(args ...string) *exec.Cmd {
	if g != "" {
		args = append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, g.file("cgroup.procs")}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// limited is a group of limit bytes, or none where it cannot be had.
func limited(t *testing.T, limit int) memoryGroup {
	t.Helper()
	g, err := newMemoryGroup(limit)
	if err != nil {
		t.Logf("only measured, without a limit: control groups take root: %v", err)
		g.remove(t)
		return ""
	}
	t.Cleanup(func() { g.remove(t) })
	return g
}

// peak is the most bytes that were charged to the group: what was resident, and the pages of
// files and of the kernel that it was the first to use.
func (g memoryGroup) peak(t *testing.T) int {
	t.Helper()
	for _, name := range []string{"memory.max_usage_in_bytes", "memory.peak"} {
		if b, err := os.ReadFile(g.file(name)); err == nil {
			n, err := strconv.Atoi(string(bytes.TrimSpace(b)))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// remove removes the group, which has no process left.
func (g memoryGroup) remove(t *testing.T) {
	t.Helper()
	if g == "" {
		return
	}
	if err := os.Remove(string(g)); err != nil {
		t.Error(err)
	}
}
