//go:build linux && (amd64 || arm64)

package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"summarizer/esbridge"
)

const repeat = 10

// way is one way to change a file: what it does and what is to be reported, with D for the
// directory. It runs in D, with two files open that hold data, f and from.
type way struct {
	name string
	do   func(f, from int, d string) error
	want []string
}

func ways() []way {
	one := []byte("x")
	return []way{
		{"write", func(f, _ int, _ string) error { return second(unix.Write(f, one)) }, []string{"10 write D/f"}},
		{"pwrite", func(f, _ int, _ string) error { return second(unix.Pwrite(f, one, 3)) }, []string{"10 write D/f"}},
		{"writev", func(f, _ int, _ string) error { return second(unix.Writev(f, [][]byte{one, one})) }, []string{"10 write D/f"}},
		{"pwritev", func(f, _ int, _ string) error { return second(unix.Pwritev(f, [][]byte{one}, 1)) }, []string{"10 write D/f"}},
		{"pwritev2", func(f, _ int, _ string) error { return second(unix.Pwritev2(f, [][]byte{one}, 1, 0)) }, []string{"10 write D/f"}},
		{"dup", func(f, _ int, _ string) error { return duplicated(f, one) }, []string{"10 write D/f"}},
		{"sendfile", func(f, from int, _ string) error { o := int64(0); return second(unix.Sendfile(f, from, &o, 5)) }, []string{"10 write D/f"}},
		{"splice", spliced, []string{"10 write D/f"}},
		{"copy_file_range", func(f, from int, _ string) error {
			a, b := int64(0), int64(0)
			return second(unix.CopyFileRange(from, &a, f, &b, 5, 0))
		}, []string{"10 write D/f"}},
		{"empty write", func(f, _ int, _ string) error { return second(unix.Write(f, nil)) }, nil},
		{"failed write", func(_, from int, _ string) error { unix.Write(from, one); return nil }, nil},
		{"pipe", piped, nil},
		{"fifo", fifo, []string{"10 create D/p", "10 unlink D/p"}},
		{"memfd", memfd, nil},
		{"read open", func(_, _ int, _ string) error { return opened("f", unix.O_RDONLY) }, nil},
		{"ftruncate", func(f, _ int, _ string) error { return unix.Ftruncate(f, 7) }, []string{"10 truncate D/f"}},
		{"truncate", func(_, _ int, _ string) error { return unix.Truncate("f", 7) }, []string{"10 truncate D/f"}},
		{"fallocate", func(f, _ int, _ string) error { return unix.Fallocate(f, 0, 0, 10) }, []string{"10 truncate D/f"}},
		{"O_TRUNC", func(_, _ int, _ string) error { return opened("f", unix.O_WRONLY|unix.O_TRUNC) }, []string{"10 truncate D/f"}},
		{"openat2 O_TRUNC", openat2, []string{"10 truncate D/f"}},
		{"create", func(_, _ int, _ string) error {
			return joined(opened("n", unix.O_CREAT|unix.O_WRONLY), unix.Unlinkat(unix.AT_FDCWD, "n", 0))
		}, []string{"10 create D/n", "10 unlink D/n"}},
		{"existing O_CREAT", func(_, _ int, _ string) error { return opened("f", unix.O_CREAT|unix.O_WRONLY) }, nil},
		{"mkdir", func(_, _ int, d string) error { return joined(unix.Mkdir(d+"/m", 0o700), unix.Rmdir("./x/../m")) },
			[]string{"10 create D/m", "10 unlink D/m"}},
		{"mknod", func(_, _ int, _ string) error {
			return joined(unix.Mknod("p", unix.S_IFIFO|0o600, 0), unix.Unlink("p"))
		}, []string{"10 create D/p", "10 unlink D/p"}},
		{"symlink", func(_, _ int, d string) error { return joined(unix.Symlink("/target", "s"), unix.Unlink(d+"/s")) },
			[]string{"10 create D/s", "10 unlink D/s"}},
		{"rename", func(_, _ int, _ string) error { return joined(unix.Rename("f", "g"), unix.Rename("g", "f")) },
			[]string{"10 rename D/f from D/g", "10 rename D/g from D/f"}},
		{"exchange", func(_, _ int, _ string) error {
			return unix.Renameat2(unix.AT_FDCWD, "f", unix.AT_FDCWD, "from", unix.RENAME_EXCHANGE)
		}, []string{"10 exchange D/from from D/f"}},
		{"link", func(_, _ int, _ string) error { return joined(unix.Link("f", "l"), unix.Unlink("l")) },
			[]string{"10 link D/l from D/f", "10 unlink D/l"}},
		{"fchmod", func(f, _ int, _ string) error { return unix.Fchmod(f, 0o600) }, []string{"10 setattr D/f"}},
		{"chmod", func(_, _ int, _ string) error { return unix.Fchmodat(unix.AT_FDCWD, "f", 0o600, 0) }, []string{"10 setattr D/f"}},
		{"chown", func(_, _ int, _ string) error { return unix.Lchown("f", -1, -1) }, []string{"10 setattr D/f"}},
		{"fchown", func(f, _ int, _ string) error { return unix.Fchown(f, -1, -1) }, []string{"10 setattr D/f"}},
		{"fchownat empty path", func(f, _ int, _ string) error { return unix.Fchownat(f, "", -1, -1, unix.AT_EMPTY_PATH) },
			[]string{"10 setattr D/f"}},
		{"utimes", func(_, _ int, _ string) error {
			return unix.UtimesNanoAt(unix.AT_FDCWD, "f", make([]unix.Timespec, 2), 0)
		}, []string{"10 setattr D/f"}},
		{"futimens", func(f, _ int, _ string) error { return futimens(f) }, []string{"10 setattr D/f"}},
		{"xattr", func(f, _ int, _ string) error {
			return joined(unix.Setxattr("f", "user.a", one, 0), unix.Fremovexattr(f, "user.a"))
		}, []string{"20 setattr D/f"}},
		{"setfattr flags", func(f, _ int, _ string) error { return chattr(f) }, []string{"10 setattr D/f"}},
		{"missing", func(_, _ int, _ string) error { unix.Unlink("nothing"); return nil }, nil},
	}
}

