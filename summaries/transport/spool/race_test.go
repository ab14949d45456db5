//go:build race

package spool

// raceDetector makes these tests ten times slower: the long ones do less.
const raceDetector = true
