package eslogger

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"summarizer/esbridge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func manyLines(n int) []byte {
	g := newLineGen(11)
	var b bytes.Buffer
	for range n {
		b.WriteString(strings.ReplaceAll(g.any(), "\n", "") + "\n")
		if g.IntN(10) == 0 {
			b.WriteString(pick(g, "\n", " \t\r\n", "\r\n"))
		}
	}
	return b.Bytes()
}

// nonBlank is how many lines of b are to be counted.
func nonBlank(b []byte) (n uint64) {
	for line := range bytes.Lines(b) {
		if !blank(line) {
			n++
		}
	}
	return n
}

func accounted(t *esbridge.Tally) (n uint64) {
	for _, c := range t.Malformed {
		n += c
	}
	for _, c := range t.Lifecycle {
		n += c
	}
	return n + t.Ignored
}

// TestAnyCut: however the input is cut into reads, the same events come in the same order,
// and each line counts once.
func TestAnyCut(t *testing.T) {
	in := manyLines(300)
	want, wantTally := collect(t, NewReader("whole", bytes.NewReader(in), false))
	if n := uint64(strings.Count(want, "\n")/2) + accounted(&wantTally); n != nonBlank(in) {
		t.Errorf("%d lines of %d were counted", n, nonBlank(in))
	}
	for name, r := range map[string]io.Reader{
		"halves": iotest.HalfReader(bytes.NewReader(in)), "bytes": iotest.OneByteReader(bytes.NewReader(in)),
		"data with EOF": iotest.DataErrReader(bytes.NewReader(in)), "random": &randomReader{in: in, rng: rand.New(rand.NewPCG(1, 2))},
	} {
		got, tally := collect(t, NewReader(name, r, false))
		if got != want || tally != wantTally {
			t.Errorf("%s: other events, or tally %+v instead of %+v", name, tally, wantTally)
		}
	}
}

type randomReader struct {
	in  []byte
	rng *rand.Rand
}

func (r *randomReader) Read(p []byte) (int, error) {
	if len(r.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.in[:min(len(r.in), r.rng.IntN(5000))])
	r.in = r.in[n:]
	return n, nil
}

// TestRecordingBatches: a recording has no arrival times and comes in batches of a fixed size.
func TestRecordingBatches(t *testing.T) {
	in := bytes.Repeat(append(writeLine(`"\/a"`, ``), '\n'), 2*batchEvents+7)
	var sizes []int
	s := NewReader("recording", bytes.NewReader(in), false)
	err := s.Run(context.Background(), func(b *esbridge.Batch) error {
		sizes = append(sizes, len(b.Events))
		if b.Now != 0 || b.Events[0].Arrival != 0 {
			t.Errorf("now %d, arrival %d", b.Now, b.Events[0].Arrival)
		}
		if first, last := b.Events[0].Process, b.Events[len(b.Events)-1].Process; first != last {
			t.Error("equal processes that follow each other are not one")
		}
		return nil
	})
	if err != nil || len(sizes) != 3 || sizes[0] != batchEvents || sizes[2] != 7 {
		t.Errorf("batches of %v, error %v", sizes, err)
	}
}

// TestArena: the paths of a batch fit its memory however long they are, and stay what they
// were until it has been handed over.
func TestArena(t *testing.T) {
	var in bytes.Buffer
	for i := range 40 {
		long := strings.Repeat(string(rune('a'+i%26)), 100<<10)
		in.Write(append(writeLine(`"\/`+long+`"`, `,"process":{"signing_id":"`+long+`","team_id":"`+long+`"}`), '\n'))
	}
	s := NewReader("long paths", &in, false)
	n := 0
	err := s.Run(context.Background(), func(b *esbridge.Batch) error {
		for _, e := range b.Events {
			want := bytes.Repeat([]byte{byte('a' + n%26)}, 100<<10)
			if !bytes.Equal(e.Path[1:], want) || !bytes.Equal(e.Process.TeamID, want) {
				t.Fatalf("event %d has another's path or team", n)
			}
			n++
		}
		return nil
	})
	if err != nil || n != 40 || cap(s.batch.arena) != arenaSize || cap(s.batch.processes) != batchEvents {
		t.Errorf("%d events, error %v, arena of %d", n, err, cap(s.batch.arena))
	}
}

