//go:build race

package transport

const manyTiles = 1000
