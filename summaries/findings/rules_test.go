package findings

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// learned is a detector that has seen an hour of a program that makes so many events a window.
func learned(t *testing.T, origin, path string, events uint64, files ...string) *Detector {
	d := detector(t, Config{})
	for range 361 {
		if f := observe(t, d, tile(origin, program(path, esbridge.Write, events, files...))); len(f) > 0 && f[0].Kind == Flood {
			t.Fatalf("while learning: %+v", f)
		}
	}
	return d
}

// A flood is far more than the program ever did, more than the machine does, and more than
// the least that counts.
func TestFlood(t *testing.T) {
	for _, c := range []struct {
		what          string
		usual, events uint64 // in a window
		path          string
		want          string
	}{
		{"of a new program", 200, 100_000, "/tmp/evil", Medium},
		{"large one of a new program", 200, 500_000, "/tmp/evil", High},
		{"just none", 200, 99_999, "/tmp/evil", ""},
		{"of one that was quiet", 200, 100_000, "/bin/a", Medium},
		{"of one that was busy", 9_000, 100_000, "/bin/a", Medium},
		{"of one that is as usual", 90_000, 99_990, "/bin/a", ""},
	} {
		d := learned(t, "unsigned", "/bin/a", c.usual, "/home/x")
		found := observe(t, d, tile("unsigned", program(c.path, esbridge.Write, c.events, "/home/x")))
		f := has(found, Flood, c.path)
		if c.want == "" && len(found) > 0 || c.want != "" && (f == nil || f.Severity != c.want || f.Value != float64(c.events)/10) {
			t.Errorf("%s: %+v", c.what, found)
		}
	}
}

func TestFloodSaysItsNumbers(t *testing.T) {
	d := learned(t, "unsigned", "/usr/bin/x", 5020, "/home/x")
	found := observe(t, d, tile("unsigned", program("/usr/bin/x", esbridge.Write, 1_204_331, "/home/x")))
	want := "/usr/bin/x (pid 12, user 501) made 1,204,331 events in 10s, 120,433 a second (100 % write), 100 % in /home/, 239 times its usual rate of 502; the whole machine's is 502"
	if len(found) != 1 || found[0].Text != want {
		t.Errorf("%+v, want %s", found, want)
	}
}

// Where the whole machine is busy, one program more that is as busy is no flood.
func TestFloodAgainstTheMachine(t *testing.T) {
	d := detector(t, Config{Memory: time.Minute})
	var busy []summaries.Program
	for i := range 20 {
		busy = append(busy, program(fmt.Sprintf("/bin/%d", i), esbridge.Write, 50_000, "/home/x"))
	}
	for range 360 {
		observe(t, d, tile("system", busy...))
	}
	if d.machine.rate < 90_000 {
		t.Fatalf("the machine's usual rate is %v", d.machine.rate)
	}
	if found := observe(t, d, tile("system", program("/bin/new", esbridge.Write, 800_000, "/home/x"))); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if found := observe(t, d, tile("system", program("/bin/new2", esbridge.Write, 2_000_000, "/home/x"))); has(found, Flood, "/bin/new2") == nil {
		t.Errorf("twice what the machine does is no flood: %+v", found)
	}
}

// Beginning small and growing does not make a flood usual: it takes hours, whatever the steps.
func TestNobodyTeachesAFlood(t *testing.T) {
	for _, step := range []float64{1.01, 1.1, 2, 9.9} {
		d, rate := detector(t, Config{}), 100.0
		reached := 0
		for w := 0; w < 3*360 && rate < 100_000; w++ {
			if f := observe(t, d, tile("unsigned", program("/tmp/evil", esbridge.Write, uint64(rate*10), "/home/x"))); len(f) > 0 {
				reached = w
				break
			}
			rate *= step
		}
		if reached == 0 {
			t.Errorf("growing by %v a window: 100,000 events a second were reached unnoticed", step)
		}
	}
}

