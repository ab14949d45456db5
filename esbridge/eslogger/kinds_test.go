package eslogger

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"summarizer/esbridge"
)

var update = flag.Bool("update", false, "write the golden files anew")

// collect runs s to its end and renders what it delivered, an event a line, and its tally.
func collect(t *testing.T, s esbridge.Source) (text string, total esbridge.Tally) {
	t.Helper()
	var b strings.Builder
	err := s.Run(context.Background(), func(batch *esbridge.Batch) error {
		for i := range batch.Events {
			render(&b, &batch.Events[i])
		}
		total.Add(&batch.Tally)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), total
}

func render(b *strings.Builder, e *esbridge.Event) {
	p := e.Process
	at := func(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
	fmt.Fprintf(b, "%s %s %q", at(e.First), e.Kind, e.Path)
	if len(e.SourcePath) > 0 {
		fmt.Fprintf(b, " from %q", e.SourcePath)
	}
	if e.HasSize {
		fmt.Fprintf(b, " size %d", e.Size)
	}
	fmt.Fprintf(b, "\n    %d.%d euid %d ppid %d responsible %d since %s %q %x %q %q %s\n", p.PID, p.Version, p.EUID, p.PPID,
		p.ResponsiblePID, at(p.Start), p.Executable, p.CDHash, p.SigningID, p.TeamID, p.Origin)
}

// TestKinds reads one line of every kind and compares all that comes of it with a golden.
func TestKinds(t *testing.T) {
	in, err := os.ReadFile("testdata/kinds.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	got, tally := collect(t, NewReader("kinds", bytes.NewReader(in), false))
	got += fmt.Sprintf("%+v\n", tally)
	golden := "testdata/kinds.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	s := NewReader("kinds", nil, false)
	for _, line := range bytes.Split(bytes.TrimSpace(in), []byte("\n")) {
		compare(t, s, line)
	}
}

// TestDefaultEvents: what is subscribed to is exactly what is understood.
func TestDefaultEvents(t *testing.T) {
	var known []string
	for name := range kinds {
		known = append(known, name)
	}
	subscribed := DefaultEvents()
	slices.Sort(known)
	slices.Sort(subscribed)
	if !slices.Equal(known, subscribed) {
		t.Errorf("subscribed to %v, understood %v", subscribed, known)
	}
}

// samples returns the recorded lines that lie beside the repository, where there are any.
func samples(t *testing.T, pattern string) (lines [][]byte) {
	t.Helper()
	root, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(root, "go.mod")); missing == nil {
			break
		}
		root = filepath.Dir(root)
	}
	files, _ := filepath.Glob(filepath.Join(root, "..", "shared", "samples", "eslogger", pattern))
	if len(files) == 0 {
		t.Skipf("no recordings %s beside the repository in ../shared/samples/eslogger", pattern)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, bytes.Split(bytes.TrimSpace(b), []byte("\n"))...)
	}
	return lines
}

// TestSamples compares every recorded line, and its prefixes, with the oracle.
func TestSamples(t *testing.T) {
	s := NewReader("samples", nil, false)
	for _, line := range samples(t, "*.jsonl") {
		v := compare(t, s, line)
		if v.Malformed != "" {
			t.Errorf("%.200s: malformed, %s", line, v.Malformed)
		}
		for n := 1; n < len(line); n++ {
			if v := account(t, s, line[:n]); v.Malformed != "bad_json" {
				t.Fatalf("the first %d bytes of %.200s counted as %+v", n, line, v)
			}
		}
	}
}

// TestSampleEvents says what the recorded lines are.
func TestSampleEvents(t *testing.T) {
	want := map[string]string{
		"mullvad*": "exit exec fork exec", "brandon7cc*": "ignored exit",
		"derived*": strings.TrimSpace(strings.Repeat("write truncate close_modified create create rename rename unlink link clone copy exchange setattr setattr ignored ", 2)),
	}
	s := NewReader("samples", nil, false)
	for pattern, kinds := range want {
		var got []string
		for _, line := range samples(t, pattern) {
			switch v := account(t, s, line); {
			case v.Event != nil:
				got = append(got, v.Event.Kind.String())
				if p := v.Process; string(p.Executable) != "/usr/sbin/ipconfig" || string(p.Origin) != "platform" || p.Version != 170692 {
					t.Errorf("process %+v", p)
				}
			case v.Ignored:
				got = append(got, "ignored")
			default:
				got = append(got, v.Lifecycle+v.Malformed)
			}
		}
		if strings.Join(got, " ") != kinds {
			t.Errorf("%s: got %v, want %s", pattern, got, kinds)
		}
	}
}
