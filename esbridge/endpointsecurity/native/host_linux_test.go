//go:build cgo

package native

import (
	"strings"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/esbridge/endpointsecurity/simulator"
)

// TestHostsAreMuted: a host is muted by its audit token with the first event of an execution
// that runs already, and again when it begins anew; nobody else is.
func TestHostsAreMuted(t *testing.T) {
	const host = "/usr/local/bin/host"
	rng := newRand(t)
	message := func(kind uint32, change func(*simulator.Message)) simulator.Image {
		m := simulator.Random(rng, 9, []uint32{kind})
		m.Denied = false
		m.Process.PID, m.Process.Version, m.Process.Executable.Path = 50, 1, simulator.Text("/bin/zsh")
		m.Subject.PID, m.Subject.Version = 51, 2
		change(m)
		return m.Image()
	}
	isHost := func(p *simulator.Process, version uint32) {
		p.PID, p.Version, p.Executable.Path = 60, version, simulator.Text(host)
	}
	script := []simulator.Image{
		message(33, func(m *simulator.Message) {}),
		message(33, func(m *simulator.Message) { isHost(&m.Process, 4) }),
		message(9, func(m *simulator.Message) { isHost(&m.Subject, 7) }),
		message(9, func(m *simulator.Message) { m.Subject.Executable.Path = simulator.Text(host + "2") }),
	}
	plan, err := endpointsecurity.Selection{Rules: []string{"host: exe=" + host}}.Plan()
	if err != nil {
		t.Fatal(err)
	}
	resetSimulator()
	writes, execs := uint64(0), uint64(0)
	all := make(chan struct{})
	r := startRunWith(t, endpointsecurity.Config{Plan: plan}, func(b *esbridge.Batch) {
		for _, e := range b.Events {
			writes += e.Count
		}
		if execs += b.Tally.Lifecycle[esbridge.Exec]; writes == 2 && execs == 2 {
			close(all)
			writes = 0
		}
	})
	play(script, func(int) bool { return false })()
	<-all
	calls := apiCalls()
	// What is drained when the clients are gone mutes nobody.
	play([]simulator.Image{message(9, func(m *simulator.Message) { isHost(&m.Subject, 9) })}, func(int) bool { return false })()
	r.end()
	if strings.Contains(apiCalls(), "mute_process -") || strings.LastIndex(apiCalls(), "mute_") > strings.Index(apiCalls(), "delete") {
		t.Errorf("called\n%s", apiCalls())
	}
	for _, want := range []string{"mute_process 0 60.4\n", "mute_process 0 60.7\n"} {
		if !strings.Contains(calls, want) {
			t.Errorf("%q was not called:\n%s", want, calls)
		}
	}
	if strings.Count(calls, "mute_") != 2 {
		t.Errorf("called\n%s", calls)
	}
	if blind := r.source.MuteRules(); len(blind) != 1 || blind[0] != "host: exe="+host+", in the kernel" {
		t.Errorf("blind spots: %q", blind)
	}
}
