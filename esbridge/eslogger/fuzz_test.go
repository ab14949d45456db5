package eslogger

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"

	"summarizer/esbridge"
)

// FuzzDecode: no input makes the reader panic, and every line counts once. What is accepted
// is JSON; what is refused is refused for one of four reasons, and as no JSON only if it is
// none. Of what both accept, decoder and encoding/json say the same.
func FuzzDecode(f *testing.F) {
	in, err := os.ReadFile("testdata/kinds.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(in[:bytes.IndexByte(in, '\n')])
	one := NewReader("line", nil, false)
	f.Fuzz(func(t *testing.T, input []byte) {
		lines := 0
		for _, line := range bytes.Split(input, []byte("\n")) {
			if blank(line) {
				continue
			}
			lines++
			v := compare(t, one, line)
			switch v.Malformed {
			case "bad_json":
			case "", "bad_field", "missing_field":
				if !json.Valid(line) {
					t.Fatalf("accepted what is no JSON: %q", line)
				}
			default:
				t.Fatalf("refused a line as %s", v.Malformed)
			}
		}
		if got := countAll(t, one, input); got != lines {
			t.Fatalf("%d lines counted as %d", lines, got)
		}
	})
}

// countAll reads input as a whole and returns how many lines were counted.
func countAll(t *testing.T, s *Reader, input []byte) (n int) {
	deliver := func(b *esbridge.Batch) error {
		n += len(b.Events) + int(accounted(&b.Tally))
		return nil
	}
	s.batch.reset()
	s.lines = lines{part: s.lines.part[:0]}
	if err := s.chunk(&chunk{b: input}, deliver); err != nil {
		t.Fatal(err)
	}
	if err := s.end(io.EOF, deliver); err != nil {
		t.Fatal(err)
	}
	return n
}
