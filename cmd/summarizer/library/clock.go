package main

import "golang.org/x/sys/unix"

func readClock(id int32) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		return 0 // nobody knows: sleep is not told from a clock that was set
	}
	return t.Nano()
}
