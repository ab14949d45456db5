//go:build !darwin

package main

import (
	"errors"

	"summarizer/esbridge"
)

func openEndpointSecurity(string, []string) (esbridge.Source, error) {
	return nil, &unavailableError{errors.New("opening Endpoint Security: only macOS has it; use --source linux on Linux")}
}
