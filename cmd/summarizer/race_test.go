//go:build race

package main

// raceDetector makes these tests ten times slower: the long ones do less.
const raceDetector = true
