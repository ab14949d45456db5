//go:build unix && !linux

package spool

import (
	"os"
	"syscall"
)

type unixStat = syscall.Stat_t

func preallocate(f *os.File, size int64) error { return fillWithZeros(f, size) }

// datasync is a full sync: on macOS os.File.Sync is F_FULLFSYNC, which reaches the medium.
func datasync(f *os.File) error { return f.Sync() }
