//go:build unix

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFile opens a file, but not through a symbolic link.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}
