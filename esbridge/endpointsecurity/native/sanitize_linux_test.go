//go:build cgo

package native

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSanitizers compiles the transport, the simulator and a consumer in C, alone, with each of
// the sanitizers, and runs them: the race detector of Go does not look into C.
func TestSanitizers(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc: the C handler is not checked by the sanitizers")
	}
	for _, sanitizer := range []string{"address,undefined", "thread"} {
		t.Run(sanitizer, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "transport")
			compile := exec.Command("gcc", "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize="+sanitizer, "-fno-sanitize-recover=all",
				"-o", program, "testdata/main.c", "es_transport.c", "simulator.c", "-lpthread")
			if out, err := compile.CombinedOutput(); err != nil {
				if strings.Contains(string(out), "cannot find") {
					t.Skipf("gcc has no library for -fsanitize=%s", sanitizer)
				}
				t.Fatalf("%v\n%s", err, out)
			}
			if out, err := exec.Command(program, "10000").CombinedOutput(); err != nil {
				if strings.Contains(string(out), "unexpected memory mapping") {
					t.Skipf("-fsanitize=%s does not run with this kernel's address space", sanitizer)
				}
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
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
