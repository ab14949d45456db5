package eslogger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"summarizer/esbridge"
)

// fake writes a shell script that stands in for eslogger.
func fake(t *testing.T, script string) Command {
	t.Helper()
	path := filepath.Join(t.TempDir(), "eslogger")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return Command{Path: path}
}

// emit is the shell command that writes line.
func emit(line []byte) string { return "cat <<'EOF'\n" + string(line) + "\nEOF\n" }

// TestSpawn: the tool is started with the events, in our process group; what it wrote is
// delivered; the end of the context kills it and is no error, whatever it left running.
func TestSpawn(t *testing.T) {
	line, told := emit(writeLine(`"\/a"`, ``)), filepath.Join(t.TempDir(), "told")
	for name, rest := range map[string]string{"waiting": "exec sleep 1000", "with a child that holds the pipe": "sleep 3 & wait"} {
		c := fake(t, "echo $$ $* > "+told+"\n"+line+rest)
		ctx, cancel := context.WithCancel(context.Background())
		events := 0
		err := Spawn(c).Run(ctx, func(b *esbridge.Batch) error {
			if events += len(b.Events); events > 0 {
				checkStarted(t, told)
				cancel()
			}
			return nil
		})
		if err != nil || events != 1 {
			t.Errorf("%s: %d events, error %v", name, events, err)
		}
	}
}

// checkStarted reads what a tool that is running told: its process id and its arguments.
func checkStarted(t *testing.T, file string) {
	t.Helper()
	out, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	id, events, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if events != strings.Join(DefaultEvents(), " ") {
		t.Errorf("started with %q", events)
	}
	pid, err := strconv.Atoi(id)
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(pid); err != nil || group != syscall.Getpgrp() {
		t.Errorf("process group %d (%v), ours is %d", group, err, syscall.Getpgrp())
	}
}

// TestSpawnFailures: each way to fail says what to do about it, after what was read has been
// delivered.
func TestSpawnFailures(t *testing.T) {
	line := emit(writeLine(`"\/a"`, ``))
	notExecutable := fake(t, "")
	if err := os.Chmod(notExecutable.Path, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		command Command
		events  int
		says    []string
	}{
		{"no such file", Command{Path: "/nonexistent/eslogger"}, 0, []string{"macOS 13", "recording"}},
		{"not in PATH", Command{Path: "no-such-eslogger"}, 0, []string{"macOS 13", "recording"}},
		{"not executable", notExecutable, 0, []string{"make", "executable"}},
		{"no access", fake(t, line+"echo 'Failed: ES_NEW_CLIENT_RESULT_ERR_NOT_PERMITTED' >&2; exit 1"), 1, []string{"Full Disk Access", "exit status 1"}},
		{"no root", fake(t, "echo 'ES_NEW_CLIENT_RESULT_ERR_NOT_PRIVILEGED' >&2; exit 2"), 0, []string{"sudo", "exit status 2"}},
		{"too many", fake(t, "echo 'ES_NEW_CLIENT_RESULT_ERR_TOO_MANY_CLIENTS' >&2; exit 2"), 0, []string{"stop one"}},
		{"other words", fake(t, line+"echo 'unknown event: wrote' >&2; exit 64"), 1, []string{"unknown event: wrote", "exit status 64"}},
		{"silent", fake(t, "exit 0"), 0, []string{"said nothing", "exit status 0"}},
		{"killed", fake(t, "kill -TERM $$"), 0, []string{"signal: terminated"}},
		{"talkative", fake(t, "i=0; while [ $i -lt 2000 ]; do echo 'line of noise' >&2; i=$((i+1)); done; echo last words >&2; exit 3"), 0, []string{"last words"}},
	} {
		events := 0
		err := Spawn(c.command).Run(context.Background(), func(b *esbridge.Batch) error {
			events += len(b.Events)
			return nil
		})
		if err == nil || events != c.events {
			t.Errorf("%s: %d events, error %v", c.name, events, err)
			continue
		}
		for _, word := range c.says {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q does not say %q", c.name, err, word)
			}
		}
		if len(err.Error()) > tailSize+1024 {
			t.Errorf("%s: an error of %d bytes", c.name, len(err.Error()))
		}
	}
}

// TestSpawnDeliverError: the tool does not outlive a deliver that failed.
func TestSpawnDeliverError(t *testing.T) {
	full := errors.New("full")
	pidFile := filepath.Join(t.TempDir(), "pid")
	c := fake(t, "echo $$ > "+pidFile+"\nexec sleep 1000")
	err := Spawn(c).Run(context.Background(), func(*esbridge.Batch) error {
		if _, err := os.Stat(pidFile); err != nil {
			return nil // it has not begun
		}
		return full
	})
	if err != full {
		t.Fatalf("error %v", err)
	}
	var pid int
	out, _ := os.ReadFile(pidFile)
	if _, err := fmt.Sscan(string(out), &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("process %d is still there: %v", pid, err)
	}
}

// TestSpawnDescribes: a spawned source is live and names what eslogger hides.
func TestSpawnDescribes(t *testing.T) {
	s := Spawn(Command{})
	if i := s.Info(); i.Name != "eslogger" || !i.Live || len(s.MuteRules()) == 0 {
		t.Errorf("info %+v, rules %q", i, s.MuteRules())
	}
	if i := NewReader("x", nil, false).Info(); i.Live {
		t.Errorf("a recording is live: %+v", i)
	}
}
