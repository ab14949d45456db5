package export

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"summarizer/summaries"
)

// named is a window of one event by a program of a name in which a file of a name was written.
func named(program, path, host string) *summaries.Summary {
	k := summaries.Kinds{1: 1}
	p := summaries.Process{PID: 7, Events: 1, Kinds: k, Paths: []summaries.Path{{Path: []byte(path), PathLen: len(path), Events: 1, Kinds: k}}}
	g := summaries.Program{Path: []byte(program), PathLen: len(program), SigningID: host, Events: 1, Kinds: k, Processes: []summaries.Process{p}}
	s := &summaries.Summary{Events: 1, Kinds: k, FirstSeq: 1, Seq: 1, Origins: []summaries.Origin{{Name: host, Events: 1, Kinds: k, Programs: []summaries.Program{g}}}}
	s.Machine.Hostname = host
	s.Window = summaries.Window{End: 1, Hop: 1}
	s.Ledger.Folded, s.Ledger.Received = 1, 1
	return s
}

// records reads CSV back; the first one is the header.
func records(t testing.TB, b []byte) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// No cell is a formula, whatever the name of a file, a program, a host; what was put before
// it can be taken away.
func TestCSVHasNoFormulas(t *testing.T) {
	for _, name := range []string{"=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "'=1", "＝1", "＋1", "－1", "＠1"} {
		b, _ := exported(t, Config{Format: "csv"}, named(name, "/"+name, name))
		row := records(t, b)[0]
		for column, cell := range row {
			if strings.IndexAny(cell, "=+-@\t\r＝＋－＠") == 0 {
				t.Errorf("%s is %q", column, cell)
			}
		}
		if got := strings.TrimPrefix(row["program"], "'"); !strings.HasPrefix(name, "\t") && !strings.HasPrefix(name, "\r") && got != name {
			t.Errorf("program %q for %q", row["program"], name)
		}
	}
}

func TestGuardCanBeTakenAway(t *testing.T) {
	for _, s := range append(hostileNames, "", "'", "''", "'=", "=") {
		g := guard(s)
		if g != s && g != "'"+s {
			t.Errorf("%q became %q", s, g)
		}
		if g == s && strings.HasPrefix(s, "'") {
			t.Errorf("nobody can tell whether the ' of %q was put there", g)
		}
	}
}

// A record is a line, and ends in CRLF, whatever is in a name.
func TestCSVRecordsAreLines(t *testing.T) {
	s := hostile(t, 3)
	b, stats := exported(t, Config{Format: "csv"}, s)
	if n := bytes.Count(b, []byte("\n")); uint64(n) != stats.Records+1 || bytes.Count(b, []byte("\r\n")) != n || bytes.Count(b, []byte("\r")) != n {
		t.Errorf("%d lines for %d records", n, stats.Records)
	}
	for r := range bytes.Lines(b) {
		if strings.ContainsFunc(strings.TrimSuffix(string(r), "\r\n"), invisible) {
			t.Errorf("line %q", r)
		}
	}
}

func TestCSVCells(t *testing.T) {
	s := scenario(t, "one-file-flood", 1, 1000)
	b, _ := exported(t, Config{Format: "csv"}, s)
	row := records(t, b)[0]
	for column, want := range map[string]string{
		"machine_id": "machine-1", "window_start": "2026-01-02T03:04:00Z", "window_end": "2026-01-02T03:04:10Z", "origin": "unsigned",
		"owner": "process", "program": "/private/tmp/.cache/evil", "program_base64": "", "pid": "4311", "ppid": "1", "euid": "501",
		"team_id": "", "container": "", "path": "/private/tmp/.cache/out", "path_bytes": "23", "scope": "file", "events": "1000", "write": "1000", "create": "0",
		"missed_max": "0", "folded_paths": "", "first": "2026-01-02T03:04:00Z", "last": "2026-01-02T03:04:00.00999Z", "bytes": "",
		"growth_bytes": "999", "lower_bound": "false",
	} {
		if row[column] != want {
			t.Errorf("%s is %q, want %q", column, row[column], want)
		}
	}
	if got := cellOfOthers(t); got["pid"] != "" || got["program"] != "" || got["owner"] != "other_programs" {
		t.Errorf("a row of other programs: %v", got)
	}
}

func cellOfOthers(t *testing.T) map[string]string {
	b, _ := exported(t, Config{Format: "csv"}, scenario(t, "executable-storm", 1, 5000))
	rows := records(t, b)
	return rows[len(rows)-1]
}

// Without a window there is a header all the same, so that a reader knows the columns.
func TestEmptyExports(t *testing.T) {
	b, stats := exported(t, Config{Format: "csv"})
	if !bytes.HasPrefix(b, []byte("machine_id,boot,")) || stats.Records != 0 {
		t.Errorf("CSV: %s", b)
	}
	if b, _ := exported(t, Config{Format: "parquet"}); len(readRecords(t, b)) != 0 {
		t.Error("Parquet has rows")
	}
	for _, name := range []string{"json", "ocsf"} {
		if b, _ := exported(t, Config{Format: name}); len(b) != 0 {
			t.Errorf("%s: %s", name, b)
		}
	}
}
