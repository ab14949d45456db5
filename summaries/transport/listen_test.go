package transport

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func listenAt(t testing.TB, path string) net.Listener {
	t.Helper()
	l, err := Listen(path, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// refused fails unless Listen says no and why.
func refused(t *testing.T, path string, words ...string) {
	t.Helper()
	l, err := Listen(path, 0, "")
	if err == nil {
		l.Close()
		t.Fatalf("listens on %s", path)
	}
	for _, word := range append(words, path) {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// The socket and its directory have their modes and group whatever the umask, nothing else
// is left in the directory, and closing removes the socket.
func TestListenModes(t *testing.T) {
	for _, umask := range []int{0, 0o077} {
		dir := filepath.Join(shortDir(t), "run")
		path := filepath.Join(dir, "agent.sock")
		old := unix.Umask(umask)
		l, err := Listen(path, 0o640, "")
		unix.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		if m := modeOf(t, dir); m != fs.ModeDir|0o750 {
			t.Errorf("directory of mode %v", m)
		}
		if m := modeOf(t, path); m != fs.ModeSocket|0o640 {
			t.Errorf("socket of mode %v", m)
		}
		if got := l.Addr().String(); got != path {
			t.Errorf("address %s", got)
		}
		if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
			t.Errorf("left in the directory: %v %v", names, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed again: %v", err)
		}
	}
}

func TestListenGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: giving a socket to a group that is not ours needs root")
	}
	dir := filepath.Join(shortDir(t), "run")
	path := filepath.Join(dir, "s")
	l, err := Listen(path, 0, "4242")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, name := range []string{dir, path} {
		info, err := os.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if gid := info.Sys().(*syscall.Stat_t).Gid; gid != 4242 {
			t.Errorf("%s belongs to group %d", name, gid)
		}
	}
	if _, err := Listen(filepath.Join(dir, "t"), 0, "no such group"); err == nil || !strings.Contains(err.Error(), "create it") {
		t.Errorf("unknown group: %v", err)
	}
}

// A socket that was left over is replaced; one that is used is not.
func TestListenStale(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l := listenAt(t, path)
	refused(t, path, "listens on it already", "stop the other")
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the first one does not answer any more: %v", err)
	}
	c.Close()
	l.(*listener).UnixListener.Close() // as SIGKILL does: the name stays
	if m := modeOf(t, path); m.Type() != fs.ModeSocket {
		t.Fatalf("mode %v", m)
	}
	second := listenAt(t, path)
	l.Close() // must not take the other's name
	if c, err = net.Dial("unix", path); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if c, err = second.Accept(); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// What is no socket is never removed.
func TestListenInTheWay(t *testing.T) {
	dir := shortDir(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, file, "no socket", "remove it")
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("%q %v", b, err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	refused(t, link, "no socket")
	refused(t, filepath.Join(file, "s"), "directory")
	refused(t, filepath.Join(dir, "a", "b", "s"), "no such file")
}

// Whoever could put a socket of his own in the place is a reason not to listen there.
func TestListenUnsafeDirectories(t *testing.T) {
	for _, mode := range []fs.FileMode{0o777, 0o770, 0o702, fs.ModeSticky | 0o777} {
		dir := filepath.Join(shortDir(t), "d")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		refused(t, filepath.Join(dir, "s"), "writable by others", "chmod go-w")
		below := filepath.Join(dir, "below")
		if mode&fs.ModeSticky == 0 {
			refused(t, filepath.Join(below, "s"), "writable by others")
			continue
		}
		listenAt(t, filepath.Join(below, "s")) // others cannot rename it there
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: giving a directory to another user needs root")
	}
	dir := filepath.Join(shortDir(t), "d")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, 4242, 0)); err != nil {
		t.Fatal(err)
	}
	refused(t, filepath.Join(dir, "s"), "belongs to user 4242", "change its owner")
}

// The longest path that is accepted can be bound and connected to.
func TestListenPathLength(t *testing.T) {
	base := shortDir(t)
	at := func(dir, name int) string {
		return filepath.Join(base, strings.Repeat("d", dir-len(base)-1), strings.Repeat("n", name))
	}
	refused(t, at(20, maxSocketPath-20), "path is 1 bytes too long", "choose a shorter")
	refused(t, at(maxSocketPath-nurseryLength+1, 1), "path is 1 bytes too long")
	for _, path := range []string{at(20, maxSocketPath-21), at(maxSocketPath-nurseryLength, 1)} {
		listenAt(t, path)
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatalf("%d bytes: %v", len(path), err)
		}
		c.Close()
	}
}
