//go:build !cgo

package native

import "summarizer/esbridge/endpointsecurity"

const esLibrary = "/usr/lib/libEndpointSecurity.dylib"

// openClients opens with handlers in Go.
func openClients(c endpointsecurity.Config) (clients, error) {
	l, err := openLibrary(esLibrary, systemLibrary)
	if err != nil {
		return nil, err
	}
	p, err := openPure(c, l)
	if err != nil {
		return nil, err
	}
	return p, nil
}
