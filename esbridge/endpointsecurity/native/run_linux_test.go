//go:build cgo

package native

import (
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
)

// startRun opens a source and returns when its clients are there.
func startRun(t testing.TB, c endpointsecurity.Config) *run {
	resetSimulator()
	return startRunWith(t, c, nil)
}

func startRunWith(t testing.TB, c endpointsecurity.Config, deliver func(*esbridge.Batch)) *run {
	t.Helper()
	return startRunOf(t, newSource(c, func(c endpointsecurity.Config) (clients, error) { return open(c) }), deliver)
}
