//go:build !darwin || !cgo

package native

import (
	"errors"
	"runtime"

	"summarizer/esbridge/endpointsecurity"
)

// New fails: this build has no Endpoint Security.
func New(endpointsecurity.Config) (*endpointsecurity.Source, error) {
	if runtime.GOOS == "darwin" {
		return nil, errors.New("opening Endpoint Security: this program was built without cgo; build it with CGO_ENABLED=1 on a Mac, or use --source eslogger")
	}
	return nil, errors.New("opening Endpoint Security: only macOS has it; use --source linux on Linux")
}
