package window

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	good := []Config{{}, {Window: time.Minute}, {10 * time.Second, time.Second}, {64 * MinHop, MinHop}, {MaxWindow, MaxWindow}}
	for _, c := range good {
		if err := c.Validate(); err != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
	bad := map[string]Config{
		"--hop is 50ms: make it 100ms":                    {Hop: 50 * time.Millisecond},
		"--hop is -1s: make it":                           {Hop: -time.Second},
		"--hop is -2s":                                    {Window: -2 * time.Second},
		"--window 1s is shorter than --hop 2s":            {time.Second, 2 * time.Second},
		"--window 10s is not a multiple of --hop 3s":      {10 * time.Second, 3 * time.Second},
		"try --window 12s":                                {10 * time.Second, 3 * time.Second},
		"make --hop 1s or longer":                         {64 * time.Second, 500 * time.Millisecond},
		"--window is 24h0m1s: make it 24h0m0s or shorter": {MaxWindow + time.Second, time.Second},
	}
	for want, c := range bad {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %q does not say %q", c, err, want)
		}
	}
}

// randomConfig is valid and has its defaults.
func randomConfig(rng *rand.Rand) Config {
	hop := MinHop + time.Duration(rng.Int64N(int64(20*time.Second)))
	return Config{Window: hop * time.Duration(1+rng.IntN(MaxPanes)), Hop: hop}
}

// Every instant belongs to exactly one pane and one tile, whose boundaries depend on nothing
// but the lengths: two machines that look at different instants of a pane name the same one.
func TestPanesPartitionTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for range 20000 {
		c := randomConfig(rng)
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		at := rng.Int64N(Latest) - int64(rng.IntN(2))*Latest/2
		start, end := c.Start(at), c.End(at)
		if start > at || at >= end || end-start != int64(c.Hop) || start%int64(c.Hop) != 0 {
			t.Fatalf("%v: %d in pane [%d, %d)", c, at, start, end)
		}
		other := start + rng.Int64N(int64(c.Hop))
		if c.Start(other) != start || c.Start(end) != end || c.End(start-1) != start {
			t.Fatalf("%v: pane [%d, %d) is not the same seen from %d", c, start, end, other)
		}
		tile := c.TileStart(at)
		if tile > start || c.TileEnd(at) < end || c.TileEnd(at)-tile != int64(c.Window) || c.TileEnd(tile-1) != tile {
			t.Fatalf("%v: %d in tile [%d, %d)", c, at, tile, c.TileEnd(at))
		}
		tiles := 0
		for i := range c.Panes() { // of the windows that cover the pane of at, one is a tile
			if c.Tile(start - int64(i)*int64(c.Hop)) {
				tiles++
			}
		}
		if tiles != 1 {
			t.Fatalf("%v: pane of %d is in %d tiles", c, at, tiles)
		}
	}
}

func TestStartBeforeTheEpoch(t *testing.T) {
	c := Config{Hop: 10 * time.Second}.WithDefaults()
	for at, want := range map[int64]int64{-1: -10e9, -10e9: -10e9, -10e9 - 1: -20e9, 0: 0, 10e9 - 1: 0, 10e9: 10e9} {
		if got := c.Start(at); got != want {
			t.Errorf("Start(%d) = %d, want %d", at, got, want)
		}
	}
}

func TestClamp(t *testing.T) {
	const now, day = int64(1.8e18), int64(24 * time.Hour)
	for _, c := range []struct {
		at, reference, want int64
		clamped             bool
	}{
		{now, now, now, false},
		{now + day, now, now + day, false},
		{now + day + 1, now, now, true},
		{now - 1000*day, now, now - 1000*day, false},
		{Earliest, now, Earliest, false},
		{Earliest - 1, now, now, true},
		{-1 << 63, now, now, true},
		{1<<63 - 1, now, now, true},
		{Latest + 1, Latest, Latest, true},
		{now, -1 << 63, -1 << 63, true},
	} {
		if got, clamped := Clamp(c.at, c.reference); got != c.want || clamped != c.clamped {
			t.Errorf("Clamp(%d, %d) = %d, %v; want %d, %v", c.at, c.reference, got, clamped, c.want, c.clamped)
		}
	}
}