// A flood that goes on is told again and again, for hours.
func TestFloodGoesOn(t *testing.T) {
	d := detector(t, Config{})
	for w := range 2 * 360 {
		if f := observe(t, d, tile("unsigned", program("/tmp/evil", esbridge.Write, 1_000_000, "/home/x"))); has(f, Flood, "/tmp/evil") == nil {
			t.Fatalf("no flood any more in window %d", w)
		}
	}
}

// A moment is no window: what ended early is judged by its hop.
func TestShortWindow(t *testing.T) {
	s := tile("system", program("/bin/cc", esbridge.Write, 50_000, "/home/x"))
	s.Window.End = s.Window.Start + 1e8
	if f := observe(t, detector(t, Config{}), s); len(f) > 0 {
		t.Errorf("%+v", f)
	}
}

// renames is a program that renamed so many files to another extension, so often each.
func renames(files, times int, distinct summaries.Distinct) summaries.Program {
	g := program("/tmp/locker", esbridge.Rename, uint64(times), "/home/x/one.locked")
	p := &g.Processes[0]
	p.ExtensionChanges, p.Seen = uint64(files*times), distinct
	return g
}

func TestRenameStorm(t *testing.T) {
	for _, c := range []struct {
		what         string
		files, times int
		seen         summaries.Distinct
		want         bool
	}{
		{"many files", 500, 1, summaries.Distinct{Estimate: 500}, true},
		{"too few", 499, 1, summaries.Distinct{Estimate: 499}, false},
		{"one file, very often", 1, 100_000, summaries.Distinct{Estimate: 1}, false},
		{"an estimate that may be too few", 10_000, 1, summaries.Distinct{Estimate: 510, StdError: 0.02}, false},
		{"an estimate that is sure enough", 10_000, 1, summaries.Distinct{Estimate: 530, StdError: 0.02}, true},
		{"an upper bound", 10_000, 1, summaries.Distinct{Estimate: 10_000, AtMost: true}, false},
	} {
		found := observe(t, detector(t, Config{}), tile("unsigned", renames(c.files, c.times, c.seen)))
		f := has(found, RenameStorm, "/tmp/locker")
		if (f != nil) != c.want || f != nil && (f.Severity != High || f.Value != float64(c.files*c.times)) {
			t.Errorf("%s: %+v", c.what, found)
		}
	}
}

// Processes that rename a file each are a storm together, as by a loop of mv.
func TestRenameStormOfProcesses(t *testing.T) {
	g := renames(1, 1, summaries.Distinct{Estimate: 1})
	for range 499 {
		g.Processes = append(g.Processes, g.Processes[0])
	}
	if f := observe(t, detector(t, Config{}), tile("unsigned", g)); has(f, RenameStorm, "/tmp/locker") == nil {
		t.Errorf("%+v", f)
	}
}

// The real thing: events through the tree, half of them renames to another extension.
func TestRenameStormThroughTheTree(t *testing.T) {
	p := esbridge.Process{PID: 666, EUID: 501, Executable: []byte("/tmp/locker"), Origin: []byte("unsigned")}
	all := windows(t, func(yield func(*esbridge.Event) bool) {
		for i := range 4000 {
			from := fmt.Appendf(nil, "/Users/alex/Documents/%d.docx", i)
			e := &esbridge.Event{Kind: esbridge.Rename, Process: &p, Path: append(from[:len(from):len(from)], ".locked"...), SourcePath: from, Count: 1, Last: 1e18}
			if !yield(e) {
				return
			}
		}
	})
	f := has(observeAll(t, detector(t, Config{}), all...), RenameStorm, "/tmp/locker")
	if f == nil || !strings.Contains(f.Text, "4,000 renames") {
		t.Errorf("%+v", f)
	}
}

