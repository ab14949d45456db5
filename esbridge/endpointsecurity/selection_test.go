package endpointsecurity

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"summarizer/aggregator"
	"summarizer/esbridge"
	"summarizer/summaries"
)

func mutePath(kind PathType, path string) Call { return Call{Op: MutePath, Type: kind, Path: path} }

// TestPlan: which calls a selection makes, in order, and what stays for the fold.
func TestPlan(t *testing.T) {
	self := [8]uint32{5: 7, 7: 1}
	for name, c := range map[string]struct {
		s    Selection
		want Plan
	}{
		"nothing": {},
		"self":    {Selection{Self: self}, Plan{Calls: []Call{{Op: MuteProcess, Token: self}}, Blind: []string{"process: summarizer itself, in the kernel"}}},
		"what the kernel can": {
			Selection{Rules: []string{"exe=/bin/a", "exe-prefix=/opt/b", "path=/var/log/"}},
			Plan{
				Calls: []Call{
					mutePath(ExecutableLiteral, "/bin/a"),
					mutePath(ExecutablePrefix, "/opt/b/"), mutePath(ExecutableLiteral, "/opt/b"),
					mutePath(TargetPrefix, "/var/log/"), mutePath(TargetLiteral, "/var/log"),
				},
				Blind: []string{"exe=/bin/a, in the kernel", "exe-prefix=/opt/b, in the kernel", "path=/var/log/, in the kernel"},
			},
		},
		"what only the fold can": {
			Selection{Rules: []string{
				"exe=/bin/a,path=/b", "path=/a,kind=write", "signing-id=a", "team-id=A", "pid=3", "uid=0", "kind=write",
				"path=/home/*/x", "exe-prefix=/opt/*", "exe=/bin//a", "exe=/bin/a/",
			}},
			Plan{Fold: []string{
				"exe=/bin/a,path=/b", "path=/a,kind=write", "signing-id=a", "team-id=A", "pid=3", "uid=0", "kind=write",
				"path=/home/*/x", "exe-prefix=/opt/*", "exe=/bin//a", "exe=/bin/a/",
			}},
		},
		"hosts": {
			Selection{Rules: []string{"host: exe=/bin/h", `host: exe=/bin/a\,b`, "host: exe-prefix=/h", "other: exe=/bin/h"}},
			Plan{
				Calls: []Call{mutePath(ExecutablePrefix, "/h/"), mutePath(ExecutableLiteral, "/h"), mutePath(ExecutableLiteral, "/bin/h")},
				Hosts: []string{"/bin/h", "/bin/a,b"},
				Blind: []string{"host: exe=/bin/h, in the kernel", `host: exe=/bin/a\,b, in the kernel`, "host: exe-prefix=/h, in the kernel", "other: exe=/bin/h, in the kernel"},
			},
		},
		"only": {
			Selection{Self: self, Only: []string{"/etc", "//Users/"}, Rules: []string{"path=/etc/x", "exe=/bin/a"}},
			Plan{
				Calls: []Call{
					{Op: MuteProcess, Token: self}, {Op: UnmuteTarget}, {Op: InvertTarget},
					mutePath(TargetPrefix, "/etc/"), mutePath(TargetLiteral, "/etc"), mutePath(TargetPrefix, "/Users/"), mutePath(TargetLiteral, "/Users"),
					mutePath(ExecutableLiteral, "/bin/a"),
				},
				Blind: []string{"process: summarizer itself, in the kernel", "all but path=/etc,path=//Users/, in the kernel", "exe=/bin/a, in the kernel"},
				Fold:  []string{"path=/etc/x"},
			},
		},
		"twice": {
			Selection{Rules: []string{"path=/a", "path=//a/"}},
			Plan{Calls: []Call{mutePath(TargetPrefix, "/a/"), mutePath(TargetLiteral, "/a")}, Blind: []string{"path=/a, in the kernel", "path=//a/, in the kernel"}},
		},
	} {
		if got, err := c.s.Plan(); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, error %v\nwant %+v", name, got, err, c.want)
		}
	}
}

// TestPlanRefuses: what is no place selects nothing.
func TestPlanRefuses(t *testing.T) {
	for _, path := range []string{"", "/", "//", "etc", "/etc/../x", "/./etc", "/a\x00b", "/" + strings.Repeat("a", 1024)} {
		if p, err := (Selection{Only: []string{path}}).Plan(); err == nil || len(p.Calls) > 0 {
			t.Errorf("%q was selected: %+v", path, p)
		}
	}
}

// kernelMutes is what ESClient.h says of a client that is not inverted: an event goes where
// its executable is muted, or all of its targets are.
func kernelMutes(p Plan, exe string, targets []string) bool {
	muted := func(prefix, literal PathType, path string) bool {
		return slices.ContainsFunc(p.Calls, func(c Call) bool {
			return c.Type == literal && c.Path == path || c.Type == prefix && strings.HasPrefix(path, c.Path)
		})
	}
	if muted(ExecutablePrefix, ExecutableLiteral, exe) {
		return true
	}
	return !slices.ContainsFunc(targets, func(target string) bool { return !muted(TargetPrefix, TargetLiteral, target) })
}

