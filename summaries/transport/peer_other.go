//go:build !linux && !darwin

package transport

import (
	"errors"
	"fmt"
	"runtime"
)

// credentials cannot be had here, so nobody can connect over a socket.
func credentials(int) (Peer, error) {
	return Peer{}, fmt.Errorf("on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func fileOf(string) fileID { return fileID{} }
