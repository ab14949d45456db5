// Package window decides when: which pane an instant belongs to, when a pane is over, and
// why. It is arithmetic on times handed in, in nanoseconds since the Unix epoch, and reads no
// clock.
//
// Time is cut into panes of one hop, aligned to multiples of the hop since the epoch, so that
// the panes of different machines line up. A summary covers the last Window/Hop panes. One
// that starts at a multiple of Window is a tile: tiles cover time without overlap and are
// what history sums.
//
// Two things turn events into closed panes. Clock serves live sources, whose events count
// when they arrive: it compares the wall clock with one that only runs forward, and ends the
// open pane early where the machine slept or the clock was set. Watermark serves recordings,
// whose events count at the time they carry: it follows that time, waits a little for late
// ones and does not believe a single absurd one. Neither ever reports an empty stretch pane
// by pane: however long nothing happened, the next pane is the one something happens in.
//
// Who merges several panes into a window has one thing to do at such a gap: if the TileEnd of
// the pane before it lies in it, deliver that tile.
package window

import (
	"fmt"
	"time"

	"summarizer/summaries"
)

// Defaults and bounds of Config.
const (
	DefaultWindow = 10 * time.Second
	MinHop        = 100 * time.Millisecond
	MaxWindow     = 24 * time.Hour // longer stretches are sums of tiles
	MaxPanes      = 64
)

// Config is how time is cut. The zero value means a window of 10 s and a hop as long.
type Config struct {
	Window time.Duration // the length a summary covers; 0: DefaultWindow
	Hop    time.Duration // the pace of summaries; 0: as long as the window
}

// WithDefaults returns c with zero fields filled in. All other methods expect that, and that
// Validate has found nothing.
func (c Config) WithDefaults() Config {
	if c.Window == 0 {
		c.Window = DefaultWindow
	}
	if c.Hop == 0 {
		c.Hop = c.Window
	}
	return c
}

// Validate says what is wrong with c, in terms of the command line.
func (c Config) Validate() error {
	c = c.WithDefaults()
	switch {
	case c.Hop < MinHop:
		return fmt.Errorf("--hop is %v: make it %v or longer", c.Hop, MinHop)
	case c.Window < c.Hop:
		return fmt.Errorf("--window %v is shorter than --hop %v: make it the same or a multiple", c.Window, c.Hop)
	case c.Window > MaxWindow:
		return fmt.Errorf("--window is %v: make it %v or shorter; history sums windows to longer stretches", c.Window, MaxWindow)
	case c.Window%c.Hop != 0:
		return fmt.Errorf("--window %v is not a multiple of --hop %v: try --window %v", c.Window, c.Hop, (c.Window/c.Hop+1)*c.Hop)
	case c.Window/c.Hop > MaxPanes:
		return fmt.Errorf("--window %v holds more than %d times --hop %v: make --hop %v or longer",
			c.Window, MaxPanes, c.Hop, c.Window/MaxPanes)
	}
	return nil
}

// Panes is how many panes a window covers, 1 to MaxPanes.
func (c Config) Panes() int { return int(c.Window / c.Hop) }

// Start is where the pane that holds t begins: the last multiple of the hop not after t.
func (c Config) Start(t int64) int64 { return floor(t, int64(c.Hop)) }

// End is where the pane that holds t ends; End itself belongs to the next one.
func (c Config) End(t int64) int64 { return c.Start(t) + int64(c.Hop) }

// Tile says whether a window that begins at start is a tile.
func (c Config) Tile(start int64) bool { return start%int64(c.Window) == 0 }

// TileStart is where the tile that holds t begins.
func (c Config) TileStart(t int64) int64 { return floor(t, int64(c.Window)) }

// TileEnd is where the tile that holds t ends.
func (c Config) TileEnd(t int64) int64 { return c.TileStart(t) + int64(c.Window) }

// floor is the last multiple of step not after t, before the epoch too.
func floor(t, step int64) int64 {
	rest := t % step
	if rest < 0 {
		rest += step
	}
	return t - rest
}

// Pane is a stretch of time that is over: [Start, End), and why it ended.
type Pane struct {
	Start, End int64
	Reason     summaries.EndReason
}

// Event times outside these are absurd: no file system event was recorded before 1990, and
// arithmetic needs room at the end of 64 bits (the year 2262).
const (
	Earliest int64 = 631152000e9  // 1990-01-01
	Latest   int64 = 7258118400e9 // 2200-01-01
)

// Clamp returns t, or reference and true where t is absurd: outside Earliest and Latest, or
// more than a day after reference.
func Clamp(t, reference int64) (int64, bool) {
	if t < Earliest || t > Latest || t-int64(24*time.Hour) > reference {
		return reference, true
	}
	return t, false
}
