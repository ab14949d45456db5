package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// drawing is what was drawn on a terminal so far.
type drawing struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (d *drawing) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(b)
}

func (d *drawing) shows(text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Contains(d.text.String(), text)
}

// onTerminal gives a process a terminal of its own, which nobody types at.
func onTerminal(t *testing.T, p *process) *drawing {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 120}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	drawn := &drawing{}
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(drawn, screen) }) // until nobody has the terminal
	t.Cleanup(func() {
		tty.Close()
		reading.Wait()
		screen.Close()
	})
	p.Stdin, p.Stdout = tty, tty
	p.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.Env = append(os.Environ(), "TERM=xterm-256color")
	return drawn
}

// top without an agent has a source of its own, and says what it finds.
func TestTopOfItsOwnSource(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	top := newProcess(t, dir, "top", "--source", "synthetic:one-file-flood", "--flood-rate", "10")
	top.Args = slices.Delete(top.Args, 2, 4) // it has no metrics
	drawn := onTerminal(t, top)
	top.start()
	top.eventually("shows who writes", func() bool { return drawn.shows("/private/tmp/.cache/evil") })
	top.eventually("shows what it finds", func() bool { return drawn.shows("high flood") })
	top.stop()
}

// What moves on every second for who watches it still does after a reload.
func TestReloadOfALiveView(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	config := filepath.Join(dir, "c")
	replaceFile(t, config, "window: 60s\n")
	p := newProcess(t, dir, "run", "--config", config, "--source", "synthetic:quiet-desktop")
	onTerminal(t, p)
	p.start()
	p.awaitMetric("summarizer_frames_acknowledged_total", 1)
	replaceFile(t, config, "window: 50s\nmute: [uid=77]\n")
	p.signal(syscall.SIGHUP)
	p.says(`"changed":["mute","window"]`, 1)
	p.awaitMetric(`summarizer_windows_total{end_reason="reloaded"}`, 1)
	p.awaitMetric("summarizer_frames_acknowledged_total", p.metrics()["summarizer_frames_acknowledged_total"]+2)
	p.stop()
}

// top looks, and the host gets all the same.
func TestTopTakesNothingAway(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	agent, in := spooled(t, dir)
	top := newProcess(t, dir, "top", "--socket", filepath.Join(dir, "s"))
	top.Args = slices.Delete(top.Args, 2, 4) // it has no metrics
	onTerminal(t, top)
	top.start()
	agent.awaitMetric("summarizer_watchers_connected", 1)
	in.write("/bin/a", "/data/1", 25)
	h := take(t, filepath.Join(dir, "s"))
	agent.eventually("delivers", func() bool { return sum(h.all(), events) == 25 })
	top.stop()
	agent.eventually("counts the end of top", func() bool { return agent.metrics()["summarizer_watchers_connected"] == 0 })
	checkTaken(t, agent, in, h)
}
