package spool

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFileMode(t *testing.T) {
	path := newPath(t)
	mustOpen(t, path, testConfig(4)).Close()
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path, testConfig(4))
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v: %v", info.Mode(), err)
	}
	if blocks := info.Sys().(*unixStat).Blocks * 512; blocks < info.Size() {
		t.Errorf("%d of %d bytes are allocated", blocks, info.Size())
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left behind %v", entries)
	}
}

func TestLocked(t *testing.T) {
	path := newPath(t)
	r := mustOpen(t, path, testConfig(4))
	if _, err := Open(path, testConfig(4)); !errors.Is(err, ErrLocked) {
		t.Errorf("second agent: %v", err)
	}
	if report, err := Check(path); err != nil || !report.Locked || !report.OK() {
		t.Errorf("%+v, %v", report, err)
	}
	r.Close()
	if report, err := Check(path); err != nil || report.Locked || !report.Clean {
		t.Errorf("%+v, %v", report, err)
	}
	mustOpen(t, path, testConfig(4))
}

// TestForeign: what is no spool is refused and left as it is.
func TestForeign(t *testing.T) {
	zeros := make([]byte, testConfig(4).geometry().size())
	for name, content := range map[string][]byte{
		"text": []byte("my diary"), "zeros": zeros, "sectors": bytes.Repeat([]byte("0123456789abcdef"), 4096),
	} {
		path := newPath(t)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, testConfig(4)); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "move the file away") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Check(path); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}

func TestNoRegularFile(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	mustOpen(t, target, testConfig(4)).Close()
	link, fifo := filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.Symlink(target, link), syscall.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, fifo, dir} {
		if r, err := Open(path, testConfig(4)); err == nil {
			r.Close()
			t.Errorf("opened %s", path)
		}
		if _, err := Check(path); err == nil {
			t.Errorf("checked %s", path)
		}
	}
	if _, err := Open(filepath.Join(dir, "none", "spool"), testConfig(4)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestEmptyFileBecomesASpool(t *testing.T) {
	path := newPath(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, path, testConfig(4))
	mustPut(t, r, single(1))
	r.Close()
	if all := drain(t, mustOpen(t, path, testConfig(4))); len(all) != 1 {
		t.Errorf("kept %s", ranges(all))
	}
}

// TestFileTakenAway: a file that is deleted, moved away or truncated under the agent is made
// again with all that could still be read.
func TestFileTakenAway(t *testing.T) {
	for _, test := range []struct {
		name   string
		take   func(path string) error
		reason DiskError
		kept   string
	}{
		{"deleted", os.Remove, Deleted, "1-1 2-2 3-3 "},
		{"moved", func(path string) error { return os.Rename(path, path+".old") }, Deleted, "1-1 2-2 3-3 "},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }, Resized, "3-3 "},
		{"extended", func(path string) error { return os.Truncate(path, 1<<30) }, Resized, "1-1 2-2 3-3 "},
		{"cut", func(path string) error { return os.Truncate(path, testConfig(4).geometry().offset(kindSlot, 1)) }, Resized, "1-1 3-3 "},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := newPath(t)
			r := mustOpen(t, path, testConfig(4))
			mustPut(t, r, single(1), single(2))
			if err := test.take(path); err != nil {
				t.Fatal(err)
			}
			mustPut(t, r, single(3))
			if s := r.Stats(); s.DiskErrors[test.reason] != 1 || s.Failing || s.InMemory != 0 {
				t.Errorf("%+v", s)
			}
			kill(r)
			if got := ranges(drain(t, mustOpen(t, path, testConfig(4)))); got != test.kept {
				t.Errorf("kept %s, not %s", got, test.kept)
			}
		})
	}
}

// TestReplaced: a file that somebody put where the spool was is left alone. The ring goes on in
// memory, and on the disk when the file is gone.
func TestReplaced(t *testing.T) {
	path := newPath(t)
	r := mustOpen(t, path, testConfig(4))
	mustPut(t, r, single(1))
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	mustPut(t, r, single(2))
	if err := r.Checkpoint(single(3)); err != nil {
		t.Fatal(err)
	}
	if s := r.Stats(); !s.Failing || s.InMemory != 1 || s.DiskErrors[Replaced] != 1 {
		t.Errorf("%+v", s)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "mine" {
		t.Errorf("%q, %v", content, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mustPut(t, r, single(3), single(4))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := ranges(drain(t, mustOpen(t, path, testConfig(4)))); got != "1-1 2-2 3-3 4-4 " {
		t.Errorf("kept %s", got)
	}
}

// TestOtherGeometry: a spool of other slots or frames is moved into one as configured.
func TestOtherGeometry(t *testing.T) {
	for _, cfg := range []Config{testConfig(3), testConfig(20), {Slots: 8, FrameSize: 64 << 10, Key: &testKey}, {Slots: 2, FrameSize: 32 << 10}} {
		path := newPath(t)
		r := mustOpen(t, path, testConfig(8))
		var events uint64
		for n := uint64(1); n <= 8; n++ {
			mustPut(t, r, single(n))
			events += eventsOf(n)
		}
		next(t, r)
		r.Checkpoint(newTile(9, 9, 5))
		kill(r)
		r = mustOpen(t, path, cfg)
		checkSlots(t, r)
		if info, err := os.Stat(path); err != nil || info.Size() != cfg.geometry().size() {
			t.Errorf("%+v: %v, %v", cfg, info.Size(), err)
		}
		if s := r.Stats(); !s.InFlight || r.LastSeq() != 10 {
			t.Errorf("%+v: number %d, %+v", cfg, r.LastSeq(), s)
		}
		all := drain(t, r)
		if len(all) != min(9, cfg.Slots) || all[0].Seq != 1 {
			t.Errorf("%+v: %s", cfg, ranges(all))
		}
		checkSums(t, append(all, newTile(10, 10, 0)), 10, events+5)
	}
}
