package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// TestAdviceHolds: whatever the fold did with the rows, the events that a rule would have left out
// lie in the range that is told of it.
func TestAdviceHolds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, c := range []struct{ paths, events int }{{10, 300}, {3000, 20000}} {
		key := sketch.RandomKey()
		tree := summaries.NewTree(summaries.Limits{Origins: 4, Programs: 16, Processes: 32, Paths: 256, PathBytes: 64 << 10}, nil, &key)
		var events []esbridge.Event
		for range c.events {
			e := randomEvent(rng, c.paths)
			events = append(events, e)
			tree.Fold(&e, 1e18)
		}
		s := &summaries.Summary{Window: summaries.Window{Start: 1e18, End: 2e18, Hop: 1e18, Tile: true, Merged: 1}}
		tree.Snapshot(s)
		advice := advise(s)
		if len(advice.Paths) == 0 || len(advice.Programs) == 0 {
			t.Fatalf("no advice: %+v", advice)
		}
		for _, m := range append(advice.Paths, advice.Programs...) {
			if n := wouldMute(events, m.Rule); n < m.Events || n > m.EventsMax {
				t.Errorf("%s: %d events, told were %s", m.Rule, n, m.span())
			}
		}
	}
}

func randomEvent(rng *rand.Rand, paths int) esbridge.Event {
	path := func() []byte { return fmt.Appendf(nil, "/a%d/b%d/%d", rng.IntN(3), rng.IntN(3), rng.IntN(paths)) }
	e := esbridge.Event{Kind: esbridge.Write, Path: path(), Count: 1, First: 1e18, Last: 1e18}
	if rng.IntN(10) == 0 {
		e.Kind, e.SourcePath = esbridge.Rename, path()
	}
	exe := fmt.Appendf(nil, "/bin/p%d", rng.IntN(5))
	e.Process = &esbridge.Process{PID: rng.Int32N(100), Version: 1, Executable: exe, Origin: []byte("platform")}
	return e
}

// wouldMute counts without the fold.
func wouldMute(events []esbridge.Event, rule string) (n uint64) {
	key, value, _ := strings.Cut(rule, "=")
	under := func(p []byte) bool { return string(p) == value || bytes.HasPrefix(p, []byte(value+"/")) }
	for i := range events {
		e := &events[i]
		if key == "exe" && string(e.Process.Executable) == value ||
			key == "path" && under(e.Path) && (len(e.SourcePath) == 0 || under(e.SourcePath)) {
			n++
		}
	}
	return n
}

// TestAdviceIsSafeToPaste: a name that somebody chose is one word of a shell, and nothing that a
// terminal obeys.
func TestAdviceIsSafeToPaste(t *testing.T) {
	row := func(path string) summaries.Path {
		return summaries.Path{Path: []byte(path), PathLen: len(path), Events: 10}
	}
	s := &summaries.Summary{Events: 40, Origins: []summaries.Origin{{Name: "unsigned", Events: 40, Programs: []summaries.Program{{
		Path: []byte("/x"), PathLen: 2, Events: 40,
		Processes: []summaries.Process{{Events: 40, Paths: []summaries.Path{row("/a'; reboot #"), row("/b\u009b31m"), row("/c\u202e"), row("/d\n")}}},
	}}}}}
	var b bytes.Buffer
	if err := advise(s).print(formatTable, &b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `--mute 'path=/a'\''; reboot #'`) || strings.ContainsAny(b.String(), "\u009b\u202e") || strings.Contains(b.String(), "/d") {
		t.Errorf("%q", b.String())
	}
}
