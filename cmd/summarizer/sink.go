package main

import (
	"fmt"
	"io"

	"summarizer/summaries"
	"summarizer/summaries/terminal"
)

// The formats that windows are written in.
const (
	formatTable  = "table"
	formatJSON   = "json"
	formatFrames = "frames"
	formatLines  = "lines" // one line of text per window, for whoever is not a terminal
)

// sink takes closed windows: the summary, and the frame that holds it. It keeps neither.
type sink func(s *summaries.Summary, frame []byte) error

// newSink writes windows to w, each with one call to Write.
func newSink(format string, w io.Writer) (sink, error) {
	switch format {
	case formatJSON:
		return jsonSink(w), nil
	case formatFrames:
		if isTerminal(w) {
			return nil, usagef("frames are not text: redirect standard output to a file or a pipe")
		}
		return func(_ *summaries.Summary, frame []byte) error { return write(w, frame) }, nil
	case formatTable:
		return func(s *summaries.Summary, _ []byte) error {
			return write(w, append(terminal.Text(s), '\n'))
		}, nil
	case formatLines:
		return func(s *summaries.Summary, _ []byte) error {
			return write(w, []byte(terminal.Line(s)+"\n"))
		}, nil
	}
	return nil, usagef("%q is no format: give json, table or frames", format)
}

func jsonSink(w io.Writer) sink {
	var line []byte
	return func(s *summaries.Summary, frame []byte) error {
		h, err := summaries.ParseHeader(frame)
		if err != nil {
			return err
		}
		if line, err = summaries.AppendJSON(line[:0], s, h.FrameSize, h.PayloadSize); err != nil {
			return err
		}
		line = append(line, '\n')
		return write(w, line)
	}
}

func write(w io.Writer, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("writing a summary: %w", err)
	}
	return nil
}

// encoded returns a function that makes each summary a frame of frameSize bytes and hands
// both to deliver. An error of a sink ends the run: a summary that nobody gets is a loss.
func encoded(frameSize int, deliver sink) func(*summaries.Summary) error {
	var frame []byte
	return func(s *summaries.Summary) (err error) {
		if frame, err = summaries.AppendFrame(frame[:0], s, frameSize); err != nil {
			return err
		}
		return deliver(s, frame)
	}
}