// TestIdle: a live source delivers at least once a second although nothing comes, and what
// came is not held back.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer r.Close()
		ctx, cancel := context.WithCancel(context.Background())
		start := time.Now()
		var last time.Time
		batches, events := 0, 0
		go func() {
			time.Sleep(3 * time.Second)
			w.Write(append(writeLine(`"\/a"`, ``), "\n{\"cut"...))
			time.Sleep(3 * time.Second)
			cancel()
		}()
		err := NewReader("idle", r, true).Run(ctx, func(b *esbridge.Batch) error {
			now := time.Now()
			if !last.IsZero() && now.Sub(last) > time.Second || b.Now != now.UnixNano() {
				t.Errorf("a batch after %v, now %d", now.Sub(last), b.Now)
			}
			for _, e := range b.Events {
				if late := now.UnixNano() - e.Arrival; late < 0 || late > int64(time.Second) {
					t.Errorf("an event was held back for %d ns", late)
				}
			}
			last, batches, events = now, batches+1, events+len(b.Events)
			if accounted(&b.Tally) != 0 {
				t.Errorf("a line that had only begun was counted: %+v", b.Tally)
			}
			return nil
		})
		if err != nil || events != 1 || batches < 6 || time.Since(start) != 6*time.Second {
			t.Errorf("%d events in %d batches, %v, error %v", events, batches, time.Since(start), err)
		}
	})
}

// TestCancelPipe: the end of the context ends a read that is blocked, and the pipe can be
// read by somebody else afterwards.
func TestCancelPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	w.Write(append(writeLine(`"\/a"`, ``), '\n'))
	ctx, cancel := context.WithCancel(context.Background())
	events := 0
	err = NewReader("pipe", r, true).Run(ctx, func(b *esbridge.Batch) error {
		if events += len(b.Events); events > 0 {
			cancel()
		}
		return nil
	})
	if err != nil || events != 1 {
		t.Fatalf("%d events, error %v", events, err)
	}
	w.Write([]byte("x"))
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Errorf("the pipe cannot be read any more: %v", err)
	}
}

// TestErrors: what was read before an error is delivered, and the error says where.
func TestErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	line := append(writeLine(`"\/a"`, ``), '\n')
	cut := line[:len(line)-20]
	r := io.MultiReader(bytes.NewReader(line), bytes.NewReader(cut), iotest.ErrReader(broken))
	var total esbridge.Tally
	events := 0
	err := NewReader("rec.jsonl", r, false).Run(context.Background(), func(b *esbridge.Batch) error {
		events += len(b.Events)
		total.Add(&b.Tally)
		return nil
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "rec.jsonl") {
		t.Errorf("error %v", err)
	}
	if events != 1 || total.Malformed[esbridge.BadJSON] != 1 {
		t.Errorf("%d events, tally %+v", events, total)
	}
}

// TestDeliverError: an error of deliver ends the source and comes back as it is, with the
// read of a pipe ended.
func TestDeliverError(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	full := errors.New("full")
	if err := NewReader("pipe", r, true).Run(context.Background(), func(*esbridge.Batch) error { return full }); err != full {
		t.Errorf("error %v", err)
	}
}

// TestEmpty: an input without lines delivers nothing and is no error.
func TestEmpty(t *testing.T) {
	for _, in := range []string{"", "\n\n \r\n", "  "} {
		err := NewReader("empty", strings.NewReader(in), false).Run(context.Background(), func(*esbridge.Batch) error {
			t.Errorf("%q: delivered a batch", in)
			return nil
		})
		if err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}
