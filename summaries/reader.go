package summaries

import (
	"fmt"
	"io"
	"slices"
)

// readStep is how much ReadFrame trusts a header at a time: room for the rest of a frame is
// made as its bytes arrive.
const readStep = 64 << 10

var errCut = fmt.Errorf("reading a frame: the input ends within it: %w: %w", ErrLength, io.ErrUnexpectedEOF)

// ReadFrame reads one frame from r, of whatever size its header says, into buf, which it
// grows where it is too small. The frame's header is checked, its payload is not: see
// DecodeFrame. The error is io.EOF where r ends before the frame begins. It wraps ErrMagic,
// ErrVersion or ErrLength, the last together with io.ErrUnexpectedEOF where r ends within
// the frame, or is the error of r.
func ReadFrame(r io.Reader, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], HeaderSize)[:HeaderSize]
	if err := readFull(r, buf); err != nil {
		return buf[:0], err
	}
	h, err := ParseHeader(buf)
	if err != nil {
		return buf[:0], fmt.Errorf("reading a frame: %w", err)
	}
	for len(buf) < h.FrameSize {
		n := len(buf)
		step := min(readStep, h.FrameSize-n)
		buf = slices.Grow(buf, step)[:n+step]
		if err := readFull(r, buf[n:]); err == io.EOF {
			return buf[:0], errCut
		} else if err != nil {
			return buf[:0], err
		}
	}
	return buf, nil
}

// readFull fills b. The error is io.EOF where r ends before b begins.
func readFull(r io.Reader, b []byte) error {
	switch _, err := io.ReadFull(r, b); err {
	case nil, io.EOF:
		return err
	case io.ErrUnexpectedEOF:
		return errCut
	default:
		return fmt.Errorf("reading a frame: %w", err)
	}
}

// FrameReader reads a stream of frames of one size: a frame file, or several of the same
// frame size one behind the other. It holds one frame.
type FrameReader struct {
	r       io.Reader
	frame   []byte // the last one; its length is the frame size once it is known
	offset  int64  // of the next frame
	corrupt int
	done    bool
}

// NewFrameReader reads frames from r. It does not close r.
func NewFrameReader(r io.Reader) *FrameReader { return &FrameReader{r: r} }

// Next returns the next summary, and io.EOF at the end. Any other error is about one frame
// and says at which byte it begins: calling Next again goes on with the frame behind it,
// or returns io.EOF where none can be found (the first header is broken and the frame size
// not known, or r failed). It wraps an error of DecodeFrame or ReadFrame.
func (f *FrameReader) Next() (*Summary, error) {
	if f.done {
		return nil, io.EOF
	}
	at := f.offset
	s, err := f.next()
	if err == io.EOF {
		f.done = true
		return nil, io.EOF
	}
	if err != nil {
		f.corrupt++
		return nil, fmt.Errorf("frame at byte %d: %w", at, err)
	}
	return s, nil
}

func (f *FrameReader) next() (*Summary, error) {
	if err := f.read(); err != nil {
		f.done = true
		return nil, err
	}
	f.offset += int64(len(f.frame))
	if h, err := ParseHeader(f.frame); err == nil && h.FrameSize != len(f.frame) {
		return nil, fmt.Errorf("frame of %d bytes among frames of %d, give each size a file of its own: %w", h.FrameSize, len(f.frame), ErrLength)
	}
	return DecodeFrame(f.frame)
}

// read fills f.frame. The size of the first frame is that of all.
func (f *FrameReader) read() (err error) {
	if len(f.frame) == 0 {
		f.frame, err = ReadFrame(f.r, nil)
		return err
	}
	return readFull(f.r, f.frame)
}

// Frame is the frame that Next read last, valid or not, until Next is called again; empty
// where there was none. ParseHeader tells its sizes.
func (f *FrameReader) Frame() []byte { return f.frame }

// Corrupt is how many frames could not be read so far.
func (f *FrameReader) Corrupt() int { return f.corrupt }
