package store

import (
	"math"
	"time"
)

// Level is how coarse a stored window is.
type Level int

const (
	Raw       Level = iota // windows as they came
	Minute                 // one per minute and boot of a machine, UTC
	Hour                   // one per hour
	Day                    // one per day
	NumLevels = iota
)

var levelNames = [NumLevels]string{"raw", "minute", "hour", "day"}

// buckets are the lengths of the stretches of time that a level has one window for, in
// nanoseconds. Each is a multiple of the one before.
var buckets = [NumLevels]int64{1, int64(time.Minute), int64(time.Hour), 24 * int64(time.Hour)}

func (l Level) String() string {
	if l >= 0 && l < NumLevels {
		return levelNames[l]
	}
	return "invalid"
}

// Bucket is the length of the stretches of time of a level; 1 ns for raw windows, which
// keep their own.
func (l Level) Bucket() time.Duration { return time.Duration(buckets[l]) }

// floor is the beginning of the bucket that t lies in. No t within validTime overflows.
func (l Level) floor(t int64) int64 {
	b := buckets[l]
	return t - ((t%b)+b)%b
}

// ceil is the beginning of the first bucket that does not begin before t.
func (l Level) ceil(t int64) int64 {
	if f := l.floor(t); f < t {
		return f + buckets[l]
	}
	return t
}

// Times that a window may have, so that arithmetic with buckets cannot overflow: the years
// 1678 to 2261.
const (
	minTime int64 = math.MinInt64 + 1000*24*int64(time.Hour)
	maxTime int64 = math.MaxInt64 - 1000*24*int64(time.Hour)
)

// clampTime moves t into the range of times that a window may have.
func clampTime(t int64) int64 { return min(max(t, minTime), maxTime) }
