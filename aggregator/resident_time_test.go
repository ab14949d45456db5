//go:build linux && !soak

package aggregator

import "time"

const residentTime = 30 * time.Second
