//go:build cgo

package native

import "summarizer/esbridge/endpointsecurity"

// New makes the source of this Mac's events. The clients are made by its Run, whose error says
// what is missing.
func New(c endpointsecurity.Config) (*endpointsecurity.Source, error) {
	return endpointsecurity.NewSource(c, func() (endpointsecurity.Transport, error) {
		t, err := open(c, func(*transport) error { return nil })
		if err != nil {
			return nil, err
		}
		return t, nil
	}), nil
}