// Who changes a watched path is told, and more loudly the less is known of him.
func TestWatched(t *testing.T) {
	const agent, home = "/Users/alex/Library/LaunchAgents/x.plist", "/home/x"
	for _, c := range []struct {
		what           string
		d              *Detector
		path           string
		kind, severity string
	}{
		{"while learning", detector(t, Config{}), "/bin/a", Watched, Medium},
		{"by one never seen", learned(t, "unsigned", "/bin/a", 1, home), "/bin/b", NewWriter, High},
		{"by one that never did", learned(t, "unsigned", "/bin/a", 1, home), "/bin/a", Watched, Medium},
		{"by one that does so", learned(t, "unsigned", "/bin/a", 1, agent), "/bin/a", Watched, Low},
		{"by another of the same path", learned(t, "platform", "/bin/a", 1, agent), "/bin/a", NewWriter, High},
	} {
		found := observe(t, c.d, tile("unsigned", program(c.path, esbridge.Create, 1, home, agent)))
		if len(found) != 1 || found[0].Kind != c.kind || found[0].Severity != c.severity || !strings.Contains(found[0].Text, agent) || string(found[0].Program) != c.path {
			t.Errorf("%s: %+v", c.what, found)
		}
	}
	d := learned(t, "unsigned", "/bin/a", 1, home)
	d.watch = summaries.NewWatch([]string{"/srv"})
	if f := observe(t, d, tile("unsigned", program("/bin/b", esbridge.Create, 1, agent))); len(f) > 0 {
		t.Errorf("not watched any more: %+v", f)
	}
}

// What folded programs changed is told too, and of whom.
func TestWatchedByFoldedPrograms(t *testing.T) {
	s := tile("unsigned", program("/tmp/stage/1", esbridge.Write, 1, "/tmp/x"))
	row := summaries.Path{Path: []byte("/etc/sudoers.d/x"), PathLen: 16, Events: 1, Kinds: summaries.Kinds{1: 1}}
	s.Origins[0].Other = summaries.Other{Members: 1000, Events: 1, Kinds: row.Kinds, Paths: []summaries.Path{row}}
	f := observe(t, learned(t, "unsigned", "/bin/a", 1, "/x"), s)
	if len(f) != 1 || f[0].Kind != Watched || f[0].Severity != Medium || string(f[0].Program) != "/tmp/stage/1" || !strings.Contains(f[0].Text, "/etc/sudoers.d/x") {
		t.Errorf("%+v", f)
	}
}

// Losses and lower bounds are told.
func TestBlind(t *testing.T) {
	for _, c := range []struct {
		kernel, queue uint64
		severity      string
	}{{1, 0, Medium}, {0, 1, Medium}, {20, 0, High}, {^uint64(0), ^uint64(0), High}} {
		s := tile("system", program("/bin/a", esbridge.Write, 1000, "/x"))
		s.Ledger.KernelDropped, s.Ledger.QueueDropped = c.kernel, c.queue
		f := observe(t, detector(t, Config{}), s)
		if len(f) != 1 || f[0].Kind != Blind || f[0].Severity != c.severity {
			t.Errorf("%d and %d lost: %+v", c.kernel, c.queue, f)
		}
		if f := observe(t, detector(t, Config{LostEvents: 1 << 62}), s); c.kernel < 100 && len(f) > 0 {
			t.Errorf("below the threshold: %+v", f)
		}
	}
	d := detector(t, Config{})
	s := tile("system", program("/bin/a", esbridge.Write, 1, "/x"))
	s.Origins[0].Programs[0].Processes[0].LowerBound = true
	if f := observe(t, d, s); len(f) != 1 || f[0].Kind != Blind || f[0].Severity != Low || string(f[0].Program) != "/bin/a" {
		t.Errorf("a lower bound: %+v", f)
	}
	if f := observe(t, d, s); len(f) > 0 {
		t.Errorf("told twice: %+v", f)
	}
	s.LowerBound = true
	if f := observe(t, d, s); len(f) != 1 || f[0].Program != nil {
		t.Errorf("a source that cannot count: %+v", f)
	}
}

// Who answers for a process is named.
func TestOnBehalf(t *testing.T) {
	writer, terminal := program("/usr/bin/x", esbridge.Write, 1_000_000, "/x"), program("/Applications/Terminal.app", esbridge.Write, 1, "/y")
	writer.Processes[0].ResponsiblePID = 88
	terminal.Processes[0].PID = 88
	f := observe(t, detector(t, Config{}), tile("platform", writer, terminal))
	if len(f) != 1 || !strings.Contains(f[0].Text, "on behalf of /Applications/Terminal.app, pid 88") {
		t.Errorf("%+v", f)
	}
}
