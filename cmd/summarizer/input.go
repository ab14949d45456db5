package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"summarizer/summaries"
)

const (
	inputBuffer = 256 << 10
	// zstdWindow is the largest window a compressed input may ask for: what zstd --long
	// uses. It bounds the memory of decompression.
	zstdWindow = 128 << 20
)

// inputFile is one file of a replay, decompressed where its first bytes say so.
type inputFile struct {
	*bufio.Reader
	name  string
	close func() error
}

// openInput opens a file, or standard input for "-", and tells onRead of every byte it takes
// from it, before decompression.
func openInput(name string, stdin io.Reader, onRead func(n int)) (*inputFile, error) {
	raw, closeRaw, display := stdin, func() error { return nil }, "standard input"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err // names the file already
		}
		raw, closeRaw, display = f, f.Close, name
	}
	plain := bufio.NewReaderSize(&countingReader{raw, onRead}, inputBuffer)
	in, err := decompress(plain)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", display, err), closeRaw())
	}
	in.name = display
	closeDecoder := in.close
	in.close = func() error { return errors.Join(closeDecoder(), closeRaw()) }
	return in, nil
}

// decompress looks at the first bytes of r, not at a name: standard input has none.
func decompress(r *bufio.Reader) (*inputFile, error) {
	magic, err := r.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case strings.HasPrefix(string(magic), "\x1f\x8b"):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		return &inputFile{Reader: bufio.NewReaderSize(z, inputBuffer), close: z.Close}, nil
	case string(magic) == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, err
		}
		return &inputFile{Reader: bufio.NewReaderSize(z, inputBuffer), close: func() error { z.Close(); return nil }}, nil
	}
	return &inputFile{Reader: r, close: func() error { return nil }}, nil
}

// Read names the file in every error but io.EOF.
func (f *inputFile) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", f.name, err)
	}
	return n, err
}

// holdsFrames tells whether the content begins with a frame, readable or not.
func (f *inputFile) holdsFrames() bool {
	head, _ := f.Peek(summaries.HeaderSize)
	_, err := summaries.ParseHeader(head)
	return len(head) == summaries.HeaderSize && !errors.Is(err, summaries.ErrMagic)
}

type countingReader struct {
	io.Reader
	onRead func(n int)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.onRead(n)
	return n, err
}

// concatenation reads files one after the other, as if they were one, each opened when its
// turn comes. A file that does not end its last line gets the newline it lacks.
type concatenation struct {
	current *inputFile
	names   []string // those to come
	open    func(name string) (*inputFile, error)
	last    byte // the last byte read of the current file
}

func (c *concatenation) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if c.current == nil {
			if err := c.next(); err != nil {
				return 0, err
			}
		}
		n, err := c.current.Read(p)
		if n > 0 {
			c.last = p[n-1]
			return n, nil
		}
		if err != io.EOF {
			return 0, err
		}
		if err := c.finish(); err != nil {
			return 0, err
		}
		if c.last != '\n' && len(c.names) > 0 {
			p[0] = '\n'
			return 1, nil
		}
	}
}

// next opens the next file. It returns io.EOF where there is none.
func (c *concatenation) next() (err error) {
	if len(c.names) == 0 {
		return io.EOF
	}
	if c.current, err = c.open(c.names[0]); err != nil {
		return err
	}
	c.names, c.last = c.names[1:], '\n'
	if c.current.holdsFrames() {
		return fmt.Errorf("%s holds frames, the inputs before it do not: replay them apart", c.current.name)
	}
	return nil
}

func (c *concatenation) finish() error {
	closing := c.current
	c.current = nil
	return closing.close()
}
