package eslogger

import (
	"bytes"
	"os"
	"testing"
)

// kindsLine returns the first line of an event name in the test data.
func kindsLine(t testing.TB, name string) []byte {
	t.Helper()
	in, err := os.ReadFile("testdata/kinds.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(in) {
		if bytes.Contains(line, []byte(`"`+name+`":{`)) {
			return bytes.TrimSpace(line)
		}
	}
	t.Fatalf("no %s in the test data", name)
	return nil
}

// TestNoAllocations: once warm, no line costs an allocation, of whatever kind it is.
func TestNoAllocations(t *testing.T) {
	in, err := os.ReadFile("testdata/kinds.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	s := NewReader("warm", nil, false)
	for i, line := range bytes.Split(bytes.TrimSpace(in), []byte("\n")) {
		n := testing.AllocsPerRun(100, func() {
			if s.line(line, 1); s.batch.full() {
				s.batch.reset()
			}
		})
		if n != 0 {
			t.Errorf("line %d: %v allocations", i+1, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"write", "rename", "exec"} {
		b.Run(name, func(b *testing.B) {
			line := kindsLine(b, name)
			s := NewReader("bench", nil, false)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if s.line(line, 1); s.batch.full() {
					s.batch.reset()
				}
			}
		})
	}
}