// TestKernelMutesWhatTheRuleSays: for each rule the kernel leaves out what the fold would
// leave out by it, neither more nor less, or nothing.
func TestKernelMutesWhatTheRuleSays(t *testing.T) {
	paths := []string{"/a", "/a/b", "/ab", "/a/b/c", "/b", "/a,b", `/a\`, "/a/*", "/a b"}
	rules := []string{"x: exe=/a", "exe=/a/b, path=/a", "exe=/a,kind=write", "exe=/a,exe-prefix=/a", "pid=1", "uid=501", "a: path=/a"}
	for _, p := range paths {
		escaped := strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(p)
		for _, key := range []string{"exe", "exe-prefix", "path"} {
			rules = append(rules, key+"="+escaped, key+"="+escaped+"/")
		}
	}
	for _, text := range rules {
		rule, err := aggregator.ParseMute(text)
		if err != nil {
			continue // nobody can give it
		}
		plan, err := Selection{Rules: []string{rule.String()}}.Plan()
		if err != nil {
			t.Fatal(err)
		}
		if planned := len(plan.Calls) > 0; planned == slices.Contains(plan.Fold, text) || planned != (len(plan.Blind) > 0) {
			t.Errorf("%s: %+v", text, plan)
		}
		if len(plan.Calls) == 0 {
			continue
		}
		for _, exe := range paths {
			for _, from := range append(paths, "") {
				for _, to := range paths {
					targets := slices.DeleteFunc([]string{to, from}, func(s string) bool { return s == "" })
					if got, want := kernelMutes(plan, exe, targets), foldMutes(t, rule, exe, to, from); got != want {
						t.Fatalf("%s: %s changes %q: the kernel %v, the fold %v", text, exe, targets, got, want)
					}
				}
			}
		}
	}
}

// foldCache remembers what the fold does for a rule: asking it is slow.
var foldCache = map[string]map[[3]string]bool{}

// foldMutes asks the aggregator.
func foldMutes(t *testing.T, rule aggregator.MuteRule, exe, to, from string) bool {
	known := foldCache[rule.String()]
	if known == nil {
		known = map[[3]string]bool{}
		foldCache[rule.String()] = known
	}
	key := [3]string{exe, to, from}
	if muted, ok := known[key]; ok {
		return muted
	}
	// The first condition decides alone, so one question answers for all events that agree in
	// what it looks at.
	k := key
	if strings.Contains(rule.String(), "exe") {
		k = [3]string{exe, "/b", ""}
	} else {
		k[0] = "/b"
	}
	muted, ok := known[k]
	if !ok {
		muted = askFold(t, rule, k)
		known[k] = muted
	}
	known[key] = muted
	return muted
}

func askFold(t *testing.T, rule aggregator.MuteRule, k [3]string) bool {
	small := summaries.Limits{Origins: 4, Programs: 16, Processes: 16, Paths: 256, PathBytes: 64 << 10}
	a, err := aggregator.New(aggregator.Config{Mute: []aggregator.MuteRule{rule}, FrameSize: 16 << 10, Limits: small})
	if err != nil {
		t.Fatal(err)
	}
	e := esbridge.Event{
		Kind: esbridge.Rename, Path: []byte(k[1]), SourcePath: []byte(k[2]), Count: 1, First: 1e18, Last: 1e18,
		Process: &esbridge.Process{PID: 1, Version: 1, EUID: 501, Executable: []byte(k[0]), Origin: []byte("unsigned")},
	}
	var l summaries.Ledger
	err = a.Run(context.Background(), oneEvent{e}, func(s *summaries.Summary) error { l = s.Ledger; return nil })
	if err != nil || l.Muted+l.Folded != 1 {
		t.Fatalf("%+v: %v", l, err)
	}
	return l.Muted == 1
}

type oneEvent struct{ e esbridge.Event }

func (oneEvent) Info() esbridge.Info { return esbridge.Info{Name: "one"} }
func (o oneEvent) Run(_ context.Context, deliver func(*esbridge.Batch) error) error {
	return deliver(&esbridge.Batch{Events: []esbridge.Event{o.e}})
}

// TestOnHosts: every execution of a host is muted, by its own token, and nobody else.
func TestOnHosts(t *testing.T) {
	if OnHosts(nil, nil, nil) != nil {
		t.Error("nobody to mute, and asked for every process")
	}
	var muted []string
	told := 0
	f := OnHosts([]string{"/h", "/i"}, func(token [8]uint32) error {
		muted = append(muted, fmt.Sprint(token[5], ".", token[7]))
		return fmt.Errorf("it has ended")
	}, func(*esbridge.Process, [8]uint32) { told++ })
	for i, exe := range []string{"/h", "/hh", "/i", "", "/h"} {
		f(&esbridge.Process{Executable: []byte(exe)}, [8]uint32{5: uint32(10 + i), 7: 2})
	}
	if want := []string{"10.2", "12.2", "14.2"}; !slices.Equal(muted, want) || told != 5 {
		t.Errorf("muted %v, want %v; %d were told of", muted, want, told)
	}
}

// FuzzPlan: no rule makes the kernel mute what is not absolute, or all there is.
func FuzzPlan(f *testing.F) {
	for _, s := range []string{"exe=/a", "host: exe=/a", `path=/a\,b`, "exe-prefix=//", "path=/../x", "path=", ": path=/a", "path=/a\\", "a: b: path=/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Selection{Rules: []string{text}}.Plan()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Calls {
			if len(c.Path) < 2 || c.Path[0] != '/' || bytes.Contains([]byte(c.Path), []byte("/../")) || strings.HasPrefix(c.Path, "//") {
				t.Errorf("%q: muting %q", text, c.Path)
			}
		}
	})
}
