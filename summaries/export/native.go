package export

import (
	"errors"
	"fmt"
	"io"

	"summarizer/summaries"
)

// native writes summarizer.summary/1.
type native struct {
	w           io.Writer
	frameSize   int
	frame, line []byte
}

func newNative(w io.Writer, cfg *Config) encoder {
	size := cfg.FrameSize
	if size == 0 {
		size = summaries.DefaultFrameSize
	}
	return &native{w: w, frameSize: size}
}

func (n *native) add(s *summaries.Summary) (uint64, error) {
	frame, payload, err := n.sizes(s)
	if err != nil {
		return 0, err
	}
	if n.line, err = summaries.AppendJSON(n.line[:0], s, frame, payload); err != nil {
		return 0, err
	}
	n.line = append(n.line, '\n')
	if _, err := n.w.Write(n.line); err != nil {
		return 0, fmt.Errorf("writing a line: %w", err)
	}
	return 1, nil
}

func (n *native) finish() error { return nil }

// sizes are those of the frame that s would leave in: the configured one, or the next
// doubling of it that is large enough.
func (n *native) sizes(s *summaries.Summary) (frame, payload int, err error) {
	for size := n.frameSize; ; size = min(2*size, summaries.MaxFrameSize) {
		n.frame, err = summaries.AppendFrame(n.frame[:0], s, size)
		if err == nil {
			h, err := summaries.ParseHeader(n.frame)
			return h.FrameSize, h.PayloadSize, err
		}
		if !errors.Is(err, summaries.ErrTooLarge) || size == summaries.MaxFrameSize {
			return 0, 0, err
		}
	}
}
