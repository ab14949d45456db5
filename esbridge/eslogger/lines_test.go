package eslogger

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// splitModel is what lines should make of an input: the whole lines within the limit, how
// many were longer, and what followed the last newline.
func splitModel(input []byte, limit int) (whole []string, long int, rest string) {
	parts := bytes.Split(input, []byte("\n"))
	for i, p := range parts {
		switch last := i == len(parts)-1; {
		case len(p) > limit:
			long++
		case last:
			rest = string(p)
		default:
			whole = append(whole, string(p))
		}
	}
	return whole, long, rest
}

// TestLinesModel cuts random inputs into random chunks: however they are cut, the lines are
// the same.
func TestLinesModel(t *testing.T) {
	const limit = 8
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 2))
	for range 5000 {
		input := make([]byte, rng.IntN(80))
		for i := range input {
			input[i] = "ab\n"[rng.IntN(3)]
			if rng.IntN(3) > 0 {
				input[i] = 'c'
			}
		}
		l := newLines(limit)
		var whole []string
		long := 0
		for left := input; len(left) > 0; {
			n := 1 + rng.IntN(len(left))
			chunk := left[:n]
			left = left[n:]
			for state := lineWhole; state != lineNone; {
				var line []byte
				line, state = l.next(&chunk)
				switch state {
				case lineWhole:
					whole = append(whole, string(line))
				case lineTooLong:
					long++
				}
			}
		}
		wantWhole, wantLong, wantRest := splitModel(input, limit)
		if !slices.Equal(whole, wantWhole) || long != wantLong || string(l.rest()) != wantRest {
			t.Fatalf("seed %d: %q: got %q, %d long, rest %q; want %q, %d long, rest %q",
				seed, input, whole, long, l.rest(), wantWhole, wantLong, wantRest)
		}
		if cap(l.part) != limit {
			t.Fatalf("seed %d: the buffer grew to %d bytes", seed, cap(l.part))
		}
	}
}
