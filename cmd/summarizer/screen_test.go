package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"summarizer/summaries"
)

func TestScreenFitsTheTerminal(t *testing.T) {
	s := screen{}
	for _, height := range []int{1, 2, 4, 5, 9, 50} {
		for _, width := range []int{1, 40, 200} {
			drawn := string(s.frame(busy(), width, height))
			lines := strings.SplitAfter(strings.TrimSuffix(strings.TrimPrefix(drawn, toTop), clearBelow), "\r\n")
			if len(lines)-1 > max(height-1, 0) {
				t.Errorf("%d lines on a screen of %d", len(lines)-1, height)
			}
			for _, line := range lines[:len(lines)-1] {
				text := strings.TrimSuffix(strings.TrimPrefix(line, clearLine), "\r\n")
				if n := uniseg.StringWidth(text); n > width || strings.Contains(text, "\x1b") {
					t.Errorf("line of %d cells on a screen of %d: %q", n, width, text)
				}
			}
		}
	}
}

// TestScreenIsLeft draws into a pipe and ends: the terminal must be as it was.
func TestScreenIsLeft(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	peeked := false
	s := screen{out: w, color: true, peek: func() *summaries.Summary {
		peeked = true
		cancel()
		return busy()
	}}
	s.run(ctx)
	w.Close()
	drawn, err := io.ReadAll(r)
	if err != nil || !peeked {
		t.Fatal(err, peeked)
	}
	if text := string(drawn); !strings.HasPrefix(text, enterScreen) || !strings.HasSuffix(text, leaveScreen) || !strings.Contains(text, bold) {
		t.Errorf("drawn: %q", text)
	}
}

func TestRollingHop(t *testing.T) {
	for window, want := range map[time.Duration]time.Duration{
		10 * time.Second: time.Second, time.Minute: time.Second, time.Second: time.Second,
		1500 * time.Millisecond: 0, 500 * time.Millisecond: 0, time.Hour: 0,
	} {
		if got := rollingHop(window); got != want {
			t.Errorf("window %v rolls by %v, want %v", window, got, want)
		}
	}
}
