//go:build !unix

package store

import "os"

// openFile opens a file. Where it could be a symbolic link, Open has looked before.
func openFile(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR, 0) }
