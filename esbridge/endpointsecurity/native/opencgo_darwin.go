//go:build cgo

package native

import "summarizer/esbridge/endpointsecurity"

// openClients opens with handlers in C.
func openClients(c endpointsecurity.Config) (clients, error) {
	t, err := open(c)
	if err != nil {
		return nil, err
	}
	return t, nil
}
