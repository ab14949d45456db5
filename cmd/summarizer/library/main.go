// Package main is libsummarizer: the fold, for programs that are not written in Go.
//
//	go build -buildmode=c-archive -o libsummarizer.a ./cmd/summarizer/library
//	go build -buildmode=c-shared -o libsummarizer.so ./cmd/summarizer/library
//
// The interface is summarizer.h, which says for each function what it promises; users include
// it and not the header that cgo writes. docs/embedding.md shows how a system extension uses it.
//
// # From many threads into one fold
//
// Callers come on threads that Go does not know. Each client of Endpoint Security has a lane,
// and all events of other hosts have one more (lane.go). A lane collects a batch under its lock. Whoever
// completes a batch takes the turn (turn.go) and folds it, on its own thread: there is no
// queue that could grow, and no goroutine that must be scheduled before an event counts. The
// clock, a goroutine, does the same ten times a second with what there is, so that time passes
// and windows end.
//
// Nobody who holds the turn waits for anything but the processor, so waiting for it is short.
// Should it take longer than maxWait, because the one who holds it was suspended, the
// batch is dropped and counted by kind.
//
// # From one summary to one callback
//
// Closed windows go to an outbox (outbox.go): one frame is with the host, and one more window
// waits, which merges with those that come after it.
//
// # Layers
//
// All of this is plain Go and tested as such. Only exports.go and callback.go are C.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "summarizer/library: this is no program: build it with -buildmode=c-archive or c-shared, and include summarizer.h")
	os.Exit(2)
}
