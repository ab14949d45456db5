package terminal

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/rivo/uniseg"
	"go.uber.org/goleak"

	"summarizer/summaries"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// attributes are the control sequences that the view itself writes.
var attributes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// keyNames are the keys that have no character.
var keyNames = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "down": {Code: tea.KeyDown},
	"up": {Code: tea.KeyUp}, "pgdown": {Code: tea.KeyPgDown}, "end": {Code: tea.KeyEnd}, "home": {Code: tea.KeyHome},
	"space": {Code: tea.KeySpace, Text: " "},
}

// typed sends keys, separated by blanks.
func typed(m *model, keys string) *model {
	for key := range strings.FieldsSeq(keys) {
		msg, named := keyNames[key]
		if !named {
			msg = tea.KeyPressMsg{Code: rune(key[0]), Text: key}
		}
		m.Update(msg)
	}
	return m
}

// shown is a model of a terminal on which s is seen.
func shown(s *summaries.Summary, width, height int, st style) *model {
	m := newModel(st)
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	m.Update(s)
	return m
}

// busyLive is busy with what the live view shows beside.
func busyLive() *summaries.Summary {
	s := busy()
	s.Machine = summaries.Machine{Hostname: "mac-17", Source: "eslogger"}
	s.Series = summaries.Series{Per: 1e9, Events: []uint64{100, 0, 5000, 20000, 400000, 120000, 90000, 300000, 60000, 4800}}
	p := &s.Origins[0].Programs[0]
	p.SigningID, p.CDHash = "com.example.evil", []byte{0xab, 0xcd}
	p.Processes[0].PID, p.Processes[0].EUID, p.Processes[0].Start = 4211, 501, 1_767_323_000e9
	p.Processes[1].PID, p.Processes[1].Kinds = 4212, summaries.Kinds{1: 893}
	s.Window.Tile = true
	s.Findings = []summaries.Finding{
		{Kind: "blind", Severity: "medium", Text: "47 events were lost"},
		{Kind: "flood", Severity: "high", Program: p.Path, Text: "/tmp/evil (pid 4211, user 501) made 999,893 events in 10s, 99,989 a second (100 % write), 100 % in /tmp/x/, never seen before"},
	}
	return s
}

func TestGoldenScreens(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
		style         style
		keys          string
	}{
		{"programs", 100, 16, style{}, ""},
		{"paths", 100, 16, style{}, "tab"},
		{"program", 100, 16, style{}, "enter"},
		{"process", 100, 16, style{}, "enter down enter"},
		{"sorted", 100, 16, style{}, "s s s down"},
		{"narrow", 40, 12, style{}, ""},
		{"ascii", 100, 16, style{ascii: true}, ""},
		{"paused", 100, 16, style{}, "space"},
		{"help", 100, 24, style{}, "?"},
		{"found", 60, 16, style{}, "f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := typed(shown(busyLive(), c.width, c.height, c.style), c.keys)
			got := attributes.ReplaceAllString(m.View().Content, "") + "\n"
			file := filepath.Join("testdata", c.name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if c.style.ascii && strings.ContainsFunc(got, func(r rune) bool { return r > unicode.MaxASCII }) {
				t.Error("signs beyond ASCII on a terminal that has none")
			}
		})
	}
}

// TestEveryScreenFits resizes to every size in every place, with hostile names.
func TestEveryScreenFits(t *testing.T) {
	s := busyLive()
	for i, name := range hostileNames {
		p := &s.Origins[0].Programs[0].Processes[1]
		p.Paths = append(p.Paths, summaries.Path{Path: []byte(name + strings.Repeat("長", 100)), Events: uint64(i)})
	}
	s.Origins[0].Name, s.Origins[0].Programs[0].Path = hostileNames[0], []byte(hostileNames[2])
	s.Machine.Hostname, s.Origins[0].Programs[0].SigningID = hostileNames[1], hostileNames[3]
	s.Findings = append(s.Findings, summaries.Finding{Kind: hostileNames[4], Severity: "high", Text: strings.Join(hostileNames, " ") + strings.Repeat("長", 100)})
	for _, st := range []style{{}, {ascii: true}} {
		for _, keys := range []string{"", "tab", "enter", "enter enter", "enter tab end", "? ", "space s", "f"} {
			m := typed(shown(s, 80, 24, st), keys)
			for width := 1; width < 130; width += 8 {
				for height := 1; height < 30; height += 4 {
					m.Update(tea.WindowSizeMsg{Width: width, Height: height})
					checkScreen(t, m, width, height)
				}
			}
		}
	}
}

