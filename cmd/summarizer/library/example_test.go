package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"summarizer/esbridge/endpointsecurity"
)

// example is the code of docs/embedding.md that follows the comment with its name.
func example(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/embedding.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, found := strings.Cut(string(page), "<!-- "+name+" -->\n```objc\n")
	code, _, ended := strings.Cut(code, "\n```\n")
	if !found || !ended {
		t.Fatalf("docs/embedding.md has no %s", name)
	}
	return code
}

// TestExampleCompiles: the Objective-C of the documentation is accepted by clang, against
// summarizer.h and declarations of ours of what it uses of macOS.
func TestExampleCompiles(t *testing.T) {
	if _, err := exec.LookPath("clang"); err != nil {
		t.Skip("no clang: the example in docs/embedding.md is not compiled")
	}
	barrier := "#include <xpc/xpc.h>\n#include \"summarizer.h\"\n" +
		"void forget(xpc_connection_t host, xpc_object_t message, summarizer_t s, uint64_t seq) {\n" + example(t, "barrier.m") + "\n}\n"
	for name, code := range map[string]string{"extension.m": example(t, "extension.m"), "barrier.m": barrier} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		clang := exec.Command("clang", "-fsyntax-only", "-fblocks", "-Wall", "-Wextra", "-Werror", "-I", "testdata/macos", "-I", ".", file)
		if out, err := clang.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestExampleSubscribes: the examples in both languages subscribe to what is folded, and to
// nothing else.
func TestExampleSubscribes(t *testing.T) {
	header, err := os.ReadFile("testdata/macos/EndpointSecurity/EndpointSecurity.h")
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]uint32{}
	for _, m := range regexp.MustCompile(`(ES_EVENT_TYPE_NOTIFY_\w+) = (\d+)`).FindAllStringSubmatch(string(header), -1) {
		n, err := strconv.ParseUint(m[2], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		numbers[m[1]] = uint32(n)
	}
	page, err := os.ReadFile("../../../docs/embedding.md")
	if err != nil {
		t.Fatal(err)
	}
	objectiveC, swift, _ := strings.Cut(string(page), "## The same in Swift")
	for language, text := range map[string]string{"Objective-C": objectiveC, "Swift": swift} {
		var got []uint32
		for _, name := range regexp.MustCompile(`ES_EVENT_TYPE_NOTIFY_\w+`).FindAllString(text, -1) {
			got = append(got, numbers[name])
		}
		slices.Sort(got)
		if want := endpointsecurity.FileEvents(); !slices.Equal(got, want) {
			t.Errorf("%s subscribes to %v, want %v", language, got, want)
		}
	}
}
