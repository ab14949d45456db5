//go:build !darwin

package xpc

import (
	"errors"
	"fmt"
	"net"
)

// Listen fails: only macOS has XPC.
func Listen(c Config) (net.Listener, error) { return nil, unsupported("listening on", c) }

// Dial fails: only macOS has XPC.
func Dial(c Config) (net.Conn, error) { return nil, unsupported("connecting to", c) }

func unsupported(doing string, c Config) error {
	if _, err := c.validate(); err != nil {
		return fmt.Errorf("%s an XPC service: %w", doing, err)
	}
	return fmt.Errorf("%s XPC service %s: only macOS has XPC; use a Unix socket (transport.Listen): %w", doing, c.Service, errors.ErrUnsupported)
}
