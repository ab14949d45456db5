//go:build linux && (amd64 || arm64)

package linux

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// bootOffset is what to add to a time since boot, suspension included, to have Unix time;
// both in nanoseconds. It changes when the clock is set.
func bootOffset() (int64, error) {
	before, err := now(unix.CLOCK_BOOTTIME)
	if err != nil {
		return 0, err
	}
	wall, err := now(unix.CLOCK_REALTIME)
	if err != nil {
		return 0, err
	}
	after, err := now(unix.CLOCK_BOOTTIME)
	if err != nil {
		return 0, err
	}
	return wall - (before + (after-before)/2), nil
}

func now(clock int32) (int64, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("reading clock %d: %w", clock, err)
	}
	return t.Nano(), nil
}
