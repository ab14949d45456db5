//go:build !darwin

package native

import (
	"errors"

	"summarizer/esbridge/endpointsecurity"
)

// New fails: this build has no Endpoint Security.
func New(endpointsecurity.Config, endpointsecurity.Selection) (*endpointsecurity.Source, error) {
	return nil, errors.New("opening Endpoint Security: only macOS has it; use --source linux on Linux")
}
