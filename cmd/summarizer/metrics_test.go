package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var updateGolden = flag.Bool("update", false, "write golden files")

// labelValue is a label of a sample with its value.
var labelValue = regexp.MustCompile(`[{,]([a-z_]+)="([^"]*)"`)

// TestMetricsOfAgentAndHost asks both while they run. The names and what they are said to mean are
// an interface: testdata/metrics.txt has them.
func TestMetricsOfAgentAndHost(t *testing.T) {
	t.Parallel()
	history := filepath.Join(t.TempDir(), "h.db")
	agent, host, in := pair(t, history)
	in.write("/bin/told-to-nobody", "/data/told-to-nobody", 40)
	if _, err := in.to.Write([]byte("no event\nno event\n")); err != nil {
		t.Fatal(err)
	}
	agent.awaitMetric(`summarizer_ledger_total{entry="received"}`, 42)
	host.awaitMetric("summarizer_frames_handled_total", 1)

	n := agent.metrics()
	ledger := func(entry string) float64 { return n[`summarizer_ledger_total{entry="`+entry+`"}`] }
	if ledger("folded") != 40 || ledger("malformed") != 2 || n[`summarizer_malformed_total{reason="bad_json"}`] != 2 ||
		n[`summarizer_events_total{kind="write"}`] != 40 ||
		ledger("received") != ledger("folded")+ledger("muted")+ledger("ignored")+ledger("malformed") {
		t.Errorf("the ledger does not add up: %v", n)
	}
	var told strings.Builder
	for _, p := range []*process{agent, host} {
		text, err := p.metricsText()
		if err != nil {
			t.Fatal(err)
		}
		told.WriteString(interfaceOf(text))
		checkLabels(t, text)
	}
	golden := filepath.Join("testdata", "metrics.txt")
	if *updateGolden {
		if err := os.WriteFile(golden, []byte(told.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(contentOf(t, golden)); told.String() != want {
		t.Errorf("the interface has changed; run with -update if it should:\n%s", told.String())
	}
	agent.stop()
	host.stop()
}

// interfaceOf is what the text says of our metrics, without their values.
func interfaceOf(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "# HELP summarizer_") || strings.HasPrefix(line, "# TYPE summarizer_") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// checkLabels wants nothing in a label that somebody who writes files could choose.
func checkLabels(t *testing.T, text string) {
	t.Helper()
	allowed := map[string]bool{"entry": true, "kind": true, "reason": true, "end_reason": true, "row": true, "level": true}
	for line := range strings.Lines(text) {
		for _, m := range labelValue.FindAllStringSubmatch(line, -1) {
			if strings.ContainsAny(m[2], "/\\") || strings.HasPrefix(line, "summarizer_") && !allowed[m[1]] {
				t.Errorf("label %s=%q in %s", m[1], m[2], line)
			}
		}
	}
	if strings.Contains(text, "told-to-nobody") {
		t.Error("a name is in the metrics")
	}
}