func checkScreen(t *testing.T, m *model, width, height int) {
	t.Helper()
	lines := strings.Split(m.View().Content, "\n")
	if len(lines) > height {
		t.Fatalf("%d lines on a screen of %d", len(lines), height)
	}
	for _, l := range lines {
		l = attributes.ReplaceAllString(l, "")
		if n := uniseg.StringWidth(l); n > width {
			t.Fatalf("line of %d cells on a screen of %d: %q", n, width, l)
		}
		if !utf8.ValidString(l) || strings.ContainsFunc(l, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("a name is printed as it is: %q", l)
		}
	}
}

func TestPauseHoldsThePictureAndCountsOn(t *testing.T) {
	m := typed(shown(busyLive(), 100, 20, style{}), "space")
	before := m.View().Content
	later := busyLive()
	later.Events = 7
	later.Findings = []summaries.Finding{{Kind: "spreader", Severity: "high", Text: "news"}}
	m.Update(later)
	if m.View().Content != before {
		t.Error("a paused picture moved")
	}
	if typed(m, "space"); m.last != later || !strings.Contains(m.View().Content, "news") {
		t.Error("after the pause the newest window is not shown")
	}
}

// TestTheUserStays checks that a refresh keeps the line that the user stands on, wherever
// others go.
func TestTheUserStays(t *testing.T) {
	m := typed(shown(busyLive(), 100, 20, style{}), "down down")
	on := m.lines[m.cursor].name
	next := busyLive()
	next.Origins[1].Programs[0].Events = 5_000_000
	m.Update(next)
	if got := m.lines[m.cursor].name; got != on {
		t.Errorf("stood on %q, is on %q", on, got)
	}
	typed(m, "enter esc")
	if got := m.lines[m.cursor].name; got != on {
		t.Errorf("left for %q, came back to %q", on, got)
	}
}

// TestScopesAddUp goes down every way: members of a scope add up to what they came from.
func TestScopesAddUp(t *testing.T) {
	s := busyLive()
	for _, p := range (&scope{}).members(s) {
		sum := uint64(0)
		for _, x := range p.into.members(s) {
			sum += x.events
			paths := uint64(0)
			for _, f := range x.into.paths(s) {
				paths += f.events
			}
			if paths != x.events {
				t.Errorf("%s of %s: paths add up to %d, not %d", x.name, p.name, paths, x.events)
			}
		}
		if sum != p.events {
			t.Errorf("%s: processes add up to %d, not %d", p.name, sum, p.events)
		}
	}
}

func TestSpark(t *testing.T) {
	var a activity
	s := busyLive()
	a.add(s)
	line, most := a.spark(12, style{})
	if most != 400000 || line != "  ▂▁▂▂█▄▃▇▃▂" {
		t.Errorf("%q at most %d", line, most)
	}
	s.Window.Start, s.Window.End = s.Window.End, s.Window.End+3e9
	s.Series = summaries.Series{Per: 2e9, Events: []uint64{10, 0}}
	a.add(s)
	if line, most = a.spark(4, style{ascii: true}); most != 5 || line != "##__" {
		t.Errorf("%q at most %d", line, most)
	}
}

func TestLocale(t *testing.T) {
	for env, want := range map[string]bool{
		"": false, "LANG=C": false, "LANG=de_DE.UTF-8": true, "LC_ALL=C LANG=en_US.UTF-8": false, "LC_CTYPE=en_US.utf8 LANG=C": true,
	} {
		if got := utf8Locale(strings.Fields(env)); got != want {
			t.Errorf("%q: UTF-8 is %v", env, got)
		}
	}
}

// TestRun talks to the real program through pipes: it draws, leaves on a key and ends feed.
func TestRun(t *testing.T) {
	defer goleak.VerifyNone(t)
	keyboard, typing := io.Pipe()
	var drawn bytes.Buffer
	ended := false
	err := Run(t.Context(), Options{In: keyboard, Out: &drawn, Env: []string{"TERM=xterm", "NO_COLOR=1"}},
		func(ctx context.Context, show func(*summaries.Summary)) error {
			show(busyLive())
			fmt.Fprint(typing, "q")
			typing.Close()
			<-ctx.Done()
			ended = true
			return nil
		})
	if err != nil || !ended {
		t.Fatal(err, ended)
	}
	if text := drawn.String(); !strings.Contains(text, "\x1b[?1049h") || !strings.Contains(text, "\x1b[?1049l") {
		t.Errorf("the alternate screen is not entered and left: %q", text)
	}
}

// TestRunEndsWithItsFeed passes on the error of what it shows.
func TestRunEndsWithItsFeed(t *testing.T) {
	defer goleak.VerifyNone(t)
	keyboard, typing := io.Pipe()
	defer typing.Close()
	err := Run(t.Context(), Options{In: keyboard, Out: io.Discard}, func(context.Context, func(*summaries.Summary)) error {
		return io.ErrUnexpectedEOF
	})
	if err == nil || !strings.Contains(err.Error(), io.ErrUnexpectedEOF.Error()) {
		t.Errorf("error %v", err)
	}
}
