//go:build cgo

package native

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/esbridge/endpointsecurity/simulator"
)

// sanitized compiles the transport, the simulator and a program of testdata, in C alone, with a
// sanitizer, and returns what runs it: the race detector of Go does not look into C.
func sanitized(t *testing.T, sanitizer, source string) (run func(args ...string) string) {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc: the C handler is not checked by the sanitizers")
	}
	program := filepath.Join(t.TempDir(), "transport")
	compile := exec.Command("gcc", "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize="+sanitizer, "-fno-sanitize-recover=all",
		"-o", program, filepath.Join("testdata", source), "es_transport.c", "simulator.c", "-lpthread")
	if out, err := compile.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "cannot find") {
			t.Skipf("gcc has no library for -fsanitize=%s", sanitizer)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	return func(args ...string) string {
		out, err := exec.Command(program, args...).CombinedOutput()
		if err != nil {
			if strings.Contains(string(out), "unexpected memory mapping") {
				t.Skipf("-fsanitize=%s does not run with this kernel's address space", sanitizer)
			}
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
}

// TestSanitizers floods a consumer that is fast, slow or pauses, under each of the sanitizers.
func TestSanitizers(t *testing.T) {
	for _, sanitizer := range []string{"address,undefined", "thread"} {
		t.Run(sanitizer, func(t *testing.T) { sanitized(t, sanitizer, "main.c")("10000") })
	}
}

// TestScriptSanitized: AddressSanitizer finds nothing in what the handler does with random messages
// of every kind and version, spoilt ones among them, and it counts what the decoder counts.
func TestScriptSanitized(t *testing.T) {
	rng := newRand(t)
	run := sanitized(t, "address,undefined", "script.c")
	for version := uint32(simulator.FirstVersion); version <= simulator.LastVersion; version++ {
		var script []*simulator.Message
		for i := range 1000 {
			m := simulator.Random(rng, version, simulator.Types())
			if rng.IntN(4) == 0 {
				simulator.Spoil(rng, m)
			}
			if i%200 == 7 {
				m.Version = 0
			}
			script = append(script, m)
		}
		dropped := func(i int) bool { return i/50%7 == 0 }
		want, tally := [esbridge.NumKinds]uint64{}, esbridge.Tally{}
		count := func(b *esbridge.Batch) {
			for i := range b.Events {
				want[b.Events[i].Kind] += b.Events[i].Count
			}
		}
		decodeEach(script, dropped, endpointsecurity.FileEvents(), count, &tally)
		decodeEach(script, dropped, endpointsecurity.LifecycleEvents(), count, &tally)
		file := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(file, writeScript(script, dropped), 0o600); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintln("ignored", tally.Ignored, "dropped", tally.KernelDropped, "malformed", words(tally.Malformed[:]), "kinds", words(want[:]), words(tally.Lifecycle[:]))
		if got := run(file); got != text {
			t.Errorf("version %d: %swant %s", version, got, text)
		}
	}
}

func words(n []uint64) string { return strings.Trim(fmt.Sprint(n), "[]") }

// writeScript writes messages as testdata/script.c reads them.
func writeScript(script []*simulator.Message, dropped func(int) bool) (b []byte) {
	for i, m := range script {
		image := m.Image()
		b = binary.LittleEndian.AppendUint32(b, uint32(len(image.Bytes)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(image.Pointers)))
		if dropped(i) {
			b = binary.LittleEndian.AppendUint32(b, 1)
		} else {
			b = binary.LittleEndian.AppendUint32(b, 0)
		}
		for _, p := range image.Pointers {
			b = binary.LittleEndian.AppendUint32(b, p)
		}
		b = append(b, image.Bytes...)
	}
	return b
}

// TestNotInTheProgram: the program for Linux has neither the simulator nor cgo of ours in it.
func TestNotInTheProgram(t *testing.T) {
	for _, cgo := range []string{"0", "1"} {
		list := exec.Command("go", "list", "-deps", "summarizer/cmd/summarizer")
		list.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
		out, err := list.Output()
		if err != nil {
			t.Skipf("go list: %v", err)
		}
		packages := strings.Fields(string(out))
		if !slices.Contains(packages, "summarizer/esbridge") {
			t.Fatalf("the program does not import esbridge: %d packages", len(packages))
		}
		for _, p := range packages {
			if strings.HasPrefix(p, "summarizer/esbridge/endpointsecurity/") {
				t.Errorf("the program imports %s with CGO_ENABLED=%s", p, cgo)
			}
		}
	}
}
