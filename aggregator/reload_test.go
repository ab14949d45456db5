package aggregator

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// TestReloadAgainstModel: random reloads of window, hop, watch and mute rules in a random
// stream, while clocks are set, the machine sleeps and delivering is slow, lose and double
// nothing, make no burst, and keep numbers contiguous and boundaries aligned.
func TestReloadAgainstModel(t *testing.T) {
	unlinks, err := ParseMute("kind=unlink")
	if err != nil {
		t.Fatal(err)
	}
	choices := []Reload{
		{Window: 10 * time.Second}, {Window: 10 * time.Second, Hop: time.Second}, {Window: time.Minute, Hop: 10 * time.Second},
		{Window: 2 * time.Second, Watch: []string{"/f/1"}}, {Window: 700 * time.Millisecond, Hop: 100 * time.Millisecond},
		{Window: 10 * time.Second, Mute: []MuteRule{unlinks}}, {Window: 5 * time.Second, Hop: time.Second, Mute: []MuteRule{unlinks}},
	}
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			cfg := testConfig
			cfg.FrameSize, cfg.Checkpoint = summaries.DefaultFrameSize, ignoreCheckpoint
			d := newDrive(t, seed, cfg)
			d.run(300, func() {
				if d.rng.IntN(8) > 0 {
					return
				}
				d.reloads++
				if err := d.a.Reload(choices[d.rng.IntN(len(choices))]); err != nil {
					t.Fatal(err)
				}
			})
			if d.reasons[summaries.Reloaded] == 0 || d.reasons[summaries.Reloaded] > d.reloads || d.muted == 0 {
				t.Errorf("seed %d: %d reloads, windows ended by %v, %d muted", seed, d.reloads, d.reasons, d.muted)
			}
		})
	}
}

// TestReloadOfNothing ends no window; and what is watched changes with the next empty pane.
func TestReloadOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrive(t, 1, testConfig)
		d.run(50, func() {
			if err := d.a.Reload(Reload{Window: testConfig.Window, Watch: []string{"/new"}}); err != nil {
				t.Fatal(err)
			}
		})
		if n := d.reasons[summaries.Reloaded]; n != 0 {
			t.Errorf("%d windows ended as reloaded, though none changed", n)
		}
		if got := d.l.shards[0].open.watch; len(got) != 1 || got[0] != "/new" {
			t.Errorf("%v is watched", got)
		}
	})
}

// TestReloadBeforeRun: what is asked for before a run is in force from its first event on.
func TestReloadBeforeRun(t *testing.T) {
	a := mustNew(t)
	rule, err := ParseMute("path=/a")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Reload(Reload{Window: 2 * time.Second, Mute: []MuteRule{rule}}); err != nil {
		t.Fatal(err)
	}
	var all []*summaries.Summary
	src := &script{batches: []esbridge.Batch{{Events: []esbridge.Event{event(epoch, "/a/b"), event(epoch, "/ab")}}}}
	if err := a.Run(t.Context(), src, func(s *summaries.Summary) error { all = append(all, s); return nil }); err != nil {
		t.Fatal(err)
	}
	if s := all[0]; s.Window.Hop != 2e9 || s.Events != 1 || s.Ledger.Muted != 1 || s.Muted[0] != (summaries.MuteRule{Rule: "path=/a", Events: 1, Counted: true}) {
		t.Errorf("%+v, %+v, %+v", s.Window, s.Ledger, s.Muted)
	}
}

// TestReloadRefuses what Validate refuses, changes nothing, and says what to do.
func TestReloadRefuses(t *testing.T) {
	a := mustNew(t)
	before := a.wanted.now.Load()
	for _, r := range []Reload{{Window: time.Millisecond}, {Window: 3 * time.Second, Hop: 2 * time.Second}, {Mute: make([]MuteRule, 65)}, {Mute: make([]MuteRule, 1)}} {
		if a.Reload(r) == nil {
			t.Errorf("%+v was taken", r)
		}
	}
	var long []MuteRule
	for i := range 20 {
		r, err := ParseMute(fmt.Sprintf("path=/%d/%s", i, strings.Repeat("x", 400)))
		if err != nil {
			t.Fatal(err)
		}
		long = append(long, r)
	}
	if err := a.SetMute(long); err == nil || !strings.Contains(err.Error(), "--frame-size") {
		t.Errorf("rules beyond a quarter of the frame: %v", err)
	}
	if a.wanted.now.Load() != before {
		t.Error("settings changed")
	}
}
