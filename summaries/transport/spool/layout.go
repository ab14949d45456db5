package spool

import (
	"errors"
	"fmt"

	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

const (
	sectorSize = 4 << 10
	numHeads   = 2 // of heads and of checkpoints: one can be read while the other is written
	spareSlots = 3

	// DefaultSlots is how many tiles a ring holds unless told otherwise.
	DefaultSlots = 64
	minSlots     = 2 // one in flight, one that the others merge into
	maxSlots     = 4096
)

// Config is what a Ring is made with. The zero value is valid.
type Config struct {
	Slots     int // tiles that wait before they merge, 2 to 4096; 0: DefaultSlots
	FrameSize int // bytes of every frame; 0: summaries.DefaultFrameSize
	// Key is that of the tiles' sketches, for merging them; without it (nil) distinct counts
	// of merged tiles become upper bounds.
	Key *sketch.Key
}

// Validate says what is wrong with c.
func (c Config) Validate() error {
	c = c.withDefaults()
	if c.Slots < minSlots || c.Slots > maxSlots {
		return fmt.Errorf("spool of %d slots: choose %d to %d", c.Slots, minSlots, maxSlots)
	}
	return summaries.CheckFrameSize(c.FrameSize)
}

func (c Config) withDefaults() Config {
	if c.Slots == 0 {
		c.Slots = DefaultSlots
	}
	if c.FrameSize == 0 {
		c.FrameSize = summaries.DefaultFrameSize
	}
	return c
}

// geometry is what decides where things are in a file.
type geometry struct{ slots, frameSize int }

func (c Config) geometry() geometry { return geometry{c.Slots, c.FrameSize} }

// check returns an error unless a file may have this geometry.
func (g geometry) check() error {
	if g.slots < minSlots || g.slots > maxSlots {
		return errors.New("impossible number of slots")
	}
	return summaries.CheckFrameSize(g.frameSize)
}

// places is how many slots the file has, the spare ones included.
func (g geometry) places() int { return g.slots + spareSlots }

// stride is how far one place is from the next, in bytes.
func (g geometry) stride() int64 {
	return sectorSize + int64(g.frameSize+sectorSize-1)/sectorSize*sectorSize
}

// size is that of the file in bytes.
func (g geometry) size() int64 { return g.offset(kindSlot, g.places()) }

// offset is where a record is, in bytes.
func (g geometry) offset(k kind, index int) int64 {
	const checkpoints = numHeads * sectorSize
	switch k {
	case kindHead:
		return int64(index) * sectorSize
	case kindCheckpoint:
		return checkpoints + int64(index)*g.stride()
	default:
		return checkpoints + int64(numHeads+index)*g.stride()
	}
}

// count is how many places of a kind the file has.
func (g geometry) count(k kind) int {
	if k == kindSlot {
		return g.places()
	}
	return numHeads
}
