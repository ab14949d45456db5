//go:build race

package findings

// slowdown is by how much attacks and thresholds are scaled down: the race detector makes
// folding many times slower.
const slowdown = 50
