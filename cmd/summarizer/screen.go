package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"summarizer/aggregator/window"
	"summarizer/summaries"
)

// Control sequences of ECMA-48 and xterm.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // the alternate screen, without a cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	toTop       = "\x1b[H"
	clearLine   = "\x1b[2K"
	clearBelow  = "\x1b[J"
	bold, plain = "\x1b[1m", "\x1b[0m"
	redraw      = time.Second
)

// screen draws the last window, again and again in the same place.
type screen struct {
	out   *os.File
	peek  func() *summaries.Summary // returns nil before the first window
	color bool
}

// canDraw tells whether w is a terminal that can be drawn on.
func canDraw(w io.Writer) bool { return isTerminal(w) && os.Getenv("TERM") != "dumb" }

func newScreen(terminal *os.File, peek func() *summaries.Summary) *screen {
	return &screen{out: terminal, peek: peek, color: os.Getenv("NO_COLOR") == ""}
}

// rollingHop is the hop of windows that somebody watches: short enough that the table moves
// on with every redraw, where window can be cut so.
func rollingHop(length time.Duration) time.Duration {
	c := window.Config{Window: length, Hop: redraw}
	if c.Validate() != nil {
		return 0
	}
	return redraw
}

// run draws until ctx ends, and leaves the terminal as it was.
func (s *screen) run(ctx context.Context) {
	_, _ = s.out.WriteString(enterScreen) // a terminal that is gone ends the program by SIGHUP
	defer func() { _, _ = s.out.WriteString(leaveScreen) }()
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	for {
		s.draw()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *screen) draw() {
	width, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil {
		width, height = 80, 24
	}
	_, _ = s.out.Write(s.frame(s.peek(), width, height))
}

// frame is what to send to a terminal of width × height cells. The last line stays free:
// writing to its end scrolls some terminals.
func (s *screen) frame(sum *summaries.Summary, width, height int) []byte {
	lines := []string{"waiting for the first window"}
	if sum != nil {
		t := table{width: width, rows: height - 1 - tableHead}
		lines = t.lines(sum)
	}
	var b bytes.Buffer
	b.WriteString(toTop)
	for i, line := range lines[:min(len(lines), max(height-1, 0))] {
		if s.color && (i == 0 || i == tableHead-1) {
			line = bold + line + plain
		}
		b.WriteString(clearLine + line + "\r\n")
	}
	b.WriteString(clearBelow)
	return b.Bytes()
}
