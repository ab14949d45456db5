//go:build linux && soak

package aggregator

import "time"

const residentTime = 10 * time.Minute
