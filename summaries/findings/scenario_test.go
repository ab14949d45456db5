package findings

import (
	"iter"
	"slices"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
)

// What is none of an attack raises nothing in minutes of windows, after a quiet minute or
// from the first window on.
func TestBenignScenariosRaiseNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		rate uint64
	}{{"compile", 2000}, {"unpack", 5000}, {"backup", 3000}, {"browser", 200}, {"indexer", 1000}, {"quiet-desktop", 20}} {
		t.Run(c.name, func(t *testing.T) {
			all := windows(t, minutes(t, c.name, c.rate, max(60/slowdown, 10)*2, 60))
			if len(all) < 2 {
				t.Fatalf("%d windows", len(all))
			}
			for _, f := range observeAll(t, detector(t, Config{}), all...) {
				t.Errorf("from the first window: %+v", f)
			}
			for _, f := range observeAll(t, detector(t, Config{}), append(quietMinute(t), all...)...) {
				t.Errorf("after a quiet minute: %+v", f)
			}
		})
	}
}

// Each attack raises what it is, and names who did it.
func TestAttacksAreFound(t *testing.T) {
	const evil, stage = "/private/tmp/.cache/evil", "/private/tmp/.cache/stage/"
	for _, c := range []struct {
		name    string
		rate    uint64
		program string
		kinds   []string
	}{
		{"one-file-flood", 100_000, evil, []string{Flood}},
		{"many-process-flood", 100_000, evil, []string{Flood}},
		{"distinct-flood", 100_000, evil, []string{Flood, Spreader}},
		{"one-dir-per-file", 100_000, evil, []string{Flood, Spreader}},
		{"deep-paths", 100_000, evil, []string{Flood, Spreader}},
		{"fork-storm", 20_000, evil, []string{Flood, Spreader}},
		{"executable-storm", 20_000, stage, []string{Flood, Spreader}},
		{"hidden-heavy-hitter", 100_000, evil, []string{Flood, Spreader, Watched}},
		{"attack-mix", 100_000, evil, []string{Flood, Spreader}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := Config{FloodRate: 10_000 / slowdown, SpreadRate: 10_000 / slowdown}
			attack := windows(t, slower(minutes(t, c.name, c.rate/slowdown, 10, 60)))
			found := observeAll(t, detector(t, cfg), append(quietMinute(t), attack...)...)
			for _, kind := range c.kinds {
				if f := has(found, kind, c.program); f == nil {
					t.Errorf("no %s by %s in %+v", kind, c.program, found)
				} else {
					t.Logf("%s %s: %s", f.Severity, f.Kind, f.Text)
				}
			}
			for _, f := range found {
				if !slices.Contains(c.kinds, f.Kind) {
					t.Errorf("found besides: %+v", f)
				}
			}
			if f := observeAll(t, detector(t, cfg), attack...); has(f, c.kinds[0], c.program) == nil {
				t.Errorf("from the first window: %+v", f)
			}
		})
	}
}

// slower is a scenario in which the same happens in more time.
func slower(events iter.Seq[*esbridge.Event]) iter.Seq[*esbridge.Event] {
	return func(yield func(*esbridge.Event) bool) {
		events(func(e *esbridge.Event) bool {
			e.Last = synthetic.Epoch + (e.Last-synthetic.Epoch-60e9)*slowdown + 60e9
			return yield(e)
		})
	}
}

// The scenarios of synthetic are all in one of the two tests above, but for zipf: 100,000
// events a second by twenty programs, which is a flood to a detector that never saw it.
func TestEveryScenarioIsJudged(t *testing.T) {
	if n := len(synthetic.Names()); n != 9+6+1 {
		t.Errorf("%d scenarios: judge the new one above", n)
	}
}

// Each rule is turned off by its own threshold, and by no other.
func TestEveryRuleHasItsThreshold(t *testing.T) {
	const off = 1e12
	attack := windows(t, slower(minutes(t, "distinct-flood", 100_000/slowdown, 10, 60)))
	attack = append(attack, tile("unsigned", renames(5000, 1, summaries.Distinct{Estimate: 5000})))
	kindsOf := func(cfg Config) (found []string) {
		for _, f := range observeAll(t, detector(t, cfg), attack...) {
			if !slices.Contains(found, f.Kind) {
				found = append(found, f.Kind)
			}
		}
		slices.Sort(found)
		return found
	}
	low := Config{FloodRate: 5_000 / slowdown, SpreadRate: 5_000 / slowdown}
	for _, c := range []struct {
		what   string
		change func(*Config)
		want   []string
	}{
		{"all rules", func(*Config) {}, []string{Flood, RenameStorm, Spreader}},
		{"no flood", func(c *Config) { c.FloodRate = off }, []string{RenameStorm, Spreader}},
		{"no spreader", func(c *Config) { c.SpreadRate = off }, []string{Flood, RenameStorm}},
		{"no rename storm", func(c *Config) { c.RenameRate = off }, []string{Flood, Spreader}},
	} {
		cfg := low
		c.change(&cfg)
		if got := kindsOf(cfg); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
