package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"summarizer/summaries"
)

// output is where run sends closed windows, and what it shows meanwhile.
type output struct {
	frameSize int
	sinks     []sink
	stdout    io.Writer
	screen    *screen                           // nil where nobody looks
	last      atomic.Pointer[summaries.Summary] // the window that left last, for the screen
	file      *os.File                          // of frames; nil where none was asked for
}

// open makes the outputs that the flags ask for.
func (o *runOptions) open(stdout io.Writer, frameSize int) (*output, error) {
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

// addTable draws the last window on a terminal, or writes a line per window elsewhere.
func (out *output) addTable() error {
	if !canDraw(out.stdout) {
		return out.add(formatLines, out.stdout)
	}
	out.screen = newScreen(out.stdout.(*os.File), out.last.Load)
	out.sinks = append(out.sinks, func(s *summaries.Summary, _ []byte) error {
		out.last.Store(s)
		return nil
	})
	return nil
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

// show draws on the screen until ctx ends or leave is called. It ends with the last window,
// where the user goes on working.
func (out *output) show(ctx context.Context) (leave func()) {
	if out.screen == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var drawing sync.WaitGroup
	drawing.Go(func() { out.screen.run(ctx) })
	return func() {
		cancel()
		drawing.Wait()
		if last := out.last.Load(); last != nil {
			t := table{rows: tableRows}
			_ = write(out.stdout, t.text(last)) // the terminal may be gone by now
		}
	}
}

// close ends the file of frames. What could not be written is an error: it was promised.
func (out *output) close() error {
	if out.file == nil {
		return nil
	}
	return out.file.Close()
}
