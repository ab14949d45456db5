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
package aggregator

import (
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
	// Muted are the mute rules in force. What the source says it muted is counted for the
	// first of them that is Counted.
	Muted []summaries.MuteRule
	// Boottime reads a clock that runs on through sleep, in nanoseconds (CLOCK_BOOTTIME,
	// mach_continuous_time). nil: sleep and a clock set forward cannot be told apart.
	Boottime func() int64
}

func (c Config) withDefaults() Config {
	if c.FrameSize == 0 {
		c.FrameSize = summaries.DefaultFrameSize
	}
	c.Limits = c.Limits.OrDefault()
	if c.Watch == nil {
		c.Watch = summaries.DefaultWatch
	}
	if c.Key == (sketch.Key{}) {
		c.Key = sketch.RandomKey()
	}
	if c.Boottime == nil {
		c.Boottime = func() int64 { return 0 }
	}
	return c
}

func (c Config) window() window.Config {
	return window.Config{Window: c.Window, Hop: c.Hop}.WithDefaults()
}

// Validate says what is wrong with c, in terms of the command line.
func (c Config) Validate() error {
	c = c.withDefaults()
	if err := c.window().Validate(); err != nil {
		return err
	}
	if err := summaries.CheckFrameSize(c.FrameSize); err != nil {
		return fmt.Errorf("--frame-size: %w", err)
	}
	return c.Limits.Validate()
}

// Aggregator folds one source. It is used for one Run.
type Aggregator struct {
	cfg     Config
	window  window.Config
	roller  roller
	panes   [2]*pane
	started time.Time // when Run began: the zero of the monotonic clock
}

// New makes an Aggregator and allocates all that it will need.
func New(cfg Config) (*Aggregator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	a := &Aggregator{cfg: cfg, window: cfg.window()}
	a.roller = newRoller(a.window, cfg.FrameSize, &a.cfg.Key)
	for i := range a.panes {
		a.panes[i] = newPane(&a.cfg, a.window.Hop)
	}
	return a, nil
}
