package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"summarizer/esbridge"
	"summarizer/summaries"
)

func TestAdminIsLoopbackOnly(t *testing.T) {
	regular := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(regular, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "example.com:80", "127.0.0.1", "unix:" + regular, "unix:/no/such/dir/s", "localhost:0"} {
		a := admin{address: address}
		if stop, err := a.serve(newRegistry()); err == nil {
			stop()
			t.Errorf("served at %q", address)
		} else if exitCode(err, true) != exitUsage {
			t.Errorf("%q: %v is no mistake of the command line", address, err)
		}
	}
}

// scrape asks for a path over a Unix socket or TCP, under the given Host.
func scrape(t *testing.T, network, address, host, path string) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial(network, address) },
		DisableKeepAlives: true,
	}}
	response, err := client.Get("http://" + host + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestMetrics(t *testing.T) {
	defer goleak.VerifyNone(t)
	registry := newRegistry()
	c := newCounters(registry)
	tile := &summaries.Summary{Window: summaries.Window{Tile: true}, Kinds: summaries.Kinds{esbridge.Write: 41, esbridge.Create: 1}}
	tile.Ledger = summaries.Ledger{Received: 50, Folded: 42, Muted: 5, Malformed: [esbridge.NumReasons]uint64{esbridge.BadJSON: 3}, KernelDropped: 7}
	tile.Origins = []summaries.Origin{{Name: "secret-origin", Programs: []summaries.Program{{Path: []byte("/secret-program")}}}}
	c.add(tile)
	c.add(tile)
	c.add(&summaries.Summary{Kinds: summaries.Kinds{esbridge.Write: 1000}}) // a refresh

	path := filepath.Join(t.TempDir(), "s")
	a := admin{address: "unix:" + path}
	stop, err := a.serve(registry)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v", info.Mode(), err)
	}
	code, text := scrape(t, "unix", path, "anything", "/metrics")
	for _, line := range []string{
		`summarizer_events_total{kind="write"} 82`, `summarizer_events_total{kind="create"} 2`,
		`summarizer_ledger_total{entry="received"} 100`, `summarizer_ledger_total{entry="malformed"} 6`,
		`summarizer_ledger_total{entry="kernel_dropped"} 14`, `summarizer_malformed_total{reason="bad_json"} 6`,
		`summarizer_windows_total{end_reason="closed"} 2`,
	} {
		if code != http.StatusOK || !strings.Contains(text, line+"\n") {
			t.Errorf("status %d, no line %q", code, line)
		}
	}
	if strings.Contains(text, "secret") {
		t.Error("a label holds what an attacker may choose")
	}
	if code, _ := scrape(t, "unix", path, "anything", "/debug/pprof/"); code != http.StatusNotFound {
		t.Errorf("profiles without being asked for: status %d", code)
	}
	stop()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is still there")
	}
}

// TestAdminRefusesOtherNames asks as a page would that has pointed its own name at 127.0.0.1.
func TestAdminRefusesOtherNames(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := admin{address: l.Addr().String(), pprof: true}
	l.Close() // the port is free again
	stop, err := a.serve(newRegistry())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for host, want := range map[string]int{a.address: 200, "localhost": 200, "evil.example": http.StatusMisdirectedRequest} {
		if code, _ := scrape(t, "tcp", a.address, host, "/metrics"); code != want {
			t.Errorf("Host %s: status %d, want %d", host, code, want)
		}
	}
	if code, text := scrape(t, "tcp", a.address, "localhost", "/debug/pprof/goroutine?debug=1"); code != 200 || !strings.Contains(text, "goroutine profile") {
		t.Errorf("no profile: status %d", code)
	}
}
