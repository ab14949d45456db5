package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func machineSecret() string { return firstLine("/etc/machine-id") }

func bootID() string { return firstLine("/proc/sys/kernel/random/boot_id") }

// systemName is the name that os-release(5) gives, and the release of the kernel.
func systemName() string {
	name := "linux"
	b, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			name = strings.Trim(value, `"'`)
		}
	}
	return strings.TrimSpace(name + " " + firstLine("/proc/sys/kernel/osrelease"))
}

// boottime reads a clock that runs on through sleep.
func boottime() int64 { return readClock(unix.CLOCK_BOOTTIME) }