func TestEveryWayToChangeAFile(t *testing.T) {
	privileged(t)
	dirs := map[string]string{}
	got := map[string][]string{}
	r := watch(t, Config{}, func(*Source) {
		for _, w := range ways() {
			dirs[w.name] = t.TempDir()
			prepare(t, dirs[w.name])
			run(t, helper(t, "ways", dirs[w.name], w.name))
		}
	})
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for _, l := range lines(r.events) {
				if strings.Contains(l, dirs[w.name]+"/") {
					got[w.name] = append(got[w.name], strings.ReplaceAll(l, dirs[w.name], "D"))
				}
			}
			equal(t, got[w.name], w.want)
		})
	}
	if r.tally.Ignored < repeat {
		t.Errorf("%d writes to files without a path, want at least %d ignored", r.tally.Ignored, repeat)
	}
}

// prepare fills the directory of a way, from a process that is muted.
func prepare(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"f", "from"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("0123456789"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func waysHelper(args []string) error {
	if err := os.Chdir(args[0]); err != nil {
		return err
	}
	f, err := unix.Open("f", unix.O_RDWR, 0)
	if err != nil {
		return err
	}
	from, err := unix.Open("from", unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	for _, w := range ways() {
		if w.name != args[1] {
			continue
		}
		for range repeat {
			if err := w.do(f, from, args[0]); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("no way %q", args[1])
}

func joined(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func duplicated(f int, b []byte) error {
	d, err := unix.Dup(f)
	if err != nil {
		return err
	}
	return joined(second(unix.Write(d, b)), unix.Close(d))
}

func opened(name string, flags int) error {
	f, err := unix.Open(name, flags, 0o600)
	if err != nil {
		return err
	}
	return unix.Close(f)
}

func openat2(_, _ int, _ string) error {
	f, err := unix.Openat2(unix.AT_FDCWD, "f", &unix.OpenHow{Flags: unix.O_WRONLY | unix.O_TRUNC})
	if err != nil {
		return err
	}
	return unix.Close(f)
}

func spliced(f, from int, _ string) error {
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return err
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	in, out := int64(0), int64(0)
	if _, err := unix.Splice(from, &in, p[1], nil, 5, 0); err != nil {
		return err
	}
	_, err := unix.Splice(p[0], nil, f, &out, 5, 0)
	return err
}

func piped(_, _ int, _ string) error {
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return err
	}
	return joined(second(unix.Write(p[1], []byte("x"))), unix.Close(p[0]), unix.Close(p[1]))
}

// fifo writes to a file of the directory that holds nothing.
func fifo(_, _ int, _ string) error {
	if err := unix.Mkfifo("p", 0o600); err != nil {
		return err
	}
	f, err := unix.Open("p", unix.O_RDWR, 0)
	if err != nil {
		return err
	}
	return joined(second(unix.Write(f, []byte("x"))), unix.Close(f), unix.Unlink("p"))
}

func memfd(_, _ int, _ string) error {
	f, err := unix.MemfdCreate("m", 0)
	if err != nil {
		return err
	}
	return joined(second(unix.Write(f, []byte("x"))), unix.Close(f))
}

func futimens(f int) error {
	_, _, e := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(f), 0, 0, 0, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// chattr sets the flags of a file to what they are.
func chattr(f int) error {
	var flags uint64
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(f), unix.FS_IOC_GETFLAGS, uintptr(unsafe.Pointer(&flags))); e != 0 {
		return e
	}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(f), unix.FS_IOC_SETFLAGS, uintptr(unsafe.Pointer(&flags))); e != 0 {
		return e
	}
	return nil
}

// tick is the longest tick a kernel is built with.
const tick = 10 * time.Millisecond

func TestBytesSizesAndTimes(t *testing.T) {
	type done struct {
		pid           int32
		before, after int64
	}
	var all []done
	r := watch(t, Config{Interval: time.Minute}, func(*Source) {
		for range 6 {
			d := done{before: wallClock(t)}
			d.pid, _ = run(t, helper(t, "flood", t.TempDir(), "1", "5", "1"))
			d.after = wallClock(t)
			all = append(all, d)
		}
	})
	for _, d := range all {
		events := r.of(d.pid)
		for _, e := range events {
			if e.first < d.before-int64(tick) || e.last < e.first || e.last > d.after {
				t.Errorf("%v at %d..%d, want within %d..%d", e.kind, e.first, e.last, d.before, d.after)
			}
			if e.kind == esbridge.Write && (e.bytes != e.count || e.size != 1) {
				t.Errorf("%d writes: %d bytes, size %d; want as many bytes and size 1", e.count, e.bytes, e.size)
			}
		}
		if n := total(events, esbridge.Write, nil); n != 5 {
			t.Errorf("%d writes, want 5", n)
		}
	}
}
