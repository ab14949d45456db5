package eslogger

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"unicode/utf8"

	"summarizer/esbridge"
)

// account gives one line to s and says what it counted as.
func account(t testing.TB, s *Reader, line []byte) verdict {
	t.Helper()
	s.batch.reset()
	s.line(line, 0)
	return counted(t, &s.batch.out)
}

// counted is what the one line behind a batch counted as; it fails unless it counted once.
func counted(t testing.TB, b *esbridge.Batch) (v verdict) {
	t.Helper()
	n := uint64(len(b.Events))
	for r, c := range b.Tally.Malformed {
		if n += c; c > 0 {
			v.Malformed = esbridge.Reason(r).String()
		}
	}
	for l, c := range b.Tally.Lifecycle {
		if n += c; c > 0 {
			v.Lifecycle = esbridge.Lifecycle(l).String()
		}
	}
	n += b.Tally.Ignored
	v.Ignored = b.Tally.Ignored > 0
	if n != 1 {
		t.Fatalf("a line counted %d times: %+v", n, b)
	}
	if len(b.Events) == 1 {
		v.Event, v.Process = &b.Events[0], b.Events[0].Process
		if !v.Event.HasSize {
			v.Event.Size = 0
		}
		nilIfEmpty(&v.Event.Path, &v.Event.SourcePath, &v.Process.CDHash, &v.Process.TeamID, &v.Process.SigningID, &v.Process.Executable)
	}
	return v
}

func nilIfEmpty(fields ...*[]byte) {
	for _, f := range fields {
		if len(*f) == 0 {
			*f = nil
		}
	}
}

// sameNumber says that a number is what the oracle read.
func sameNumber(n number, want *uint64) bool {
	return n.ok == (want != nil) && (want == nil || n.v == *want)
}

// compare gives a line to decoder and oracle.
func compare(t testing.TB, s *Reader, line []byte) verdict {
	t.Helper()
	got := account(t, s, line)
	want, parsed := judge(line)
	if (got.Malformed == "bad_json") != (want.Malformed == "bad_json") {
		t.Fatalf("%s\ncounted as %+v, encoding/json says %+v", line, got, want)
	}
	if want.Malformed == "bad_json" || !utf8.Valid(line) || foldedKeys(line) {
		return got
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\ngot  %+v\n%+v\n%+v\nwant %+v\n%+v\n%+v", line, got, got.Event, got.Process, want, want.Event, want.Process)
	}
	if want.Malformed == "" && !(sameNumber(s.message.seq, parsed.Seq) && sameNumber(s.message.global, parsed.Global)) {
		t.Fatalf("%s\nsequence numbers %+v %+v differ", line, s.message.seq, s.message.global)
	}
	return got
}

// TestGeneratedLines compares with encoding/json on lines of every kind, in every order, both
// token shapes, members missing, null, doubled and of wrong types.
func TestGeneratedLines(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g, s := newLineGen(seed), NewReader("test", nil, false)
	seen := map[string]int{}
	for range 4000 {
		v := compare(t, s, []byte(g.any()))
		switch {
		case v.Event != nil:
			seen[v.Event.Kind.String()]++
		case v.Ignored:
			seen["ignored"]++
		default:
			seen[v.Malformed+v.Lifecycle]++
		}
	}
	for _, want := range []string{
		"write", "create", "rename", "link", "clone", "copy", "exchange", "unlink", "truncate", "setattr", "close_modified",
		"mapped_write", "ignored", "bad_field", "missing_field", "exec", "fork", "exit",
	} {
		if seen[want] < 2 {
			t.Errorf("only %d lines came out as %s: the generator proves nothing about it", seen[want], want)
		}
	}
}

// mutate changes a few bytes of line.
func mutate(g *lineGen, line []byte) []byte {
	line = bytes.Clone(line)
	for range 1 + g.IntN(3) {
		i := g.IntN(len(line))
		switch g.IntN(5) {
		case 0:
			line[i] ^= 1 << g.IntN(8)
		case 1:
			line = append(line[:i], append([]byte{pick(g, []byte(`{}[]",:\0e-. tn`+"\x00\x1f\x7f\xff")...)}, line[i:]...)...)
		case 2:
			line = append(line[:i], line[i+1:]...)
		case 3:
			n := min(1+g.IntN(40), len(line)-i)
			line = append(line, line[i:i+n]...)
		case 4:
			n := min(1+g.IntN(40), len(line)-i)
			copy(line[g.IntN(len(line)-n+1):], line[i:i+n])
		}
		if len(line) == 0 {
			return []byte("x")
		}
	}
	return line
}

// TestMutatedLines: a line that encoding/json rejects is rejected; one that both accept
// means the same to both.
func TestMutatedLines(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g, s := newLineGen(seed), NewReader("test", nil, false)
	valid := 0
	for range 4000 {
		line := bytes.ReplaceAll(mutate(g, []byte(g.any())), []byte("\n"), []byte("n"))
		if blank(line) {
			continue
		}
		if compare(t, s, line); json.Valid(line) {
			valid++
		}
	}
	if valid < 100 {
		t.Errorf("only %d mutants were valid: the comparison of fields proves little", valid)
	}
}

// TestPrefixes: no line that was cut off is ever accepted.
func TestPrefixes(t *testing.T) {
	g, s := newLineGen(7), NewReader("test", nil, false)
	for _, name := range append(append([]string{}, fileKinds...), otherKinds...) {
		line := []byte(g.text(g.line(name)))
		for n := range line {
			if blank(line[:n]) {
				continue
			}
			if v := account(t, s, line[:n]); v.Malformed != "bad_json" {
				t.Fatalf("%s: the first %d of %d bytes counted as %+v", name, n, len(line), v)
			}
		}
	}
}
