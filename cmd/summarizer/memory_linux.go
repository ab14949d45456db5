package main

import (
	"fmt"
	"os"
)

// residentMemory is how much of this process is in memory, in bytes: statm of proc(5). 0 where the
// system does not tell.
func residentMemory() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident uint64
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return 0
	}
	return resident * uint64(os.Getpagesize())
}
