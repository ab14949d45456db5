package main

import (
	"strings"

	"golang.org/x/sys/unix"
)

func bootID() string {
	id, _ := unix.Sysctl("kern.bootsessionuuid")
	return id
}

func systemName() string {
	version, _ := unix.Sysctl("kern.osproductversion")
	return strings.TrimSpace("macos " + version)
}

// boottime reads a clock that runs on through sleep, in nanoseconds: on macOS the monotonic one
// does, see clock_gettime(3).
func boottime() int64 { return readClock(unix.CLOCK_MONOTONIC) }
