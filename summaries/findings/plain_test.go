//go:build !race

package findings

// slowdown is by how much attacks and thresholds are scaled down: not at all.
const slowdown = 1
