package summaries

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// file is n frames of MinFrameSize, with sequence numbers from 1.
func file(t *testing.T, n int) []byte {
	t.Helper()
	var b []byte
	for i := range n {
		s := minimal()
		s.Seq = uint64(i + 1)
		b = append(b, frameOf(t, s, MinFrameSize)...)
	}
	return b
}

// readAll returns the numbers read and the errors, until io.EOF.
func readAll(f *FrameReader) (seqs []uint64, errs []error) {
	for {
		s, err := f.Next()
		switch {
		case err == io.EOF:
			return seqs, errs
		case err != nil:
			errs = append(errs, err)
		default:
			seqs = append(seqs, s.Seq)
		}
	}
}

func TestFrameReader(t *testing.T) {
	broken := errors.New("broken")
	const size = MinFrameSize
	for _, c := range []struct {
		what string
		in   func([]byte) io.Reader
		seqs string
		err  error
		at   int // of the frame that cannot be read
	}{
		{"whole", func(b []byte) io.Reader { return bytes.NewReader(b) }, "[1 2 3 4]", nil, 0},
		{"in small pieces", func(b []byte) io.Reader { return iotest.HalfReader(bytes.NewReader(b)) }, "[1 2 3 4]", nil, 0},
		{"empty", func([]byte) io.Reader { return bytes.NewReader(nil) }, "[]", nil, 0},
		{"payload damaged", func(b []byte) io.Reader { b[size+20] ^= 1; return bytes.NewReader(b) }, "[1 3 4]", ErrChecksum, size},
		{"header damaged", func(b []byte) io.Reader { b[2*size] ^= 1; return bytes.NewReader(b) }, "[1 2 4]", ErrMagic, 2 * size},
		{"size damaged", func(b []byte) io.Reader { b[2*size+6] ^= 1; return bytes.NewReader(b) }, "[1 2 4]", ErrLength, 2 * size},
		{"first payload damaged", func(b []byte) io.Reader { b[20] ^= 1; return bytes.NewReader(b) }, "[2 3 4]", ErrChecksum, 0},
		{"first header damaged", func(b []byte) io.Reader { b[0] ^= 1; return bytes.NewReader(b) }, "[]", ErrMagic, 0},
		{"cut", func(b []byte) io.Reader { return bytes.NewReader(b[:3*size+100]) }, "[1 2 3]", ErrLength, 3 * size},
		{"first cut", func(b []byte) io.Reader { return bytes.NewReader(b[:100]) }, "[]", ErrLength, 0},
		{"fails", func(b []byte) io.Reader {
			return io.MultiReader(bytes.NewReader(b[:2*size+1]), iotest.ErrReader(broken))
		}, "[1 2]", broken, 2 * size},
	} {
		f := NewFrameReader(c.in(file(t, 4)))
		seqs, errs := readAll(f)
		if fmt.Sprint(seqs) != c.seqs {
			t.Errorf("%s: read %v, want %s", c.what, seqs, c.seqs)
		}
		if c.err == nil {
			if len(errs) > 0 || f.Corrupt() != 0 {
				t.Errorf("%s: %v", c.what, errs)
			}
			continue
		}
		if len(errs) != 1 || f.Corrupt() != 1 || !errors.Is(errs[0], c.err) || !strings.HasPrefix(errs[0].Error(), fmt.Sprintf("frame at byte %d: ", c.at)) {
			t.Errorf("%s: %d counted, %v, want one at byte %d: %v", c.what, f.Corrupt(), errs, c.at, c.err)
		}
		if _, err := f.Next(); err != io.EOF {
			t.Errorf("%s: %v after the end", c.what, err)
		}
	}
}

// Frames of another size are named, and the reader finds its way past whole ones of its own.
func TestFrameReaderMixedSizes(t *testing.T) {
	b := file(t, 2)
	b = append(b, frameOf(t, minimal(), 2*MinFrameSize)...)
	b = append(b, file(t, 1)...)
	f := NewFrameReader(bytes.NewReader(b))
	seqs, errs := readAll(f)
	if fmt.Sprint(seqs) != "[1 2 1]" || len(errs) != 2 || !errors.Is(errs[0], ErrLength) || !errors.Is(errs[1], ErrMagic) ||
		!strings.Contains(errs[0].Error(), "a file of its own") {
		t.Errorf("%v, %v", seqs, errs)
	}
}

func TestFrameReaderShowsItsFrame(t *testing.T) {
	b := file(t, 2)
	f := NewFrameReader(bytes.NewReader(b))
	if len(f.Frame()) != 0 {
		t.Error("a frame before the first")
	}
	for i := range 2 {
		if _, err := f.Next(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.Frame(), b[i*MinFrameSize:(i+1)*MinFrameSize]) {
			t.Errorf("frame %d is another", i)
		}
	}
}
