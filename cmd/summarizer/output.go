package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"summarizer/aggregator/window"
	"summarizer/summaries"
	"summarizer/summaries/terminal"
)

// output is where run sends closed windows, and what it shows meanwhile.
type output struct {
	frameSize int
	sinks     []sink
	stdout    io.Writer
	terminal  *os.File                          // where somebody looks; else nil
	last      atomic.Pointer[summaries.Summary] // the window that left last, for who looks
	file      *os.File                          // of frames; nil where none was asked for
}

// openOutput makes the outputs that the flags ask for.
func (o *runOptions) openOutput(stdout io.Writer, frameSize int) (*output, error) {
	out := &output{frameSize: frameSize, stdout: stdout}
	if o.print != formatTable && o.print != formatJSON {
		return nil, usagef("--print: %q is no format: give table or json", o.print)
	}
	var err error
	switch {
	case o.frames == "-" && o.print == formatJSON:
		return nil, usagef("--frames - and --print json both want standard output: give --frames a file")
	case o.frames == "-":
		err = out.add(formatFrames, stdout)
	case o.print == formatJSON:
		err = out.add(formatJSON, stdout)
	default:
		err = out.addTable()
	}
	if err == nil && o.frames != "" && o.frames != "-" {
		err = out.addFile(o.frames)
	}
	if err != nil {
		return nil, fmt.Errorf("--frames: %w", err)
	}
	return out, nil
}

func (out *output) add(format string, w io.Writer) error {
	s, err := newSink(format, w)
	out.sinks = append(out.sinks, s)
	return err
}

// addTable shows the last window on a terminal, or writes a line per window elsewhere.
func (out *output) addTable() error {
	if !canDraw(out.stdout) {
		return out.add(formatLines, out.stdout)
	}
	out.terminal = out.stdout.(*os.File)
	return nil
}

// canDraw tells whether w is a terminal that can be drawn on.
func canDraw(w io.Writer) bool { return isTerminal(w) && os.Getenv("TERM") != "dumb" }

// rollingHop is the hop of windows that somebody watches: a second, so that the picture moves
// on, where window can be cut so; else 0.
func rollingHop(length time.Duration) time.Duration {
	c := window.Config{Window: length, Hop: time.Second}
	if c.Validate() != nil {
		return 0
	}
	return c.Hop
}

// addFile appends frames to a file. One that exists must hold whole frames of the same size:
// a file of frames is read by counting.
func (out *output) addFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return &usageError{err}
	}
	if err := checkFrames(f, out.frameSize); err != nil {
		return errors.Join(err, f.Close())
	}
	out.file = f
	return out.add(formatFrames, f)
}

func checkFrames(f *os.File, frameSize int) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	head := make([]byte, summaries.HeaderSize)
	if _, err = f.ReadAt(head, 0); err == nil {
		var h summaries.Header
		if h, err = summaries.ParseHeader(head); err == nil && h.FrameSize == frameSize && info.Size()%int64(frameSize) == 0 {
			return nil
		}
	}
	size := byteSize(frameSize)
	return usagef("%s is not made of whole frames of %s: name another file, or give the --frame-size it was written with", f.Name(), &size)
}

// while runs collect, which is given the sink for all windows, and shows them meanwhile where
// somebody looks. It ends with the last window, where the user goes on working.
func (out *output) while(ctx context.Context, collect func(ctx context.Context, deliver sink) error) error {
	if out.terminal == nil {
		return collect(ctx, out.deliver)
	}
	err := terminal.Run(ctx, terminal.Options{Out: out.terminal, Env: os.Environ()},
		func(ctx context.Context, show func(*summaries.Summary)) error {
			return collect(ctx, func(s *summaries.Summary, frame []byte) error {
				out.last.Store(s)
				show(s)
				return out.deliver(s, frame)
			})
		})
	if last := out.last.Load(); last != nil {
		_ = write(out.stdout, terminal.Text(last)) // the terminal may be gone by now
	}
	return err
}

// deliver hands a window to every sink.
func (out *output) deliver(s *summaries.Summary, frame []byte) error {
	for _, deliver := range out.sinks {
		if err := deliver(s, frame); err != nil {
			return err
		}
	}
	return nil
}

// close ends the file of frames. What could not be written is an error: it was promised.
func (out *output) close() error {
	if out.file == nil {
		return nil
	}
	return out.file.Close()
}
