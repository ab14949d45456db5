package main

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/store"
)

// everything is the range of all windows that a test makes.
func everything() store.Range {
	return store.Range{From: 0, To: time.Now().Add(24 * time.Hour).UnixNano()}
}

// stored opens the store of a host that has ended, until the test ends.
func stored(t *testing.T, name string) *store.Store {
	t.Helper()
	st, err := store.Open(name, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// totals are those of all windows of a store.
func totals(t *testing.T, st *store.Store) *store.Totals {
	t.Helper()
	n, err := st.Totals(t.Context(), store.Query{Range: everything()})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A host that cannot connect says what to do.
func TestHostCannotConnect(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	shut := filepath.Join(dir, "shut")
	if err := os.Mkdir(shut, 0o700); err != nil {
		t.Fatal(err)
	}
	for socket, want := range map[string]string{
		filepath.Join(dir, "none"): "start the agent", stale: "start the agent", filepath.Join(shut, "s"): "--socket-group",
	} {
		own := shortDir(t)
		p := newProcess(t, own, "host", "--socket", socket, "--store", filepath.Join(own, "h.db"))
		if want == "--socket-group" {
			if os.Getuid() != 0 {
				continue // one's own directory is no obstacle
			}
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			asUser(t, p, nobody, own, own)
		}
		p.start()
		p.says(want, 1)
		p.stop()
	}
}

// TestHostAway leaves an agent under a flood without a host for many more windows than its
// spool has room for.
func TestHostAway(t *testing.T) {
	t.Parallel()
	const slots = 8
	dir := shortDir(t)
	config, socket, spool, history := filepath.Join(dir, "c"), filepath.Join(dir, "s"), filepath.Join(dir, "spool"), filepath.Join(dir, "h.db")
	replaceFile(t, config, "window: 100ms\n")
	agent := startProcess(t, dir, "agent", "--config", config, "--source", "synthetic:one-file-flood", "--frame-size", "16KiB",
		"--socket", socket, "--spool", spool, "--spool-slots", "8")
	agent.awaitMetric("summarizer_spool_put_total", 2)
	before, err := os.Stat(spool)
	if err != nil {
		t.Fatal(err)
	}
	agent.awaitMetric("summarizer_spool_put_total", 3*slots)
	replaceFile(t, config, "window: 5h\n") // so that no window ends while the host is served
	agent.signal(syscall.SIGHUP)
	agent.awaitMetric(`summarizer_windows_total{end_reason="reloaded"}`, 1)
	waiting := agent.metrics()
	if n := waiting["summarizer_spool_waiting"]; n != slots {
		t.Errorf("%v summaries wait in %d slots", n, slots)
	}
	if put, merges := waiting["summarizer_spool_put_total"], waiting["summarizer_spool_merges_total"]; put != merges+slots {
		t.Errorf("%v summaries and %v merges leave no %d", put, merges, slots)
	}

	host := startProcess(t, dir, "host", "--socket", socket, "--store", history)
	host.awaitMetric("summarizer_frames_handled_total", slots)
	agent.awaitMetric("summarizer_frames_acknowledged_total", slots)
	if after, err := os.Stat(spool); err != nil || after.Size() != before.Size() || !os.SameFile(after, before) {
		t.Errorf("the spool was %d bytes and is %d, %v", before.Size(), after.Size(), err)
	}
	taken := agent.metrics()
	agent.stop()
	host.eventually("stores the last window", func() bool { return host.metrics()["summarizer_frames_handled_total"] > slots })
	host.stop()
	checkAway(t, stored(t, history), slots, taken)
}

// checkAway wants few windows, and in all but the last one what the agent says it folded.
func checkAway(t *testing.T, st *store.Store, slots int, taken map[string]float64) {
	t.Helper()
	windows, err := st.Windows(t.Context(), everything(), store.Raw, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(windows) != slots+1 {
		t.Errorf("%d windows arrived, want %d and the one at the end", len(windows), slots)
	}
	var folded, merged, last uint64
	for s, err := range st.Summaries(t.Context(), everything()) {
		if err != nil {
			t.Fatal(err)
		}
		merged += s.Ledger.SpoolMerged
		if s.Window.EndReason == summaries.Shutdown {
			last += s.Ledger.Folded
			continue
		}
		folded += s.Ledger.Folded
	}
	if want := taken[`summarizer_ledger_total{entry="folded"}`]; float64(folded) != want || folded == 0 || last == 0 {
		t.Errorf("%d events stored, and %d of the last window; %v were folded", folded, last, want)
	}
	if merged == 0 {
		t.Error("no summary says that it was merged")
	}
	gaps, err := st.Gaps(t.Context(), everything(), 0)
	if err != nil || len(gaps) > 0 {
		t.Errorf("gaps %v, %v", gaps, err)
	}
}
