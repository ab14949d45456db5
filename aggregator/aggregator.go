// Package aggregator folds events into windows. It is the heart of the program: a stream of
// esbridge.Event of any rate comes in, one summaries.Summary of fixed size per hop goes out.
//
// The open pane is one summaries.Tree, a ledger and a series (pane.go). When its time is
// over, the full pane is exchanged for an empty one and fitted into a frame by another
// goroutine (run.go), so that folding never waits; if that one is still busy with the pane
// before, the open pane simply goes on: windows merge, nothing queues. Where a window is
// longer than a hop the roller (roller.go) merges the last panes into a rolling window.
//
// Live sources fold by arrival, a clock that nobody can forge; recordings fold by the time
// their events carry (package window). Two panes is all the memory there is.
//
// Between boundaries the empty pane serves for checkpoints (checkpoint.go): about once a
// second it takes a copy of the open one, which leaves as the tile so far. Mute rules
// (mute.go) leave events out before they are folded, and count them. Window, hop, watched
// paths and mute rules can change at run time (reload.go).
//
// A source that delivers from several goroutines (ParallelSource) folds into as many shards,
// each with panes of its own, which become one summary at the boundary (shards.go).
package aggregator

import (
	"errors"
	"fmt"
	"time"

	"summarizer/aggregator/window"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// Config is what an Aggregator is made with. The zero value is valid: the documented
// defaults and a random sketch key.
type Config struct {
	Window    time.Duration    // what a summary covers; 0: 10 s
	Hop       time.Duration    // between summaries; 0: Window
	FrameSize int              // bytes of every frame; 0: 64 KiB
	Limits    summaries.Limits // zeros: summaries.DefaultLimits
	// Watch are path prefixes whose rows fold last; nil: summaries.DefaultWatch.
	Watch []string
	// Key is that of the sketches; summaries merge their sketches only with those of the
	// same key. Zero: a random one.
	Key sketch.Key
	// Machine goes into every summary. Its Source is set by Run.
	Machine summaries.Machine
	// Agent tells how the program is, for every summary; nil: nobody knows.
	Agent func() summaries.Agent
	// Mute are the rules by which events are left out here, and counted: at most 64, and no
	// more than fit into a quarter of a frame.
	Mute []MuteRule
	// Muted are the mute rules of the source. What it says it muted is counted for the first
	// of them that is Counted.
	Muted []summaries.MuteRule
	// Boottime reads a clock that runs on through sleep, in nanoseconds (CLOCK_BOOTTIME,
	// mach_continuous_time). nil: sleep and a clock set forward cannot be told apart.
	Boottime func() int64
	// LastSeq is the last number that an earlier run of the same session used: numbers go on
	// after it. 0: they begin at 1.
	LastSeq uint64
	// Checkpoint, where not nil, is called about once a second while a live source is
	// folded, by the goroutine that calls deliver: with all that is in no tile yet, as the
	// tile that it would be if it ended now, Recovered. What fails in it is its own business.
	Checkpoint func(*summaries.Summary)
	// Shards is how many goroutines a ParallelSource delivers from; 0: 1. Limits are shared
	// out among them, so that more shards take no more memory.
	Shards int
}

// maxShards bounds Config.Shards: beyond that a shard has hardly any rows.
const maxShards = 64

func (c Config) withDefaults() Config {
	if c.FrameSize == 0 {
		c.FrameSize = summaries.DefaultFrameSize
	}
	c.Limits = c.Limits.OrDefault()
	if c.Agent == nil {
		c.Agent = func() summaries.Agent { return summaries.Agent{} }
	}
	if c.Watch == nil {
		c.Watch = summaries.DefaultWatch
	}
	if c.Key == (sketch.Key{}) {
		c.Key = sketch.RandomKey()
	}
	if c.Boottime == nil {
		c.Boottime = func() int64 { return 0 }
	}
	c.Shards = max(c.Shards, 1)
	return c
}

func (c Config) window() window.Config {
	return window.Config{Window: c.Window, Hop: c.Hop}.WithDefaults()
}

// Validate says what is wrong with c, in terms of the command line.
func (c Config) Validate() error { return c.validate(nil) }

// validate is Validate where further mute rules are in force.
func (c Config) validate(more []MuteRule) error {
	c = c.withDefaults()
	if err := c.window().Validate(); err != nil {
		return err
	}
	if err := summaries.CheckFrameSize(c.FrameSize); err != nil {
		return fmt.Errorf("--frame-size: %w", err)
	}
	if c.Shards > maxShards {
		return fmt.Errorf("%d shards: choose at most %d", c.Shards, maxShards)
	}
	if err := checkRules(append(more[:len(more):len(more)], c.Mute...), c.Muted, c.FrameSize); err != nil {
		return err
	}
	return errors.Join(c.Limits.Validate(), c.shardLimits().Validate())
}

// Aggregator folds one source. It is used for one Run.
type Aggregator struct {
	cfg     Config
	wanted  wanted
	window  window.Config // of the panes that are summarized
	roller  roller
	panes   [2][]*pane // one of each shard
	started time.Time  // when Run began: the zero of the monotonic clock

	checkpointed int64 // the end of what the last checkpoint covered
}

// New makes an Aggregator and allocates all that it will need.
func New(cfg Config) (*Aggregator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	a := &Aggregator{cfg: cfg, window: cfg.window()}
	a.wanted.configured = cfg.Mute
	a.wanted.set(a.window, cfg.Watch)
	a.roller = newRoller(a.window, cfg.FrameSize, &a.cfg.Key, cfg.LastSeq)
	for i := range a.panes {
		for range cfg.Shards {
			a.panes[i] = append(a.panes[i], newPane(&a.cfg, a.window.Hop))
		}
	}
	return a, nil
}
