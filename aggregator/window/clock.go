package window

import (
	"time"

	"summarizer/summaries"
)

// Reading is one look at the clocks, in nanoseconds.
type Reading struct {
	// Wall is the time since the Unix epoch. It can be set.
	Wall int64
	// Mono runs forward only, and stops while the machine sleeps (CLOCK_MONOTONIC on Linux,
	// mach_absolute_time on macOS: what the Go runtime uses). Its origin does not matter.
	Mono int64
	// Boot runs forward only, through sleep too (CLOCK_BOOTTIME, mach_continuous_time).
	// 0 where unknown: then a wall clock that was set forward looks like sleep.
	Boot int64
}

// Clock ends the panes of a live source. It is fed a Reading at least once a hop.
type Clock struct {
	c     Config
	start int64 // of the open pane
	last  Reading
}

// NewClock opens the pane that holds now. c is valid and has its defaults.
func NewClock(c Config, now Reading) *Clock {
	return &Clock{c: c, start: c.Start(now.Wall), last: now}
}

// Start is where the open pane begins.
func (k *Clock) Start() int64 { return k.start }

// Tick takes the next reading. Where the open pane is over it returns it and true; events
// from now on belong to the one that Start tells. That is the pane of now: pauses, however
// long, are not reported as empty panes.
//
// A pane that sleep or a clock step ended early ends where the wall clock would stand without
// it. The next one begins at its aligned start all the same, even if that is the start of the
// one that ended: both halves of a tile are tiles, and the sum over tiles loses nothing.
func (k *Clock) Tick(now Reading) (ended Pane, over bool) {
	awake, asleep, step := k.last.until(now)
	k.last = now
	ended = Pane{Start: k.start, End: k.start + int64(k.c.Hop)}
	switch tolerance := tolerance(awake + asleep); {
	case asleep > tolerance:
		ended.Reason = summaries.Sleep
	case step > tolerance || -step > tolerance:
		ended.Reason = summaries.ClockStep
	case now.Wall >= ended.End:
		ended.Reason = summaries.Closed
		k.start = k.c.Start(now.Wall)
		return ended, true
	default:
		return Pane{}, false
	}
	before := now.Wall - asleep - step
	ended.End = min(max(before, ended.Start+1), ended.End)
	k.start = k.c.Start(now.Wall)
	return ended, true
}

// until splits what the wall clock did from r to now into time awake, time asleep and a step.
func (r Reading) until(now Reading) (awake, asleep, step int64) {
	awake = max(now.Mono-r.Mono, 0)
	ahead := now.Wall - r.Wall - awake
	if r.Boot == 0 || now.Boot == 0 {
		return awake, max(ahead, 0), min(ahead, 0)
	}
	asleep = max(now.Boot-r.Boot-awake, 0)
	return awake, asleep, ahead - asleep
}

// tolerance is how far clocks may differ over elapsed nanoseconds before that means anything:
// half a second, and twice the 500 ppm by which time daemons slew.
func tolerance(elapsed int64) int64 {
	return int64(500*time.Millisecond) + elapsed/1000
}
