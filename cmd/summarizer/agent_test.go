package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spooled starts an agent that reads from the test and has its spool and socket in dir.
func spooled(t *testing.T, dir string, args ...string) (*process, *feeder) {
	t.Helper()
	args = append([]string{"--source", "eslogger:-", "--window", "100ms", "--frame-size", "16KiB",
		"--socket", filepath.Join(dir, "s"), "--spool", filepath.Join(dir, "spool"), "--spool-slots", "4"}, args...)
	p := newProcess(t, dir, "agent", args...)
	in := p.feed()
	p.start()
	p.says(`"starting"`, 1)
	return p, in
}

// checkTaken ends the agent and wants all that was given to have come out.
func checkTaken(t *testing.T, p *process, in *feeder, h *taker) {
	t.Helper()
	in.close()
	if err := p.wait(); err != nil {
		t.Error(err)
	}
	if n := sum(h.all(), events); n != uint64(in.given) {
		t.Errorf("%d of %d events arrived", n, in.given)
	}
	for _, s := range h.all() {
		if a := s.Agent; a.MemoryBytes < 1<<20 || a.SpoolSlots == 0 || a.SpoolWaiting > a.SpoolSlots {
			t.Errorf("a summary says of its agent %+v", a)
		}
	}
}

func TestSpoolDeletedUnderTheAgent(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	spool := filepath.Join(dir, "spool")
	p, in := spooled(t, dir)
	in.write("/bin/a", "/data/1", 50)
	p.awaitMetric(`summarizer_ledger_total{entry="folded"}`, 50)
	if err := os.Remove(spool); err != nil {
		t.Fatal(err)
	}
	in.write("/bin/a", "/data/1", 30)
	p.awaitMetric(`summarizer_spool_disk_errors_total{reason="deleted"}`, 1)
	p.says("the spool fails", 1)
	p.says("the spool works again", 1)
	if _, err := os.Stat(spool); err != nil {
		t.Errorf("it was not created again: %v", err)
	}
	if n := p.metrics()["summarizer_spool_in_memory"]; n != 0 {
		t.Errorf("%v summaries are still in memory", n)
	}
	h := take(t, filepath.Join(dir, "s"))
	p.eventually("delivers", func() bool { return sum(h.all(), events) > 0 })
	checkTaken(t, p, in, h)
}

// A file that is not the agent's stays as it is, and the agent says what to do.
func TestSpoolOfSomebodyElse(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	spool := filepath.Join(dir, "spool")
	precious := bytes.Repeat([]byte("my thesis\n"), 100_000)
	if err := os.WriteFile(spool, precious, 0o644); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, dir, "agent", "--source", "synthetic:zipf", "--socket", filepath.Join(dir, "s"), "--spool", spool).start()
	if said := p.fails(exitUsage); !strings.Contains(said, "--spool") || !strings.Contains(said, "choose another path") && !strings.Contains(said, "move") {
		t.Errorf("no way out in: %s", said)
	}
	if !bytes.Equal(contentOf(t, spool), precious) {
		t.Error("the file was changed")
	}
	if info, err := os.Stat(spool); err != nil || info.Mode() != 0o644 {
		t.Errorf("the file's mode is %v now: %v", info.Mode(), err)
	}
}

func TestSpoolOfAnotherAgent(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	first, in := spooled(t, dir)
	second := newProcess(t, dir, "agent", "--source", "synthetic:zipf", "--socket", filepath.Join(dir, "s2"), "--spool", filepath.Join(dir, "spool")).start()
	if said := second.fails(exitUsage); !strings.Contains(said, "another agent uses this spool: stop it, or choose another path") {
		t.Errorf("no way out in: %s", said)
	}
	if _, err := os.Lstat(filepath.Join(dir, "s2")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it left its socket: %v", err)
	}
	third := newProcess(t, dir, "agent", "--source", "synthetic:zipf", "--socket", filepath.Join(dir, "s"), "--spool", filepath.Join(dir, "spool3")).start()
	if said := third.fails(exitUsage); !strings.Contains(said, "listening on") {
		t.Errorf("a socket that somebody listens on: %s", said)
	}
	in.write("/bin/a", "/data/1", 10)
	checkTaken(t, first, in, take(t, filepath.Join(dir, "s")))
}

// Two hosts that keep history take the windows from each other. The agent says so, once a
// window, and what to do.
func TestTwoKeepers(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	p, in := spooled(t, dir)
	one := take(t, filepath.Join(dir, "s"))
	p.awaitMetric("summarizer_keeper_connected", 1)
	other := take(t, filepath.Join(dir, "s"))
	p.says("run one host that keeps history", 3)
	in.write("/bin/a", "/data/1", 10)
	in.close()
	if err := p.wait(); err != nil {
		t.Error(err)
	}
	if n := sum(append(one.all(), other.all()...), events); n < 10 {
		t.Errorf("%d of 10 events arrived", n)
	}
	if cuts, windows := strings.Count(p.logged(), "were refused or cut off"), sum(one.all(), windows)+sum(other.all(), windows); uint64(cuts) > windows {
		t.Errorf("said %d times in %d windows", cuts, windows)
	}
}

// The disk is no reason to stop: what waits is in memory then, and a host gets it.
func TestSpoolCannotBeWritten(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(*testing.T, *process, string) (spool string){
		"directory of another user": forbidden,
		"read-only file system":     func(t *testing.T, _ *process, dir string) string { return filepath.Join(readOnly(t, dir), "spool") },
		"full file system": func(t *testing.T, _ *process, dir string) string {
			return filepath.Join(mounted(t, dir, "size=64k", 0), "spool")
		},
		"no directory there": func(t *testing.T, _ *process, dir string) string {
			return filepath.Join(readOnly(t, dir), "sub", "spool")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := shortDir(t)
			p := newProcess(t, dir, "agent", "--source", "eslogger:-", "--window", "100ms", "--socket", filepath.Join(dir, "own", "s"), "--allow-user", "0")
			in := p.feed()
			p.Args = append(p.Args, "--spool", place(t, p, dir))
			p.start()
			p.says("the spool cannot be used", 1)
			p.says(`"starting"`, 1)
			in.write("/bin/a", "/data/1", 20)
			h := take(t, filepath.Join(dir, "own", "s"))
			p.eventually("delivers", func() bool { return sum(h.all(), events) == 20 })
			checkTaken(t, p, in, h)
		})
	}
}
