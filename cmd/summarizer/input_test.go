package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
)

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t *testing.T, text string) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll([]byte(text), nil)
}

// files writes each content to a file and returns their names.
func files(t *testing.T, contents ...[]byte) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i, content := range contents {
		name := filepath.Join(dir, string(rune('a'+i)))
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// concatenated reads names as one stream, and how many bytes were taken from the files.
func concatenated(t *testing.T, stdin io.Reader, names []string) (text string, taken int, err error) {
	t.Helper()
	c := &concatenation{names: names, open: func(name string) (*inputFile, error) {
		return openInput(name, stdin, func(n int) { taken += n })
	}}
	b, err := io.ReadAll(iotest.OneByteReader(c))
	return string(b), taken, err
}

func TestInputsReadAsOne(t *testing.T) {
	contents := [][]byte{[]byte("one\n"), gzipped(t, "two"), {}, zstandard(t, "three\n"), []byte("four"), []byte("\x1f")}
	names := append(files(t, contents...), "-")
	got, taken, err := concatenated(t, bytes.NewReader(gzipped(t, "five")), names)
	if want := "one\ntwo\nthree\nfour\n\x1f\nfive"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	total := len(gzipped(t, "five"))
	for _, c := range contents {
		total += len(c)
	}
	if taken != total {
		t.Errorf("counted %d bytes of %d", taken, total)
	}
}

func TestBadInputsAreNamed(t *testing.T) {
	cut := gzipped(t, strings.Repeat("a line\n", 1000))
	names := files(t, []byte("good\n"), cut[:len(cut)/2], []byte("\x1f\x8bnot gzip"))
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{names[0] + "-missing", "good\n", fs.ErrNotExist},
		{filepath.Dir(names[0]), "good\n", nil},
		{names[1], "good\n", io.ErrUnexpectedEOF},
		{names[2], "good\n", gzip.ErrHeader},
	} {
		got, _, err := concatenated(t, nil, []string{names[0], c.name})
		if err == nil || !strings.Contains(err.Error(), c.name) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: error %v does not name it or is not %v", c.name, err, c.want)
		}
		if !strings.HasPrefix(got, c.text) {
			t.Errorf("%s: what was before it is lost, got %q", c.name, got)
		}
	}
}

func TestReadErrorIsNotTheEnd(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("some lines\n"), iotest.ErrReader(io.ErrClosedPipe))
	got, _, err := concatenated(t, broken, []string{"-"})
	if got != "some lines\n" || !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("got %q, %v", got, err)
	}
}
