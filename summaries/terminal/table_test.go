package terminal

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// busy is a window with two programs, one of them flooding a directory.
func busy() *summaries.Summary {
	hot := summaries.Path{Path: []byte("/tmp/x/hot"), Events: 890, MissedMax: 3}
	folded := summaries.Path{Path: []byte("/tmp/x/"), Directory: true, Events: 999_000, Folded: 998_000}
	return &summaries.Summary{
		Window:   summaries.Window{Start: 1_767_323_040e9, End: 1_767_323_050e9},
		Events:   999_900,
		Paths:    summaries.Distinct{Estimate: 990_000, StdError: 0.02},
		Procs:    summaries.Distinct{Estimate: 3},
		Programs: summaries.Distinct{Estimate: 2, StdError: 0.02, AtMost: true},
		Ledger: summaries.Ledger{
			Received: 1_000_000, Folded: 999_900, Muted: 60, Ignored: 0,
			Malformed:     [esbridge.NumReasons]uint64{esbridge.BadJSON: 30, esbridge.TooLong: 10},
			KernelDropped: 5, QueueDropped: 2,
		},
		Origins: []summaries.Origin{{
			Name: "unsigned", Events: 999_893,
			Programs: []summaries.Program{{
				Path: []byte("/tmp/evil"), Events: 999_893, Seen: summaries.Distinct{Estimate: 2},
				Processes: []summaries.Process{
					{Events: 999_000, UnlistedMax: 7, Paths: []summaries.Path{folded}},
					{Events: 893, LowerBound: true, Paths: []summaries.Path{hot, {Path: []byte("/"), Directory: true, Events: 3}}},
				},
			}},
		}, {
			Name: "platform", Events: 7,
			Programs: []summaries.Program{{
				Path: []byte("/usr/bin/quiet"), Events: 1, Seen: summaries.Distinct{Estimate: 1},
				Processes: []summaries.Process{{Events: 1, Paths: []summaries.Path{{Path: []byte("/etc/hosts"), Events: 1}}}},
			}},
			Other: summaries.Other{Members: 4, Events: 6, Paths: []summaries.Path{{Path: []byte("/"), Directory: true, Events: 6, Folded: 4}}},
		}},
	}
}

func TestTable(t *testing.T) {
	tb := table{rows: tableRows}
	got := strings.Join(tb.lines(busy()), "\n")
	want := strings.TrimPrefix(`
2026-01-02 03:04:00 +10s closed  999,900 events  99,990/s  lost 47
~990,000 paths  3 processes  ≤2 programs  dropped: kernel 5, queue 2  late 0
received 1,000,000 = folded 999,900 + muted 60 + ignored 0 + malformed 40
        EVENTS    MISSED     MEMBERS  WHAT               NAME
      ≥999,893                     2  unsigned           /tmp/evil
       999,000               998,000    directory          /tmp/x/
           890       +10                file               /tmp/x/hot
             3                          directory          /
             6                     4  platform           (other programs)
             6                     4    directory          /
             1                     1  platform           /usr/bin/quiet
             1                          file               /etc/hosts`, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableFitsItsScreen(t *testing.T) {
	s := busy()
	s.Origins[0].Programs[0].Path = []byte(strings.Repeat("/長い名前", 100))
	for width := 20; width < 200; width += 7 {
		for rows := range 12 {
			tb := table{width: width, rows: rows}
			lines := tb.lines(s)
			if len(lines) > tableHead+rows {
				t.Errorf("%d lines for %d rows", len(lines), rows)
			}
			for _, line := range lines {
				if got := uniseg.StringWidth(line); got > width {
					t.Errorf("line of %d cells on a screen of %d: %q", got, width, line)
				}
			}
		}
	}
}

// hostileNames are chosen to move the cursor, to forge a line or to reverse its text.
var hostileNames = []string{
	"/tmp/\x1b[2J\x1b[1;1H", "/tmp/\x1b]0;title\x07", "/tmp/a\n  999,999,999  platform  /sbin/launchd",
	"/tmp/a\r9", "/tmp/\x7f\x08\x08", "/tmp/\u0085\u2028\u2029", "/tmp/\u202egnp.exe", "/tmp/\u2066\u200f",
	"/tmp/\xff\xfe\x9b2J", "/tmp/\xc2", "/tmp/\u009b31m", "/tmp/\ufeff\u200b", "/tmp/\\n", "/tmp/\U000e0041",
}

func TestHostileNamesStayInTheirLine(t *testing.T) {
	for _, name := range hostileNames {
		s := busy()
		s.Origins[0].Name = name
		p := &s.Origins[0].Programs[0]
		p.Path = []byte(name)
		p.Processes[1].Paths[0].Path = []byte(name)
		tb := table{rows: tableRows}
		lines, harmless := tb.lines(s), tb.lines(busy())
		if len(lines) != len(harmless) {
			t.Errorf("%q changes the number of lines", name)
		}
		for _, line := range lines {
			if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q is printed as it is: %q", name, line)
			}
		}
	}
}

func TestEscapedNamesStayApart(t *testing.T) {
	seen := map[string]string{}
	for _, name := range append(hostileNames, `/tmp/\xff`, "/tmp/\xff", `/tmp/"q"`, `/tmp/\"q"`) {
		e := Escape(name)
		if other, taken := seen[e]; taken && other != name {
			t.Errorf("%q and %q are both printed as %s", name, other, e)
		}
		seen[e] = name
	}
	if got := Escape(`/a "b"/ü長`); got != `/a "b"/ü長` {
		t.Errorf("harmless name printed as %s", got)
	}
}

func TestElideKeepsBothEnds(t *testing.T) {
	for _, c := range []struct {
		in, want string
		width    int
	}{
		{"/private/tmp/hot", "/private/tmp/hot", 16},
		{"/private/tmp/hot", "/private/tmp/hot", 0},
		{"/private/tmp/hot", "/privat…mp/hot", 14},
		{"/長長長長長", "/長…長", 7},
		{"abc", "…", 1},
	} {
		if got := Elide(c.in, c.width); got != c.want {
			t.Errorf("Elide(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestGroup(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1<<64 - 1: "18,446,744,073,709,551,615"} {
		if got := Group(n); got != want {
			t.Errorf("Group(%d) = %s, want %s", n, got, want)
		}
	}
}
