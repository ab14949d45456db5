package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/store"
)

// loop is an agent of root, hosts of other users and an attack by another one still, each in
// a process of its own.
type loop struct {
	t       *testing.T
	dir     string
	socket  string
	history string // of the host, in a directory of its own
	agent   *process
}

// TestWholeLoop counts an attack with live events. The host is killed in the middle of it;
// one that may not connect tries all the time.
func TestWholeLoop(t *testing.T) {
	if out, code := runProgram(t, "doctor"); code != 0 {
		t.Skipf("live events cannot be had here:\n%s", out)
	}
	if os.Getuid() != 0 {
		t.Skip("only root can start programs of several users")
	}
	l := startLoop(t)
	host := l.host(nobody, l.history)
	host.start()
	forbidden := l.host(stranger, filepath.Join(l.directory("forbidden", stranger), "h.db"))
	forbidden.start()
	l.agent.awaitMetric("summarizer_keeper_connected", 1)

	attack := l.attack()
	awaitFile(t, filepath.Join(l.dir, "arena", "*", "file-0"))
	host.awaitMetric("summarizer_store_ingested_total", 2)
	kill(host.Cmd)
	host = l.host(nobody, l.history)
	host.start()
	report := attack()
	l.agent.awaitMetric(`summarizer_connections_ended_total{reason="forbidden_user"}`, 2)
	l.agent.stop()
	host.stop()
	forbidden.stop()
	l.checkHistory(report)
	l.checkOwnWrites()
	if n := totals(t, stored(t, filepath.Join(l.dir, "forbidden", "h.db"))); n.Windows != 0 {
		t.Errorf("a host that may not connect has %d windows", n.Windows)
	}
}

func startLoop(t *testing.T) *loop {
	t.Helper()
	dir := shortDir(t)
	l := &loop{t: t, dir: dir, socket: filepath.Join(dir, "run", "s")}
	for _, name := range []string{".", "run", "bin"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l.history = filepath.Join(l.directory("history", nobody), "h.db")
	l.agent = startProcess(t, dir, "agent", "--source", "linux", "--window", "1s", "--socket", l.socket, "--socket-mode", "0666",
		"--spool", filepath.Join(dir, "spool"), "--allow-user", strconv.Itoa(nobody), "--host-path", l.program("host"), "--host-user", strconv.Itoa(nobody))
	l.agent.awaitMetric("summarizer_spool_put_total", 1) // from now on all is counted
	return l
}

// directory makes one that belongs to a user.
func (l *loop) directory(name string, user int) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.Mkdir(path, 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Chown(path, user, user); err != nil {
		l.t.Fatal(err)
	}
	return path
}

// program is a copy of the program, so that hosts and attackers can be told apart.
func (l *loop) program(of string) string { return programIn(l.t, filepath.Join(l.dir, "bin", of)) }

// host prepares a host that another user runs.
func (l *loop) host(user int, history string) *process {
	p := newProcess(l.t, l.dir, "host", "--socket", l.socket, "--store", history)
	p.runAs(user, l.program("host"), filepath.Dir(history))
	return p
}

// attack starts one and returns what waits for its report.
func (l *loop) attack() func() attackReport {
	l.t.Helper()
	cmd := exec.Command(l.program("attack"), "attack", "--dir", l.directory("arena", stranger),
		"--threads", "20", "--processes", "3", "--files", "5", "--duration", "4s", "--print", "json")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = cmd.Process.Kill() })
	return func() (report attackReport) {
		l.t.Helper()
		if err := json.NewDecoder(out).Decode(&report); err != nil {
			l.t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			l.t.Error(err)
		}
		return report
	}
}

// checkHistory wants every write that was done in the store, by path and by program.
func (l *loop) checkHistory(report attackReport) {
	l.t.Helper()
	st := stored(l.t, l.history)
	if len(report.Files) != 5 || report.Writes == 0 {
		l.t.Fatalf("the attack reports %+v", report)
	}
	for path, done := range report.Files {
		q := store.Query{Range: everything(), Filter: store.Filter{PathPrefix: path, Kinds: []esbridge.Kind{esbridge.Write}}}
		for _, top := range []func() (*store.Table, error){
			func() (*store.Table, error) { return st.TopPaths(l.t.Context(), q) },
			func() (*store.Table, error) { return st.TopPrograms(l.t.Context(), q) },
		} {
			table, err := top()
			if err != nil {
				l.t.Fatal(err)
			}
			if len(table.Rows) != 1 || table.Rows[0].Events != done || table.Total.Events != done {
				l.t.Errorf("%d writes to %s were done, the store says %+v", done, path, table)
			} else if p := table.Rows[0].Program; p != nil && string(p.Path) != l.program("attack") {
				l.t.Errorf("they were done by %s", p.Path)
			}
		}
	}
	l.t.Logf("%d writes done in %s", report.Writes, report.Elapsed)
	n := totals(l.t, st)
	if led := &n.Ledger; led.Received != led.Folded+led.Muted+led.Ignored || led.KernelDropped+led.QueueDropped > 0 {
		l.t.Errorf("the books do not close: %+v", led)
	}
	gaps, err := st.Gaps(l.t.Context(), everything(), 0)
	if err != nil || len(gaps) > 0 {
		l.t.Errorf("gaps %v, %v", gaps, err)
	}
}

// checkOwnWrites wants what the host wrote to be muted by a rule that every window lists.
func (l *loop) checkOwnWrites() {
	l.t.Helper()
	st := stored(l.t, l.history)
	for _, directory := range []string{filepath.Dir(l.history), filepath.Join(l.dir, "spool")} {
		n, err := st.Totals(l.t.Context(), store.Query{Range: everything(), Filter: store.Filter{PathPrefix: directory}})
		if err != nil {
			l.t.Fatal(err)
		}
		if n.Events > 0 {
			l.t.Errorf("%d events of %s came back", n.Events, directory)
		}
	}
	hosts := map[string]uint64{}
	for s, err := range st.Summaries(l.t.Context(), everything()) {
		if err != nil {
			l.t.Fatal(err)
		}
		for _, r := range s.Muted {
			if strings.HasPrefix(r.Rule, "host: pid=") {
				hosts[r.Rule] += r.Events
			}
		}
		if _, listed := mutedBy([]*summaries.Summary{s}, fmt.Sprintf("host: exe=%s,uid=%d", l.program("host"), nobody)); !listed {
			l.t.Errorf("a window that ends %v does not list the host's executable: %+v", s.Window.EndReason, s.Muted)
		}
	}
	l.t.Logf("muted: %v", hosts)
	if len(hosts) != 2 {
		l.t.Errorf("rules for %d hosts: %v; there were two", len(hosts), hosts)
	}
	for rule, n := range hosts {
		if n == 0 {
			l.t.Errorf("rule %q muted nothing", rule)
		}
	}
}
