//go:build !linux || !(amd64 || arm64)

package linux

import (
	"context"
	"fmt"
	"runtime"

	"summarizer/esbridge"
)

var errPlatform = fmt.Errorf("live events by eBPF need Linux on amd64 or arm64, this is %s/%s: replay a recording instead",
	runtime.GOOS, runtime.GOARCH)

// Source counts the file changes of a Linux machine in the kernel; there is none here.
type Source struct{}

// New fails: this is not a platform of the source.
func New(Config) (*Source, error) { return nil, errPlatform }

// Info implements esbridge.Source.
func (*Source) Info() esbridge.Info { return esbridge.Info{Name: "linux-ebpf", Live: true} }

// Mute fails.
func (*Source) Mute(...int) error { return errPlatform }

// Close does nothing.
func (*Source) Close() error { return nil }

// Run fails.
func (*Source) Run(context.Context, func(*esbridge.Batch) error) error { return errPlatform }

// Check returns the one requirement that is not met.
func Check() []Requirement {
	return []Requirement{{
		Name: "Linux on amd64 or arm64", Detail: runtime.GOOS + "/" + runtime.GOARCH,
		Remedy: "replay a recording instead",
	}}
}
