package main

// result is what a function of the library returns: enum summarizer_error of summarizer.h.
type result int

const (
	success result = iota
	errArgument
	errHandle
	errSize
	errEvent
	errDropped
	errSequence
	errTimeout
	errCallback
	errFailed
	numResults
)

var resultTexts = [numResults]string{
	"no error",
	"a pointer is NULL that must not be: pass what summarizer.h asks for",
	"no such summarizer: it was closed, or summarizer_open failed; open one first",
	"the size of a structure is unknown: set it with sizeof, and use the summarizer.h of this library",
	"the event contradicts itself and counts as malformed: check kind, count, times, pid, and that paths are absolute",
	"nobody folded the batch of the event in time; it is counted as dropped: give this process more processor time",
	"no frame of this number is outstanding: acknowledge the one that the callback was called with, once",
	"not all frames were acknowledged in time, what was left is lost: wait longer, or acknowledge earlier",
	"this would wait for the callback that calls it: call it from another thread",
	"the library failed: report it with the version of your build",
}

func (r result) String() string {
	if r < 0 || r >= numResults {
		return "no error of this library: it returns enum summarizer_error of summarizer.h"
	}
	return resultTexts[r]
}
