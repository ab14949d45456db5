package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"summarizer/summaries"
)

// The configuration of TestReload: before, after, and three with a mistake in them.
const (
	reloadBefore = "window: 1h\nlimit-paths: 1000\nframe-size: 64KiB\nwatch: [/srv]\n"
	reloadAfter  = "window: 4h\nhop: 2h\nlimit-paths: 2000\nframe-size: 128KiB\nwatch: [/opt]\nmute: [exe=/bin/b]\n"
)

var reloadMistakes = []string{"window: often\n", "window: 10s\nhop: 3s\n", "mute: [nonsense]\n", "windw: 10s\n", "log-level: loud\n"}

func TestReload(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"run", "agent"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			testReload(t, verb)
		})
	}
}

func testReload(t *testing.T, verb string) {
	dir := shortDir(t)
	config := filepath.Join(dir, "config.yaml")
	replaceFile(t, config, reloadBefore)
	args := []string{"--config", config, "--source", "eslogger:-", "--frame-size", "32KiB", "--watch", "/data"}
	var tiles func() []*summaries.Summary
	if verb == "run" {
		frames := filepath.Join(dir, "frames")
		args = append(args, "--frames", frames)
		tiles = func() []*summaries.Summary { return framesOf(t, frames) }
	} else {
		socket := filepath.Join(dir, "s")
		args = append(args, "--socket", socket, "--spool", filepath.Join(dir, "spool"), "--host-path", "/bin/a,host")
		tiles = take(t, socket).all
	}
	p := newProcess(t, dir, verb, args...)
	in := p.feed()
	p.start()
	p.says(`"starting"`, 1)

	in.write("/bin/a", "/data/1", 100)
	p.signal(syscall.SIGHUP) // nothing has changed
	p.says(`"changed":[]`, 1)
	replaceFile(t, config, reloadAfter)
	p.signal(syscall.SIGHUP)
	p.says(`"changed":["hop","mute","window"]`, 1)
	p.says(`"flags":["limit-paths"]`, 1)
	in.write("/bin/b", "/data/2", 30)
	in.write("/bin/a", "/data/1", 20)
	p.eventually("ends a window as reloaded", func() bool { return ended(tiles(), summaries.Reloaded) })

	for i, mistake := range reloadMistakes {
		replaceFile(t, config, mistake)
		p.signal(syscall.SIGHUP)
		p.says("nothing was changed", i+1)
	}
	in.write("/bin/b", "/data/2", 5)
	if verb == "agent" {
		in.write("/bin/a,host", "/data/3", 7)
	}
	in.close()
	if err := p.wait(); err != nil {
		t.Fatal(err)
	}
	checkReloaded(t, verb, in.given, tiles())
	if n := strings.Count(p.logged(), `"message":"reloaded"`); n != 2 {
		t.Errorf("reloaded %d times", n)
	}
}

// A host has nothing that can change while it runs: it says so, and goes on.
func TestReloadOfHost(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	config := filepath.Join(dir, "config.yaml")
	replaceFile(t, config, "keep-windows: 48h\n")
	p := startProcess(t, dir, "host", "--config", config, "--socket", filepath.Join(dir, "s"), "--store", filepath.Join(dir, "h.db"))
	p.says(`"starting"`, 1)
	p.signal(syscall.SIGHUP)
	p.says(`"changed":[]`, 1)
	replaceFile(t, config, "keep-windows: 24h\nwindow: 1h\n") // which is for agents
	p.signal(syscall.SIGHUP)
	p.says(`"flags":["keep-windows"],`, 1)
	replaceFile(t, config, "keep-windows: long\n")
	p.signal(syscall.SIGHUP)
	p.says("nothing was changed", 1)
	p.stop()
}

// checkReloaded wants every event given to be in the tiles, and what was muted by its rule.
func checkReloaded(t *testing.T, verb string, given int, tiles []*summaries.Summary) {
	t.Helper()
	received := sum(tiles, func(s *summaries.Summary) uint64 { return s.Ledger.Received })
	if folded := sum(tiles, events); received != uint64(given) || folded != 120 {
		t.Errorf("%d received of %d given, %d folded of 120", received, given, folded)
	}
	if n, _ := mutedBy(tiles, "exe=/bin/b"); n != 35 {
		t.Errorf("the rule that came with the reload muted %d of 35", n)
	}
	if n, _ := mutedBy(tiles, `host: exe=/bin/a\,host`); verb == "agent" && n != 7 {
		t.Errorf("the host's rule muted %d of 7", n)
	}
	last := tiles[len(tiles)-1]
	if last.Window.EndReason != summaries.SourceEnded || last.Window.Hop != int64(2*time.Hour) {
		t.Errorf("the last window is %+v", last.Window)
	}
}

// framesOf decodes a file of frames of 32 KiB, without the one that is being written.
func framesOf(t *testing.T, name string) (all []*summaries.Summary) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for ; len(b) >= 32<<10; b = b[32<<10:] {
		s, err := summaries.DecodeFrame(b[:32<<10])
		if err != nil {
			t.Fatal(err)
		}
		if s.Window.Tile {
			all = append(all, s)
		}
	}
	return all
}

// A program that was given its flags does not lose one of them by reading its configuration
// again, whatever is in their values.
func TestRereadKeepsTheCommandLine(t *testing.T) {
	path := writeConfig(t, "window: 1h\nlimit-paths: 77\nmute: [uid=9]\n")
	given := []string{
		"--config=" + path, "--window=2m", "--hop=1m", `--mute=exe=/a\,b,kind=write`, "--mute=path=/c d", "--watch=/x,y", "--watch=/z",
		"--frame-size=32KiB", "--admin-pprof=false", "--allow-user=root", "--spool-slots=9",
	}
	started := false
	cmd, _, err := newRoot(&started).Find([]string{"agent"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(given); err != nil {
		t.Fatal(err)
	}
	if err := configure(cmd); err != nil {
		t.Fatal(err)
	}
	fresh, err := reread(cmd)
	if err != nil {
		t.Fatal(err)
	}
	want, got := flagValues(cmd.Flags()), flagValues(fresh.Flags())
	if changed := want.changed(got); len(changed) > 0 {
		t.Errorf("read again without a change these differ: %v", changed)
	}
	if got["limit-paths"] != "77" || got["mute"] != `["exe=/a\,b,kind=write","path=/c d"]` && !strings.Contains(got["mute"], "path=/c d") {
		t.Errorf("%s", fmt.Sprint(got))
	}
}
