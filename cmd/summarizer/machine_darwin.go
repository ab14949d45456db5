package main

import (
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// machineSecret is the hardware UUID, which only the I/O registry tells.
func machineSecret() string {
	out, _ := exec.Command("/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice").Output()
	for line := range strings.Lines(string(out)) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.Contains(key, `"IOPlatformUUID"`) {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

func bootID() string {
	id, _ := unix.Sysctl("kern.bootsessionuuid")
	return id
}

func systemName() string {
	version, _ := unix.Sysctl("kern.osproductversion")
	return strings.TrimSpace("macos " + version)
}

// boottime reads a clock that runs on through sleep: on macOS the monotonic one does, see
// clock_gettime(3).
func boottime() int64 { return readClock(unix.CLOCK_MONOTONIC) }
