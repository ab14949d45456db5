package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/transport"
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
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
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

// stop asks the process to end and wants it to end well.
func (p *process) stop() {
	p.t.Helper()
	if err := end(p.Cmd); err != nil {
		p.t.Errorf("%v\n%s", err, p.logged())
	}
}

// fails wants the process to end with an exit code, and returns what it logged.
func (p *process) fails(code int) string {
	p.t.Helper()
	_ = p.Wait() // the code says it
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
		Dial:              func(string, string) (net.Conn, error) { return net.Dial("unix", p.admin) },
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

// feed lets the process read events from its standard input.
func (p *process) feed() *feeder {
	p.t.Helper()
	w, err := p.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	return &feeder{t: p.t, to: w, pids: map[string]int{}}
}

// feeder writes lines as eslogger(1) does: what is given is known to the event.
type feeder struct {
	t     *testing.T
	to    io.WriteCloser
	pids  map[string]int // by executable
	given int
}

// write gives n writes of a program to a file.
func (f *feeder) write(executable, path string, n int) {
	f.t.Helper()
	if f.pids[executable] == 0 {
		f.pids[executable] = 100 + len(f.pids)
	}
	var b bytes.Buffer
	for range n {
		fmt.Fprintf(&b, `{"version":9,"time":%q,"event_type":33,"seq_num":%d,"global_seq_num":%d,"process":{"audit_token":{"pid":%d,"pidversion":1,"euid":501},"ppid":1,"executable":{"path":%q}},"event":{"write":{"target":{"path":%q}}}}`+"\n",
			time.Now().UTC().Format(time.RFC3339Nano), f.given, f.given, f.pids[executable], executable, path)
		f.given++
	}
	if _, err := b.WriteTo(f.to); err != nil {
		f.t.Fatal(err)
	}
}

func (f *feeder) close() {
	f.t.Helper()
	if err := f.to.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// taker is a host that remembers the tiles it was given.
type taker struct {
	mu    sync.Mutex
	tiles []*summaries.Summary
}

// take connects a taker to an agent until the test ends.
func take(t *testing.T, socket string) *taker {
	h := &taker{}
	r := transport.NewReceiver(transport.ReceiverConfig{Dial: dialer(socket), Handle: h.handle, MaxBackoff: 100 * time.Millisecond})
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(t.Context()) })
	t.Cleanup(running.Wait)
	return h
}

func (h *taker) handle(s *summaries.Summary, _ []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Window.Tile {
		h.tiles = append(h.tiles, s)
	}
	return nil
}

func (h *taker) all() []*summaries.Summary {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*summaries.Summary(nil), h.tiles...)
}

// sum adds up a number of all tiles.
func sum(tiles []*summaries.Summary, number func(*summaries.Summary) uint64) (n uint64) {
	for _, s := range tiles {
		n += number(s)
	}
	return n
}

func events(s *summaries.Summary) uint64 { return s.Events }
func muted(s *summaries.Summary) uint64  { return s.Ledger.Muted }

// mutedBy is how many events a rule muted in all tiles, and whether any tile lists it.
func mutedBy(tiles []*summaries.Summary, rule string) (n uint64, listed bool) {
	for _, s := range tiles {
		for _, r := range s.Muted {
			if r.Rule == rule {
				n, listed = n+r.Events, true
			}
		}
	}
	return n, listed
}

// ended tells whether a tile ended for a reason.
func ended(tiles []*summaries.Summary, why summaries.EndReason) bool {
	for _, s := range tiles {
		if s.Window.EndReason == why {
			return true
		}
	}
	return false
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
	cmd := exec.Command("summarizer", args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
