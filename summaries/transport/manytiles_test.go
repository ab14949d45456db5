//go:build !race

package transport

const manyTiles = 10_000
