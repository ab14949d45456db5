//go:build linux && (amd64 || arm64)

package linux

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"summarizer/esbridge"
)

// Ways to write that make no system call per write are not counted, and whoever uses them is
// marked. Each helper makes one synchronous write too, so that its process is reported.
func TestWritesThatCannotBeCountedMarkTheirProcess(t *testing.T) {
	privileged(t)
	ways := []string{"none", "mmap", "aio", "io_uring", "mmap and fork"}
	dirs, failures := map[string]string{}, map[string]error{}
	r := watch(t, Config{}, func(*Source) {
		for _, way := range ways {
			dirs[way] = t.TempDir()
			failures[way] = helper(t, "async", dirs[way], way).Run()
		}
	})
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			if failures[way] != nil {
				t.Skipf("SKIPPED, this kernel or sandbox has no %s: %v", way, failures[way])
			}
			checkUnseen(t, r, dirs[way], way)
		})
	}
}

// When the kernel had no room for a mark nobody is known to be without one.
func TestLostMarkMakesAllLowerBounds(t *testing.T) {
	var pid int32
	r := watch(t, Config{}, func(s *Source) {
		if err := s.objects.MarksLost.Set(uint32(1)); err != nil {
			t.Fatal(err)
		}
		pid, _ = run(t, helper(t, "flood", t.TempDir(), "1", "1", "1"))
	})
	if events := r.of(pid); len(events) == 0 || !events[0].process.LowerBound {
		t.Errorf("got %v, want lower bounds", lines(events))
	}
}

func checkUnseen(t *testing.T, r *recorder, dir, way string) {
	if b, err := os.ReadFile(filepath.Join(dir, "unseen")); way != "none" && (err != nil || string(b) != "seen") {
		t.Fatalf("the helper wrote nothing: %q %v", b, err)
	}
	writers := map[int32]bool{}
	for _, e := range r.events {
		switch {
		case e.kind != esbridge.Write:
		case e.path == filepath.Join(dir, "unseen"):
			t.Errorf("%d writes seen; the documentation says none are", e.count)
		case e.path == filepath.Join(dir, "seen"):
			if e.process.LowerBound != (way != "none") {
				t.Errorf("process %d: lower bound is %v", e.process.PID, e.process.LowerBound)
			}
			writers[e.process.PID] = true
		}
	}
	if want := map[bool]int{false: 1, true: 2}[way == "mmap and fork"]; len(writers) != want {
		t.Errorf("%d writers reported, want %d", len(writers), want)
	}
}

func asyncHelper(args []string) error {
	dir, way := args[0], args[1]
	unseen, err := os.OpenFile(filepath.Join(dir, "unseen"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := unseen.Truncate(4); err != nil {
		return err
	}
	switch way {
	case "mmap", "mmap and fork":
		err = writeMapped(int(unseen.Fd()))
	case "aio":
		err = writeAIO(int(unseen.Fd()))
	case "io_uring":
		err = writeRing(int(unseen.Fd()))
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "seen"), []byte("x"), 0o600); err != nil {
		return err
	}
	if way == "mmap and fork" {
		return forkAndWrite(filepath.Join(dir, "seen"))
	}
	return nil
}

var letters = []byte("seen")

func writeMapped(fd int) error {
	m, err := unix.Mmap(fd, 0, 4, unix.PROT_WRITE|unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	copy(m, letters)
	return nil
}

// forkAndWrite writes from a child that is never another program, and so inherits mappings.
// Nothing but system calls is safe there.
func forkAndWrite(name string) error {
	fd, err := unix.Open(name, unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	b := []byte{'x'}
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 {
		return e
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), 1)
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	_, err = unix.Wait4(int(pid), nil, 0, nil)
	return err
}

// writeAIO submits one write as io_submit(2) takes it.
func writeAIO(fd int) error {
	const pwrite = 1
	iocb := struct {
		data        uint64
		key, rwFlag uint32
		opcode      uint16
		prio        int16
		fd          uint32
		buf, nbytes uint64
		offset      int64
		rest        [2]uint64
	}{opcode: pwrite, fd: uint32(fd), buf: uint64(uintptr(unsafe.Pointer(&letters[0]))), nbytes: uint64(len(letters))}
	var aio uintptr
	if _, _, e := unix.Syscall(unix.SYS_IO_SETUP, 4, uintptr(unsafe.Pointer(&aio)), 0); e != 0 {
		return e
	}
	list := []unsafe.Pointer{unsafe.Pointer(&iocb)}
	if n, _, e := unix.Syscall(unix.SYS_IO_SUBMIT, aio, 1, uintptr(unsafe.Pointer(&list[0]))); n != 1 {
		return fmt.Errorf("io_submit: %w", e)
	}
	var events [4 * 8]uint64
	if n, _, e := unix.Syscall6(unix.SYS_IO_GETEVENTS, aio, 1, 1, uintptr(unsafe.Pointer(&events)), 0, 0); n != 1 {
		return fmt.Errorf("io_getevents: %w", e)
	}
	return nil
}

// writeRing submits one IORING_OP_WRITE, as io_uring(7) lays it out.
func writeRing(fd int) error {
	var params [30]uint32 // struct io_uring_params
	ring, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)), 0)
	if e != 0 {
		return e
	}
	const sqes, queue, opWrite, waitForOne = 0x10000000, 0, 23, 1
	entries, err := unix.Mmap(int(ring), sqes, 64, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	q, err := unix.Mmap(int(ring), queue, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	const sqTail, sqArray = 10 + 1, 10 + 6 // indexes into params: sq_off.tail and sq_off.array
	sqe := (*struct {
		opcode, flags uint8
		prio          uint16
		fd            int32
		off, addr     uint64
		length        uint32
	})(unsafe.Pointer(&entries[0]))
	sqe.opcode, sqe.fd, sqe.length = opWrite, int32(fd), uint32(len(letters))
	sqe.addr = uint64(uintptr(unsafe.Pointer(&letters[0])))
	*(*uint32)(unsafe.Pointer(&q[params[sqArray]])) = 0
	*(*uint32)(unsafe.Pointer(&q[params[sqTail]])) = 1
	if n, _, e := unix.Syscall6(unix.SYS_IO_URING_ENTER, ring, 1, 1, waitForOne, 0, 0); n != 1 {
		return errors.Join(errors.New("io_uring_enter"), e)
	}
	return nil
}
