package main

import (
	"context"
	"errors"
	"strings"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/esbridge/endpointsecurity/native"
)

// openEndpointSecurity makes the native source: of all files, or of those at the given paths.
func openEndpointSecurity(paths string, rules []string) (esbridge.Source, error) {
	s := endpointsecurity.Selection{Rules: rules}
	if paths != "" {
		s.Only = strings.Split(paths, ",")
	}
	if _, err := s.Plan(); err != nil {
		return nil, usagef("--source: %w", err)
	}
	source, err := native.New(endpointsecurity.Config{}, s)
	if err != nil {
		return nil, &unavailableError{err}
	}
	return nativeSource{source}, nil
}

// nativeSource learns only when it runs that it may not.
type nativeSource struct{ *endpointsecurity.Source }

func (s nativeSource) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	err := s.Source.Run(ctx, deliver)
	if errors.Is(err, native.ErrOpen) {
		return &unavailableError{err}
	}
	return err
}
