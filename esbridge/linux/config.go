package linux

import (
	"errors"
	"fmt"
	"math/bits"
	"time"
)

// Config says how much memory the source takes and what it leaves out. The zero value is
// the default of every field.
type Config struct {
	// Interval is how often counts are fetched from the kernel, aligned to multiples of
	// itself since the Unix epoch. Default 1 s; 10 ms to 1 s.
	Interval time.Duration
	// MaxFiles is how many (process, file) pairs one interval can tell apart; beyond it, or
	// beyond the share of a user or process (see the package documentation), events keep their
	// process and lose their path. About 272 bytes of kernel memory each,
	// twice. Default 65,536; at least 16.
	MaxFiles int
	// MaxProcesses is how many processes one interval can tell apart; the events of further
	// ones, or of those beyond the share of a user, are counted as dropped. About 392 bytes of kernel memory each, twice. Default 8,192.
	MaxProcesses int
	// RingBytes is the room for the paths of one interval: a power of two, at least 64 KiB.
	// Default 4 MiB, twice.
	RingBytes int
	// Mute lists processes that are not counted, beside our own; see Source.Mute.
	Mute []int
	// CloseModified counts closes of files that were written to. It costs every system
	// call of the machine a second hook (see the package documentation), so it is off by
	// default.
	CloseModified bool
}

// MaxMuted is how many processes Mute can name.
const MaxMuted = 7

func (c Config) withDefaults() Config {
	if c.Interval == 0 {
		c.Interval = time.Second
	}
	if c.MaxFiles == 0 {
		c.MaxFiles = 1 << 16
	}
	if c.MaxProcesses == 0 {
		c.MaxProcesses = 1 << 13
	}
	if c.RingBytes == 0 {
		c.RingBytes = 4 << 20
	}
	return c
}

// Validate returns what is wrong with the configuration.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case c.Interval < 10*time.Millisecond || c.Interval > time.Second:
		return fmt.Errorf("linux source: interval %v: use 10ms to 1s", c.Interval)
	case c.MaxFiles < 16 || c.MaxFiles > 1<<22:
		return fmt.Errorf("linux source: %d files: use 16 to 4194304", c.MaxFiles)
	case c.MaxProcesses < 1 || c.MaxProcesses > 1<<20:
		return fmt.Errorf("linux source: %d processes: use 1 to 1048576", c.MaxProcesses)
	case c.RingBytes < 64<<10 || c.RingBytes > 1<<28 || bits.OnesCount(uint(c.RingBytes)) != 1:
		return fmt.Errorf("linux source: ring of %d bytes: use a power of two from 65536 to 268435456", c.RingBytes)
	case len(c.Mute) > MaxMuted:
		return errTooManyMuted
	}
	return nil
}

var errTooManyMuted = errors.New("linux source: too many muted processes: at most 7 beside our own")

// Requirement is something that the source needs from the machine.
type Requirement struct {
	Name   string
	OK     bool
	Detail string // what was found
	Remedy string // what to do about it; empty where OK
}
