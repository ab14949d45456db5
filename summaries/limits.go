package summaries

import "fmt"

// DefaultLimits are the table capacities where none are configured: about 19 MiB in all.
var DefaultLimits = Limits{Origins: 64, Programs: 512, Processes: 2048, Paths: 16384, PathBytes: 3 << 20}

// minUnit is the least number of path bytes per row: below it one long path could cost more
// rows than a fold is sure to free.
const minUnit = 64

// OrDefault replaces zeros by the defaults.
func (l Limits) OrDefault() Limits {
	or := func(n *int, d int) {
		if *n == 0 {
			*n = d
		}
	}
	or(&l.Origins, DefaultLimits.Origins)
	or(&l.Programs, DefaultLimits.Programs)
	or(&l.Processes, DefaultLimits.Processes)
	or(&l.Paths, DefaultLimits.Paths)
	or(&l.PathBytes, l.Paths*(DefaultLimits.PathBytes/DefaultLimits.Paths))
	return l
}

// Validate tells which limit is out of its range, and what the range is.
func (l Limits) Validate() error {
	for _, f := range []struct {
		flag        string
		n, min, max int
	}{
		{"limit-origins", l.Origins, 4, 1024},
		{"limit-programs", l.Programs, 16, 1 << 16},
		{"limit-processes", l.Processes, 16, 1 << 18},
		{"limit-paths", l.Paths, 64, 1 << 20},
		{"limit-path-bytes", l.PathBytes, minUnit * l.Paths, 1 << 30},
	} {
		if f.n < f.min || f.n > f.max {
			return fmt.Errorf("--%s is %d: choose %d to %d", f.flag, f.n, f.min, f.max)
		}
	}
	return nil
}
