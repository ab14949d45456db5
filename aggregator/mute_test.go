package aggregator

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
)

func mustParse(t testing.TB, text string) MuteRule {
	t.Helper()
	r, err := ParseMute(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mutes tells whether one rule alone leaves an event out.
func mutes(r MuteRule, e *esbridge.Event) bool {
	m := muter{set: newMuteSet([]MuteRule{r}, &muteSet{})}
	return m.rule(e) == 0
}

// TestMuteMatches: each condition on an event that it is for, and on the one that is closest
// to it without being meant.
func TestMuteMatches(t *testing.T) {
	base := func() esbridge.Event {
		return esbridge.Event{Kind: esbridge.Write, Count: 1, Path: []byte("/home/a/.cache/x"), Process: &esbridge.Process{
			PID: 12, EUID: 501, Executable: []byte("/opt/a,b/bin/x"), SigningID: []byte("com.x"), TeamID: []byte("T1"), Origin: []byte("team:T1")}}
	}
	for _, c := range []struct {
		rule string
		want bool
		with func(*esbridge.Event)
	}{
		{`exe=/opt/a\,b/bin/x`, true, nil},
		{`exe=/opt/a\,b/bin/x`, false, func(e *esbridge.Event) { e.Process.Executable = []byte("/opt/a,b/bin/xx") }},
		{`exe-prefix=/opt/a\,b/`, true, nil},
		{`exe-prefix=/opt/a\,b`, false, func(e *esbridge.Event) { e.Process.Executable = []byte("/opt/a,bc/x") }},
		{`exe-prefix=/opt/a\,b`, false, func(e *esbridge.Event) { e.Process.Executable = []byte("/opt/a,b/../../tmp/x") }},
		{`path=/home/*/.cache`, true, nil},
		{`path=/home/*/.cache/x`, true, nil},
		{`path=/home/*/.cache`, false, func(e *esbridge.Event) { e.Path = []byte("/home/a/.cachet/x") }},
		{`path=/home/*/.cache`, false, func(e *esbridge.Event) { e.Path = []byte("/home/a/b/.cache/x") }},
		{`path=/home/*/.cache`, false, func(e *esbridge.Event) { e.Path = []byte("/home//.cache/x") }},
		{`path=/home/a/.cache`, false, func(e *esbridge.Event) { e.Path = []byte("/home/a") }},
		{`path=/home/a/.cache`, false, func(e *esbridge.Event) { e.Path = nil }},
		{`path=/home/a`, false, func(e *esbridge.Event) { e.Path = []byte("/home/a/../../etc/passwd") }},
		{`path=/home/a`, false, func(e *esbridge.Event) { e.Path = []byte("/home/a/./..") }},
		{`path=/home/a`, true, func(e *esbridge.Event) { e.Path = []byte("/home/a/..x/...") }},
		{`path=/home/a`, false, func(e *esbridge.Event) { e.Kind, e.SourcePath = esbridge.Rename, []byte("/etc/passwd") }},
		{`path=/home/a`, true, func(e *esbridge.Event) { e.Kind, e.SourcePath = esbridge.Rename, []byte("/home/a/old") }},
		{`kind=create|write`, true, nil},
		{`kind=create|unlink`, false, nil},
		{`signing-id=com.x`, true, nil},
		{`signing-id=com.x,team-id=T1`, true, nil},
		{`signing-id=com.x,team-id=T2`, false, nil},
		{`signing-id=com.x`, false, func(e *esbridge.Event) { e.Process.Origin = []byte("unsigned") }},
		{`team-id=T1`, false, func(e *esbridge.Event) { e.Process.TeamID = nil }},
		{`uid=501`, true, nil},
		{`uid=0`, false, nil},
		{`pid=12`, true, nil},
		{`pid=13`, false, nil},
		{`host: pid=12,uid=501`, true, nil},
		{`pid=12,kind=create`, false, nil},
	} {
		e := base()
		if c.with != nil {
			c.with(&e)
		}
		r := mustParse(t, c.rule)
		if again := mustParse(t, r.String()); mutes(r, &e) != c.want || mutes(again, &e) != c.want {
			t.Errorf("%s mutes %q of %q: %v, want %v", c.rule, e.Path, e.Process.Executable, !c.want, c.want)
		}
	}
}

// TestMuteParseSays what is wrong and what is possible.
func TestMuteParseSays(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "exe=/path",
		"host: ":                            "exe=/path",
		"/usr/bin/x":                        "exe=/path",
		"exec=/bin/x":                       `no condition "exec": give exe=/path`,
		"exe=bin":                           "absolute path",
		"path=/":                            "below /",
		"path=/a/../b":                      "no . or ..",
		"path=":                             "no value",
		"kind=write|wrote":                  "create|write",
		"pid=0":                             "1 to 2147483647",
		"uid=-1":                            "0 to 4294967295",
		"uid=1,uid=2":                       "two rules",
		"path=/a\nb":                        "control characters",
		"path=/" + strings.Repeat("a", 512): "512",
	} {
		if _, err := ParseMute(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q in it", text, err, want)
		}
	}
}

// TestMutePinsOneExecution: whoever gets the pid later is not muted, in any shard, and not
// after the other rules were exchanged.
func TestMutePinsOneExecution(t *testing.T) {
	a := mustNew(t)
	if err := a.SetMute([]MuteRule{mustParse(t, "host: pid=12")}); err != nil {
		t.Fatal(err)
	}
	first := esbridge.Event{Process: &esbridge.Process{PID: 12, Version: 1, Start: 5}, Count: 1}
	later := esbridge.Event{Process: &esbridge.Process{PID: 12, Version: 1, Start: 6}, Count: 1}
	one := muter{set: a.wanted.now.Load().mute}
	if one.rule(&first) != 0 || one.rule(&later) != -1 || one.rule(&first) != 0 {
		t.Error("the rule is not pinned to the first execution")
	}
	if err := a.SetMute([]MuteRule{mustParse(t, "host: pid=13"), mustParse(t, "host: pid=12")}); err != nil {
		t.Fatal(err)
	}
	if two := (&muter{set: a.wanted.now.Load().mute}); two.rule(&later) != -1 || two.rule(&first) != 1 {
		t.Error("the pin was lost when another rule came")
	}
}

// TestMuteForgetsTheBatch: a source uses the memory of its processes again.
func TestMuteForgetsTheBatch(t *testing.T) {
	a := mustNew(t)
	if err := a.SetMute([]MuteRule{mustParse(t, "exe=/bin/host")}); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := esbridge.Process{PID: 1, Executable: []byte("/bin/host"), Origin: []byte("system")}
		e := event(0, "/a")
		e.Process = &p
		src := &script{live: true, every: time.Second, batches: []esbridge.Batch{{Events: []esbridge.Event{e}}, {Events: []esbridge.Event{e}}}}
		step := 0
		all := []*summaries.Summary{}
		err := a.Run(t.Context(), &between{src, func() {
			if step++; step == 1 {
				p.PID, p.Executable = 2, []byte("/tmp/evil")
			}
		}}, func(s *summaries.Summary) error { all = append(all, s); return nil })
		if err != nil || all[0].Events != 1 || all[0].Ledger.Muted != 1 {
			t.Errorf("%d events, %d muted, want 1 and 1: %v", all[0].Events, all[0].Ledger.Muted, err)
		}
	})
}

