package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"summarizer/aggregator"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/summaries"
	"summarizer/summaries/transport"
)

// TestBlindSpots: what Endpoint Security leaves out is listed as what nobody counts.
func TestBlindSpots(t *testing.T) {
	plan, err := endpointsecurity.Selection{Self: [8]uint32{5: 1}, Rules: []string{"exe=/bin/a", "kind=write", "host: exe=/bin/h"}}.Plan()
	if err != nil {
		t.Fatal(err)
	}
	want := []summaries.MuteRule{
		{Rule: "process: summarizer itself, in the kernel"}, {Rule: "exe=/bin/a, in the kernel"}, {Rule: "host: exe=/bin/h, in the kernel"},
	}
	if got := muteRules(endpointsecurity.NewSource(endpointsecurity.Config{Plan: plan}, nil)); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestMuteOfAgent has rules of every kind in force; the first that holds counts an event.
func TestMuteOfAgent(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	p, in := spooled(t, dir, "--mute", "exe=/bin/a", "--mute", "path=/data/*/cache,kind=write|unlink", "--mute", "uid=0", "--host-path", "/bin/host")
	h := take(t, filepath.Join(dir, "s"))
	p.awaitMetric("summarizer_keeper_connected", 1)
	in.write("/bin/a", "/data/x/cache/1", 3)
	in.write("/bin/b", "/data/x/cache/1", 5)
	in.write("/bin/b", "/data/x/other", 7)
	in.write("/bin/host", "/data/x/cache/1", 11)
	in.close()
	if err := p.wait(); err != nil {
		t.Fatal(err)
	}
	tiles := h.all()
	for rule, want := range map[string]uint64{
		"exe=/bin/a": 3, "path=/data/*/cache,kind=write|unlink": 5, "uid=0": 0, "host: exe=/bin/host": 11,
	} {
		if n, listed := mutedBy(tiles, rule); n != want || !listed {
			t.Errorf("rule %q muted %d of %d, listed: %v", rule, n, want, listed)
		}
	}
	if folded, hidden := sum(tiles, events), sum(tiles, muted); folded != 7 || hidden != 19 {
		t.Errorf("%d folded and %d muted of %d", folded, hidden, in.given)
	}
}

// TestHostStaysMuted follows the rules for hosts that come and go: one that has gone is muted
// for a while, one that comes back is muted all along, and never are there more than a few.
func TestHostStaysMuted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		most, inForce := 64, []string{}
		h := &hostMutes{log: zerolog.Nop(), set: func(rules []aggregator.MuteRule) error {
			if len(rules) > most {
				return errors.New("too many")
			}
			inForce = nil
			for _, r := range rules {
				inForce = append(inForce, strings.TrimPrefix(r.String(), "host: pid="))
			}
			return nil
		}}
		want := func(pids string) {
			t.Helper()
			synctest.Wait()
			h.mu.Lock()
			defer h.mu.Unlock()
			if got := strings.Join(inForce, " "); got != pids {
				t.Errorf("muted are %q, want %q", got, pids)
			}
		}
		host := func(pid int32) transport.Peer { return transport.Peer{PID: pid, Mode: transport.Keep} }
		h.changed(host(0), true) // of another PID namespace
		h.changed(host(7), true)
		h.changed(host(7), true) // twice
		want("7")
		h.changed(host(7), false)
		h.changed(host(7), false)
		time.Sleep(muteAfter - time.Second)
		h.changed(host(8), true)
		want("8 7")
		time.Sleep(time.Second)
		want("8")

		h.changed(host(8), false)
		time.Sleep(muteAfter / 2)
		h.changed(host(8), true)
		time.Sleep(muteAfter)
		want("8")
		for pid := int32(100); pid < 200; pid++ {
			h.changed(host(pid), true)
			h.changed(host(pid), false)
		}
		want("8 192 193 194 195 196 197 198 199")
		h.mu.Lock()
		most = 2
		h.mu.Unlock()
		h.changed(host(9), true) // beside rules of others there is room for two
		want("8 9")
		time.Sleep(muteAfter)
		want("8 9")
	})
}

// TestHostRules: a host is known by its executable and, where it was given, by its user.
func TestHostRules(t *testing.T) {
	for user, want := range map[string]string{"": "", "0": ",uid=0", "root": ",uid=0", "4242": ",uid=4242"} {
		texts, err := hostRules([]string{`/bin/a,b\c`}, user)
		if err != nil || len(texts) != 1 || texts[0] != `host: exe=/bin/a\,b\\c`+want {
			t.Errorf("user %q: %q, %v", user, texts, err)
		}
		if _, err := parseMutes(texts); err != nil {
			t.Error(err)
		}
	}
	if _, err := hostRules(nil, "no such user"); exitCode(err, true) != exitUsage || !strings.Contains(err.Error(), "--host-user") {
		t.Errorf("an unknown user: %v", err)
	}
}

// TestHostIsMuted lets events come that the agent's hosts have done: those of a time in which
// the host is connected are left out, and counted as the host's.
func TestHostIsMuted(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	socket := filepath.Join(dir, "s")
	p, in := spooled(t, dir)
	in.pids["/bin/host"] = os.Getpid()
	in.write("/bin/host", "/data/h.db", 2) // nobody knows it yet
	p.awaitMetric(`summarizer_ledger_total{entry="folded"}`, 2)

	h := take(t, socket)
	p.says(`"connected":true`, 1)
	_, leave := join(t, socket, transport.Watch)
	p.says(`"connected":true`, 2)
	in.write("/bin/host", "/data/h.db", 5)
	p.awaitMetric(`summarizer_ledger_total{entry="muted"}`, 5)
	leave()
	p.says(`"connected":false`, 1) // one of two: the process is still a host
	in.write("/bin/host", "/data/h.db", 9)
	in.write("/bin/a", "/data/1", 1)
	in.close()
	if err := p.wait(); err != nil {
		t.Fatal(err)
	}
	tiles := h.all()
	rule := fmt.Sprintf("host: pid=%d", os.Getpid())
	if n, listed := mutedBy(tiles, rule); n != 14 || !listed {
		t.Errorf("rule %q muted %d of 14", rule, n)
	}
	if n := sum(tiles, events); n != 3 {
		t.Errorf("%d events folded, want 3", n)
	}
	if why := tiles[len(tiles)-1].Window.EndReason; why != summaries.SourceEnded {
		t.Errorf("the last window ended as %v", why)
	}
}
