package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a summarizer that runs beside the test.
type process struct {
	*exec.Cmd
	t     *testing.T
	log   string // the file that it logs to
	admin string // where it serves metrics
}

// newProcess prepares one that has its log and its metrics in dir.
func newProcess(t *testing.T, dir, verb string, args ...string) *process {
	t.Helper()
	log, err := os.CreateTemp(dir, verb+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, log: log.Name(), admin: strings.TrimSuffix(log.Name(), ".log")}
	args = append([]string{verb, "--admin", "unix:" + p.admin}, args...)
	if verb == "host" {
		args = append(args, "--dashboard", "off")
	}
	p.Cmd = exec.Command("summarizer", args...)
	p.Stderr = log
	t.Cleanup(func() { log.Close() })
	return p
}

func (p *process) start() *process {
	p.t.Helper()
	if err := p.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if p.ProcessState == nil {
			kill(p.Cmd)
		}
		if p.t.Failed() {
			p.t.Logf("%v logged:\n%s", p.Args[1:], p.logged())
		}
	})
	return p
}

// startProcess starts one and waits until it serves metrics, which is before it does its work.
func startProcess(t *testing.T, dir, verb string, args ...string) *process {
	t.Helper()
	p := newProcess(t, dir, verb, args...).start()
	p.eventually("serves metrics", func() bool { return p.metrics() != nil })
	return p
}

func (p *process) logged() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// says waits until the log has text n times.
func (p *process) says(text string, n int) {
	p.t.Helper()
	p.eventually(fmt.Sprintf("says %q %d times", text, n), func() bool { return strings.Count(p.logged(), text) >= n })
}

func (p *process) eventually(what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("it never came to pass that %s %s:\n%s", p.Args[1], what, p.logged())
		}
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// wait waits for the end of the process, and brings it about where it does not come.
func (p *process) wait() error {
	defer time.AfterFunc(patience, func() { _ = p.Process.Kill() }).Stop()
	return p.Wait()
}

// stop asks the process to end and wants it to end well.
func (p *process) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		p.t.Errorf("%s, asked to stop: %v", p.Args[1], err)
	}
}

// fails wants the process to end with an exit code, and returns what it logged.
func (p *process) fails(code int) string {
	p.t.Helper()
	_ = p.wait() // the code says it
	if got := p.ProcessState.ExitCode(); got != code {
		p.t.Errorf("%v exits with %d, want %d", p.Args[1:], got, code)
	}
	return p.logged()
}

// metrics are the samples that the process serves by name and labels; nil where it does not.
func (p *process) metrics() map[string]float64 {
	text, err := p.metricsText()
	if err != nil {
		return nil
	}
	samples := map[string]float64{}
	for line := range strings.Lines(text) {
		if at := strings.LastIndexByte(line, ' '); line[0] != '#' && at > 0 {
			if v, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64); err == nil {
				samples[line[:at]] = v
			}
		}
	}
	return samples
}

func (p *process) metricsText() (string, error) {
	client := http.Client{Transport: &http.Transport{
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", p.admin) },
		DisableKeepAlives: true,
	}}
	response, err := client.Get("http://localhost/metrics")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return string(b), err
}

// awaitMetric waits until a sample has at least a value.
func (p *process) awaitMetric(name string, least float64) {
	p.t.Helper()
	p.eventually(fmt.Sprintf("counts %s to %v", name, least), func() bool { return p.metrics()[name] >= least })
}

// replaceFile writes a file whole, as an editor does.
func replaceFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+"~", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+"~", name); err != nil {
		t.Fatal(err)
	}
}

// contentOf reads a file that must be there.
func contentOf(t *testing.T, elements ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// outcome runs a program to its end and returns all that it said.
func outcome(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "summarizer", args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
