package transport

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// DefaultSocketMode lets the socket's owner and group connect.
	DefaultSocketMode fs.FileMode = 0o660
	directoryMode     fs.FileMode = 0o750

	// maxSocketPath is the longest path of a socket in bytes: the kernel's field has room
	// for a NUL besides (unix(7), unix(4)).
	maxSocketPath = len(unix.RawSockaddrUnix{}.Path) - 1
	// nursery is where a socket gets its mode and group before anybody can see it: a
	// directory beside its place, whose name is one of os.MkdirTemp.
	nursery       = ".new"
	nurseryLength = len("/"+nursery+"4294967295") + len("/s")
)

// Listen makes a Unix stream socket at path, which hosts connect to. Closing the listener
// removes it.
//
// The directory is created, with mode 0750 and the group, where only it is missing. It must
// belong to root or to the current user, and no other may write to it, nor to a directory
// above (but for those with the sticky bit): who may write there may put a socket of his own
// in the place. The socket has its mode (0: DefaultSocketMode) and group (a name or number,
// "": that of the process) before anybody can connect. One that was left over is replaced; one
// that somebody listens on is an error, and so is anything else of that name. Two that
// start at once must be kept apart by whoever starts them: the lock of a spool does.
func Listen(path string, mode fs.FileMode, group string) (net.Listener, error) {
	l, err := listen(path, mode, group)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	return l, nil
}

func listen(path string, mode fs.FileMode, group string) (net.Listener, error) {
	if mode == 0 {
		mode = DefaultSocketMode
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	if longest := max(len(path), len(dir)+nurseryLength); longest > maxSocketPath {
		return nil, fmt.Errorf("path is %d bytes too long: this system allows %d for a socket and %d for its directory; choose a shorter one",
			longest-maxSocketPath, maxSocketPath, maxSocketPath-nurseryLength)
	}
	gid := -1 // leaves it
	if group != "" {
		id, err := groupID(group)
		if err != nil {
			return nil, err
		}
		gid = int(id)
	}
	if err := prepareDirectory(dir, gid); err != nil {
		return nil, err
	}
	if err := vacant(path); err != nil {
		return nil, err
	}
	return bindAt(path, mode, gid)
}

// bindAt makes the socket where nobody can reach it and moves it to its place.
func bindAt(path string, mode fs.FileMode, gid int) (_ net.Listener, err error) {
	hidden, err := os.MkdirTemp(filepath.Dir(path), nursery) // mode 0700
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(hidden) }() // one that stays is empty, and only untidy
	born := filepath.Join(hidden, "s")
	u, err := net.ListenUnix("unix", &net.UnixAddr{Name: born, Net: "unix"})
	if err != nil {
		return nil, err
	}
	u.SetUnlinkOnClose(false) // it would remove the name the socket was born with
	l := &listener{UnixListener: u, path: path}
	defer func() {
		if err != nil {
			_ = u.Close()
		}
	}()
	if gid >= 0 {
		if err := os.Chown(born, -1, gid); err != nil {
			return nil, fmt.Errorf("%w: run as root or as a member of the group", err)
		}
	}
	if err := os.Chmod(born, mode); err != nil {
		return nil, err
	}
	if l.file, err = os.Lstat(born); err != nil {
		return nil, err
	}
	if err := os.Rename(born, path); err != nil {
		return nil, err
	}
	return l, nil
}

// listener is a listening socket that knows where it was moved to.
type listener struct {
	*net.UnixListener
	path  string
	file  fs.FileInfo
	close sync.Once
}

// Addr is the address that hosts connect to.
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close stops listening and removes the socket, unless another has taken its place.
func (l *listener) Close() error {
	err := net.ErrClosed
	l.close.Do(func() {
		if now, e := os.Lstat(l.path); e == nil && os.SameFile(now, l.file) {
			_ = os.Remove(l.path) // what remains is replaced by the next start
		}
		err = l.UnixListener.Close()
	})
	return err
}

// prepareDirectory makes dir where it is missing, and checks that nobody else rules in it.
func prepareDirectory(dir string, gid int) error {
	if err := makeDirectory(dir, gid); err != nil {
		return fmt.Errorf("making its directory: %w", err)
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	for up := dir; ; up = filepath.Dir(up) {
		if err := checkDirectory(up, up == dir); err != nil {
			return err
		}
		if up == filepath.Dir(up) {
			return nil
		}
	}
}

// makeDirectory makes dir for the group, whatever the umask.
func makeDirectory(dir string, gid int) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil && gid >= 0 {
		err = os.Chown(dir, -1, gid)
	}
	if err == nil {
		err = os.Chmod(dir, directoryMode)
	}
	return err
}

// checkDirectory says who else could exchange what is in dir. In a directory with the
// sticky bit others cannot, which is enough for those above the socket's own.
func checkDirectory(dir string, own bool) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	sticky := info.Mode()&fs.ModeSticky != 0
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory: choose another path", dir)
	case owner != 0 && owner != os.Geteuid():
		return fmt.Errorf("directory %s belongs to user %d, not to root or the user %d who listens: change its owner or choose another path", dir, owner, os.Geteuid())
	case info.Mode()&0o022 != 0 && (own || !sticky):
		return fmt.Errorf("directory %s of mode %v is writable by others, who could put a socket of their own there: run chmod go-w on it or choose another path", dir, info.Mode())
	}
	return nil
}

// vacant returns nil where there is nothing at path, or a socket that nobody listens on.
func vacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return errors.New("something that is no socket is in its place: remove it or choose another path")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		_ = c.Close()
		return errors.New("somebody listens on it already: stop the other agent or choose another path")
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return fmt.Errorf("finding out whether somebody listens: %w", err)
}
