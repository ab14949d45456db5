//go:build !linux

package main

import "runtime/metrics"

// residentMemory is how much memory the Go runtime holds, in bytes: what C has allocated, and
// the program itself, are not in it.
func residentMemory() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
