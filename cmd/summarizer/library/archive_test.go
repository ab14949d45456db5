//go:build cgo

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/esbridge/endpointsecurity/simulator"
	"summarizer/summaries"
)

// build is a way to build the library and a C program with it.
type build struct {
	name, file      string
	goFlags, cFlags []string
	calls           int // of a thread
}

var builds = []build{
	{name: "archive", file: "libsummarizer.a", goFlags: []string{"-buildmode=c-archive"}, cFlags: []string{"-O2"}, calls: 60_000},
	{name: "shared", file: "libsummarizer.so", goFlags: []string{"-buildmode=c-shared"}, cFlags: []string{"-O2"}, calls: 20_000},
	{name: "sanitized", file: "libsummarizer.a", goFlags: []string{"-buildmode=c-archive", "-asan"},
		cFlags: []string{"-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"}, calls: 20_000},
}

// compile builds the library and the programs of testdata with it, or skips the test.
func (b *build) compile(t *testing.T, names ...string) (programs []string) {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc: the interface for C is not tested")
	}
	dir := t.TempDir()
	library := filepath.Join(dir, b.file)
	args := append(append([]string{"build"}, b.goFlags...), "-o", library, ".")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		if bytes.Contains(out, []byte("not supported")) {
			t.Skipf("this Go cannot build it here: %s", out)
		}
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
	for _, name := range names {
		program := filepath.Join(dir, name)
		args = append([]string{"-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"}, b.cFlags...)
		args = append(args, "-o", program, "testdata/"+name+".c", library, "-Wl,-rpath,"+dir, "-lpthread", "-lm")
		if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
			if bytes.Contains(out, []byte("cannot find")) {
				t.Skipf("gcc has no library for %v", b.cFlags)
			}
			t.Fatalf("gcc %v: %v\n%s", args, err, out)
		}
		programs = append(programs, program)
	}
	return programs
}

// execute runs a program and returns the numbers it printed.
func execute(t *testing.T, program string, args ...string) map[string]uint64 {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", filepath.Base(program), args, err, out)
	}
	numbers := map[string]uint64{}
	for line := range strings.Lines(string(out)) {
		var name string
		var n uint64
		if _, err := fmt.Sscanf(line, "%s %d", &name, &n); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		numbers[name] = n
	}
	return numbers
}

// totals are the sums of the frames that a host was given.
type totals struct {
	frames int
	ledger summaries.Ledger
	kinds  summaries.Kinds
}

// readFrames decodes a file of frames, as a host does, and adds them up. Their numbers follow
// each other.
func readFrames(t *testing.T, name string, size int) (sum totals) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	next := uint64(1)
	for frame := range chunks(data, size) {
		s, err := summaries.DecodeFrame(frame)
		if err != nil {
			t.Fatalf("frame %d: %v", sum.frames, err)
		}
		if s.FirstSeq != next || s.Seq < s.FirstSeq || !s.Window.Tile {
			t.Errorf("frame %d has the numbers %d to %d, after %d", sum.frames, s.FirstSeq, s.Seq, next-1)
		}
		if s.Ledger.Folded != s.Events {
			t.Errorf("frame %d: %d folded, %d events", sum.frames, s.Ledger.Folded, s.Events)
		}
		next = s.Seq + 1
		sum.frames++
		sum.kinds.Add(&s.Kinds)
		sum.add(&s.Ledger)
	}
	return sum
}

func chunks(data []byte, size int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for ; len(data) > 0; data = data[min(size, len(data)):] {
			if !yield(data[:min(size, len(data))]) {
				return
			}
		}
	}
}

func (sum *totals) add(l *summaries.Ledger) {
	sum.ledger.Received += l.Received
	sum.ledger.Folded += l.Folded
	sum.ledger.Muted += l.Muted
	sum.ledger.Ignored += l.Ignored
	sum.ledger.KernelDropped += l.KernelDropped
	sum.ledger.QueueDropped += l.QueueDropped
	for i, n := range l.Malformed {
		sum.ledger.Malformed[i] += n
	}
	for i, n := range l.Lifecycle {
		sum.ledger.Lifecycle[i] += n
	}
}

