package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another process has the spool open.
var ErrLocked = errors.New("another agent uses this spool: stop it, or choose another path")

var (
	errDeleted  = errors.New("the spool was deleted or moved away")
	errResized  = errors.New("the spool was truncated or extended")
	errReplaced = errors.New("another file is where the spool was: move it away")
)

// disk is a locked file with a name.
type disk struct {
	*os.File
	path string
	info os.FileInfo // as it was opened
}

const openFlags = os.O_RDWR | unix.O_NOFOLLOW | unix.O_NONBLOCK // a FIFO must not block us

// openDisk opens and locks a file that exists. The error wraps ErrLocked, ErrForeign, or is
// the system's.
func openDisk(path string) (*disk, error) {
	f, err := os.OpenFile(path, openFlags, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("%s is a symbolic link: name the file itself: %w", path, err)
	}
	if err != nil {
		return nil, err
	}
	d, err := lockDisk(f, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	return d, nil
}

// lockDisk checks that f is a file of ours, locks it, and checks that path still names it.
func lockDisk(f *os.File, path string) (*disk, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: %w", path, ErrForeign)
	}
	if st, ok := info.Sys().(*unixStat); ok && int(st.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("%s belongs to user %d: give it to user %d, or choose another path", path, st.Uid, os.Geteuid())
	}
	if err := lock(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(now, info) {
		return nil, fmt.Errorf("%s was replaced while it was opened: %w", path, ErrLocked)
	}
	return &disk{File: f, path: path, info: info}, nil
}

// keepPrivate takes rights away from others: what a spool holds tells what everybody wrote.
func (d *disk) keepPrivate() error {
	if d.info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return d.File.Chmod(0o600)
}

// lock takes the lock without waiting for an agent; Check holds it for an instant.
func lock(f *os.File) error {
	const attempts, pause = 10, 10 * time.Millisecond
	for i := 0; ; i++ {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("locking: %w", err)
		case i == attempts:
			return ErrLocked
		}
		time.Sleep(pause)
	}
}

// newSuffix is added to the name of a spool for the file that will take its place. Such a
// file is left behind only by a crash, and the next one overwrites it.
const newSuffix = ".new"

// createDisk makes a locked file of size bytes, all allocated, beside the path that it is
// for. It is not there before publish.
func createDisk(path string, size int64) (*disk, error) {
	f, err := os.OpenFile(path+newSuffix, openFlags|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	d, err := lockDisk(f, path+newSuffix)
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		err = preallocate(f, size)
	}
	if err != nil {
		if d != nil { // it is ours
			err = errors.Join(err, os.Remove(path+newSuffix))
		}
		f.Close()
		return nil, fmt.Errorf("allocating %d bytes for the spool: %w", size, err)
	}
	d.path = path
	return d, nil
}

// publish syncs the new file and gives it its name, which nothing has or old.
func (d *disk) publish(old *disk) error {
	if err := d.File.Sync(); err != nil {
		return err
	}
	if now, err := os.Lstat(d.path); err == nil && (old == nil || !os.SameFile(now, old.info)) {
		return errReplaced
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(d.path+newSuffix, d.path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(d.path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// discard removes a file that was not published.
func (d *disk) discard() error {
	return errors.Join(os.Remove(d.path+newSuffix), d.Close())
}

// health tells whether the file is still where it was, and as large. The error is errDeleted,
// errResized or errReplaced, or the system's.
func (d *disk) health(size int64) error {
	now, err := os.Lstat(d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errDeleted
	case err != nil:
		return err
	case !os.SameFile(now, d.info):
		return errReplaced
	case now.Size() != size:
		return errResized
	}
	return nil
}

// Sync returns when what was written would survive a power loss.
func (d *disk) Sync() error { return datasync(d.File) }
