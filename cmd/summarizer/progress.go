package main

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
)

// progress shows how much of the input has been read, where a person looks at w.
type progress struct {
	bar *progressbar.ProgressBar // nil where nobody looks
}

func newProgress(w io.Writer, inputs []string) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{progressbar.NewOptions64(totalSize(inputs),
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("reading"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(),
	)}
}

// totalSize is the size of all inputs, or -1 where one of them has none: a pipe.
func totalSize(inputs []string) (total int64) {
	for _, name := range inputs {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return -1
		}
		total += info.Size()
	}
	return total
}

// add counts n more bytes.
func (p *progress) add(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n) // a bar that cannot be drawn is no reason to stop
	}
}

// hide takes the bar off the screen until the next add.
func (p *progress) hide() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