// TestEvents folds from two threads of a C program, hostile calls among them, while its
// callback is slow and windows are flushed: every event is in a frame, or counted as dropped.
func TestEvents(t *testing.T) {
	for _, b := range builds {
		t.Run(b.name, func(t *testing.T) {
			program := b.compile(t, "events")[0]
			for _, end := range []string{"flush", "close", "discard"} {
				t.Run(end, func(t *testing.T) {
					file := filepath.Join(t.TempDir(), "frames")
					gave := execute(t, program, file, end, fmt.Sprint(b.calls))
					sum := readFrames(t, file, summaries.MinFrameSize)
					got := sum.ledger.Received + sum.ledger.QueueDropped
					if end == "discard" {
						if got > gave["given"] {
							t.Errorf("%d in frames, %d given", got, gave["given"])
						}
						return
					}
					malformed := sum.ledger.Malformed[esbridge.BadField] + sum.ledger.Malformed[esbridge.MissingField]
					if got != gave["given"] || malformed != gave["malformed"] || gave["given"] == 0 || gave["malformed"] == 0 {
						t.Errorf("%d in frames, %d of them malformed; given %v", got, malformed, gave)
					}
					if d, told := gave["dropped"]; told && d != sum.ledger.QueueDropped {
						t.Errorf("%d dropped in frames, %d in stats", sum.ledger.QueueDropped, d)
					}
					if sum.ledger.QueueDropped == 0 && sum.ledger.Muted != gave["muted"] {
						t.Errorf("%d muted, not %d", sum.ledger.Muted, gave["muted"])
					}
					if sum.frames < 2 || end == "flush" && gave["merged"] == 0 {
						t.Errorf("%d frames, %d merged: nothing was tried", sum.frames, gave["merged"])
					}
				})
			}
		})
	}
}

// TestMessages folds messages of two clients of Endpoint Security, broken ones and gaps among
// them, from two threads of a C program that frees each when the call returns. The frames
// hold what the decoder makes of each script alone.
func TestMessages(t *testing.T) {
	for _, b := range builds {
		t.Run(b.name, func(t *testing.T) {
			program := b.compile(t, "messages")[0]
			dir := t.TempDir()
			var want totals
			args := []string{filepath.Join(dir, "frames")}
			for client := range uint64(2) {
				name := filepath.Join(dir, fmt.Sprint("script", client))
				script := newScript(client, 4000)
				if err := os.WriteFile(name, script.file, 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, name)
				want.add(&script.want.ledger)
				want.kinds.Add(&script.want.kinds)
			}
			gave := execute(t, program, args...)
			got := readFrames(t, args[0], summaries.DefaultFrameSize)
			if got.kinds != want.kinds && got.kinds.Sum()+gave["dropped"] != want.kinds.Sum() ||
				got.ledger.Lifecycle != want.ledger.Lifecycle || got.ledger.Malformed != want.ledger.Malformed ||
				got.ledger.Ignored != want.ledger.Ignored || got.ledger.KernelDropped != want.ledger.KernelDropped ||
				got.ledger.QueueDropped != gave["dropped"] {
				t.Errorf("got %+v\nwant %+v, %d dropped", got, want, gave["dropped"])
			}
			if want.ledger.KernelDropped == 0 || want.ledger.Malformed[esbridge.BadField] == 0 || want.kinds.Sum() == 0 {
				t.Errorf("the script shows nothing: %+v", want)
			}
		})
	}
}

// script is the messages of one client, and what the decoder makes of them.
type script struct {
	file []byte
	want totals
}

func newScript(seed uint64, messages int) (s script) {
	rng := rand.New(rand.NewPCG(seed, 1))
	decoder := endpointsecurity.NewDecoder()
	types := simulator.Types()
	var global uint64
	seq := map[uint32]uint64{}
	for i := range messages {
		m := simulator.Random(rng, uint32(simulator.FirstVersion+i%(simulator.LastVersion-simulator.FirstVersion+1)), types)
		if rng.IntN(10) == 0 {
			simulator.Spoil(rng, m)
		}
		m.Seq, m.Global = seq[m.Type], global
		lost := uint64(0)
		if rng.IntN(50) == 0 {
			lost = rng.Uint64N(5)
		}
		seq[m.Type] += 1 + lost
		global += 1 + lost
		image := m.Image()
		s.append(image)
		const base = 1 << 32
		decoder.Add(endpointsecurity.Arena{Base: base, Bytes: image.At(base)}, base, 0)
		s.account(decoder.Batch(0))
	}
	return s
}

func (s *script) append(image simulator.Image) {
	s.file = binary.LittleEndian.AppendUint32(s.file, uint32(len(image.Bytes)))
	s.file = binary.LittleEndian.AppendUint32(s.file, uint32(len(image.Pointers)))
	for _, p := range image.Pointers {
		s.file = binary.LittleEndian.AppendUint32(s.file, p)
	}
	s.file = append(s.file, image.Bytes...)
}

func (s *script) account(b *esbridge.Batch) {
	for i := range b.Events {
		s.want.kinds[b.Events[i].Kind] += b.Events[i].Count
	}
	s.want.add(&summaries.Ledger{
		Ignored: b.Tally.Ignored, KernelDropped: b.Tally.KernelDropped, Malformed: b.Tally.Malformed, Lifecycle: b.Tally.Lifecycle,
	})
}
