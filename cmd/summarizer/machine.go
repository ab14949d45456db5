package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"summarizer/summaries"
)

// thisMachine describes the machine that a live source watches. What the system does not
// tell stays empty.
func thisMachine() summaries.Machine {
	hostname, _ := os.Hostname()
	return summaries.Machine{
		ID:       publicID(machineSecret()),
		Boot:     bootID(),
		Hostname: hostname,
		OS:       systemName(),
	}
}

// publicID makes a machine's own identifier fit to leave it: machine-id(5) asks not to
// publish it, and a hash made for one purpose links to no other.
func publicID(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("summarizer machine id\x00" + secret))
	return hex.EncodeToString(sum[:16])
}

// firstLine is the first line of a file, without its newline; empty if there is none.
func firstLine(name string) string {
	b, _ := os.ReadFile(name)
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

func readClock(id int32) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		return 0 // nobody knows: sleep is not told from a clock that was set
	}
	return t.Nano()
}
