//go:build linux && (amd64 || arm64)

package linux

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// helpers are what the processes that the tests start do; see TestMain.
var helpers = map[string]func(args []string) error{
	"measure":   measureHelper,
	"flood":     floodHelper,
	"ways":      waysHelper,
	"async":     asyncHelper,
	"reuse":     reuseHelper,
	"rename":    renameHelper,
	"preopened": preopenedHelper,
	"unlinked":  unlinkedHelper,
	"exec":      execHelper,
	"contained": containedHelper,
	"mounted":   mountedHelper,
	"names":     namesHelper,
	"distinct":  distinctHelper,
	"hold":      holdHelper,
	"closes":    closesHelper,
	"load":      loadHelper,
	"granted":   grantedHelper,
}

// floodHelper DIR THREADS WRITES FILES writes single bytes: every thread that many, round
// robin over the files. It prints what /proc/self/io says that it wrote: calls and bytes.
func floodHelper(args []string) error {
	dir := args[0]
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(args[1+i])
	}
	threads, writes, files := n[0], n[1], n[2]
	fds := make([]int, files)
	for i := range fds {
		var err error
		if fds[i], err = unix.Open(filepath.Join(dir, strconv.Itoa(i)), unix.O_CREAT|unix.O_WRONLY, 0o600); err != nil {
			return err
		}
	}
	calls, bytes := ownIO()
	errs := make(chan error, threads)
	var wg sync.WaitGroup
	for range threads {
		wg.Go(func() {
			for i := range writes {
				if n, err := unix.Pwrite(fds[i%files], []byte{'x'}, 0); n != 1 {
					errs <- err
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	callsAfter, bytesAfter := ownIO()
	_, err := fmt.Println(callsAfter-calls, bytesAfter-bytes)
	return err
}

// ownIO is the write calls and the bytes written, as /proc/self/io tells them. The runtime
// wakes its own threads by writing 8 bytes to an event descriptor: those are bytes of calls too.
func ownIO() (calls, bytes uint64) {
	b, _ := os.ReadFile("/proc/self/io")
	for line := range strings.Lines(string(b)) {
		fmt.Sscanf(line, "syscw: %d", &calls)
		fmt.Sscanf(line, "wchar: %d", &bytes)
	}
	return calls, bytes
}

// reuseHelper DIR N creates, writes and unlinks a file N times: the file system hands out
// the same inode number again.
func reuseHelper(args []string) error {
	n, _ := strconv.Atoi(args[1])
	for i := range n {
		name := filepath.Join(args[0], strconv.Itoa(i))
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			return err
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// renameHelper DIR writes, renames and writes again, all within a window.
func renameHelper(args []string) error {
	f, err := os.Create(filepath.Join(args[0], "before"))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write([]byte("x"))
	return errors.Join(err, os.Rename(f.Name(), filepath.Join(args[0], "after")), second(f.Write([]byte("y"))))
}

func second(_ int, err error) error { return err }

// preopenedHelper DIR opens a file, waits for a byte and writes.
func preopenedHelper(args []string) error {
	f, err := os.Create(filepath.Join(args[0], "early"))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := fmt.Println("ready"); err != nil {
		return err
	}
	if _, err := io.ReadFull(os.Stdin, make([]byte, 1)); err != nil {
		return err
	}
	_, err = f.Write([]byte("xyz"))
	return err
}

// unlinkedHelper DIR writes to a file that has no name any more.
func unlinkedHelper(args []string) error {
	f, err := os.Create(filepath.Join(args[0], "gone"))
	if err != nil {
		return err
	}
	defer f.Close()
	return errors.Join(os.Remove(f.Name()), second(f.Write([]byte("x"))))
}

// execHelper DIR writes and becomes another program, which writes to the same file.
func execHelper(args []string) error {
	name := filepath.Join(args[0], "f")
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		return err
	}
	return syscall.Exec("/bin/sh", []string{"sh", "-c", "echo y >> " + name}, nil)
}

// containedHelper DIR writes in a mount namespace of its own, with DIR as its root.
func containedHelper(args []string) error {
	if err := unix.Chroot(args[0]); err != nil {
		return err
	}
	return os.WriteFile("/inside", []byte("x"), 0o600)
}

// mountedHelper DIR writes to a file system that it mounts in its own mount namespace.
func mountedHelper(args []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	inner := filepath.Join(args[0], "a", "b")
	if err := errors.Join(os.MkdirAll(inner, 0o700), unix.Mount("none", inner, "tmpfs", 0, "")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(inner, "f"), []byte("x"), 0o600)
}

// distinctHelper DIR N writes once to each of N files.
func distinctHelper(args []string) error {
	n, _ := strconv.Atoi(args[1])
	for i := range n {
		fd, err := unix.Open(filepath.Join(args[0], strconv.Itoa(i)), unix.O_CREAT|unix.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if _, err := unix.Write(fd, []byte("x")); err != nil {
			return err
		}
		unix.Close(fd)
	}
	return nil
}

// holdHelper DIR says that it is there and writes once for each line it reads.
func holdHelper(args []string) error {
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := os.WriteFile(filepath.Join(args[0], in.Text()), []byte("x"), 0o600); err != nil {
			return err
		}
		fmt.Println("done")
	}
	return in.Err()
}