// TestHostsComeAndGo: a hundred rules a second, each of which mutes: no count is lost, the
// head stays bounded, and what the source muted stays apart.
func TestHostsComeAndGo(t *testing.T) {
	for _, hop := range []time.Duration{10 * time.Second, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			cfg := testConfig
			cfg.Hop = hop
			cfg.Muted = []summaries.MuteRule{{Rule: "kernel", Counted: false}, {Rule: "self", Counted: true}}
			cfg.Mute = []MuteRule{mustParse(t, "path=/muted")}
			a, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			src := &script{live: true, every: 10 * time.Millisecond, batches: make([]esbridge.Batch, 6000)}
			for i := range src.batches {
				mine, other := event(0, "/a"), event(0, "/muted/blind")
				mine.Process = &esbridge.Process{PID: int32(i + 1000), Executable: []byte("/bin/host"), Origin: []byte("system")}
				src.batches[i] = esbridge.Batch{Events: []esbridge.Event{mine, other, event(0, "/folded")}, Tally: esbridge.Tally{Muted: 2}}
			}
			pid := 999
			come := func() {
				pid++
				rule := mustParse(t, fmt.Sprintf("host%s: pid=%d,exe-prefix=/bin", strings.Repeat("-x", pid%200), pid))
				if err := a.SetMute([]MuteRule{rule}); err != nil {
					t.Fatal(err)
				}
			}
			come()
			var sums [3]uint64 // of the path rule, the source's, all of ours
			var l summaries.Ledger
			err = a.Run(t.Context(), &between{src, come}, func(s *summaries.Summary) error {
				checkFrame(t, s, cfg.FrameSize)
				if !s.Window.Tile {
					return nil
				}
				l.Received, l.Folded, l.Muted = l.Received+s.Ledger.Received, l.Folded+s.Ledger.Folded, l.Muted+s.Ledger.Muted
				for _, r := range s.Muted {
					switch r.Rule {
					case "path=/muted":
						sums[0] += r.Events
					case "self":
						sums[1] += r.Events
					}
					sums[2] += r.Events
				}
				return nil
			})
			if err != nil || sums != [3]uint64{6000, 12000, 24000} || l.Muted != 24000 || l.Folded != 6000 || l.Received != 30000 {
				t.Errorf("rules counted %v, the ledger %+v: %v", sums, l, err)
			}
		})
	}
}

// between calls f after each batch.
type between struct {
	*script
	f func()
}

func (b *between) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	return b.script.Run(ctx, func(batch *esbridge.Batch) error {
		defer b.f()
		return deliver(batch)
	})
}

// TestMuteAllocatesNothing, and 64 rules neither.
func TestMuteAllocatesNothing(t *testing.T) {
	var rules []MuteRule
	for i := range 60 {
		rules = append(rules, mustParse(t, fmt.Sprintf("exe-prefix=/usr/libexec/%d,path=/home/*/x,pid=%d", i, i+1)))
	}
	m := muter{set: newMuteSet(append(rules, mustParse(t, "path=/home/*/y")), &muteSet{})}
	e := event(1, "/home/a/y")
	if n := testing.AllocsPerRun(100, func() {
		m.begin()
		if m.rule(&e) != 60 {
			t.Fatal("not muted")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkMute is what rules cost an event: of one process in a row, and of another one each
// time, for rules by executable that all have to be looked at.
func BenchmarkMute(b *testing.B) {
	for _, n := range []int{0, 1, 4, 16, 64} {
		var rules []MuteRule
		for i := range n {
			rules = append(rules, mustParse(b, fmt.Sprintf("exe=/usr/libexec/host%02d", i)))
		}
		for name, alternate := range map[string]int{"same": 0, "other": 1} {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				m := muter{set: newMuteSet(rules, &muteSet{})}
				var e [2]esbridge.Event
				for i := range e {
					e[i] = event(1, "/home/a/file")
					e[i].Process = &esbridge.Process{PID: int32(i), Executable: []byte("/usr/libexec/hostXX")}
				}
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					m.rule(&e[i&alternate])
					i++
				}
			})
		}
	}
}
