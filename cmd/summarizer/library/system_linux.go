package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
}

func systemName() string {
	b, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace("linux " + string(b))
}

// boottime reads a clock that runs on through sleep, in nanoseconds; 0 where there is none.
func boottime() int64 { return readClock(unix.CLOCK_BOOTTIME) }
