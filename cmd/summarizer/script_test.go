package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"summarizer": main, "counted-agent": countedAgent})
}

// TestScripts runs the command lines of testdata/script. Beside testscript's own commands
// they know
//
//	exits CODE PROGRAM ARG...     run a program that must exit with CODE
//	total FILE KEY.KEY NUMBER     the sum of a member over all JSON lines of FILE (kinds that
//	                              did not occur are left out of them)
//	await PATTERN                 wait until a file matches
//	empty DIR                     there is nothing in DIR
//	damage FILE OFFSET            change one byte
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "total": total, "await": await, "empty": empty, "damage": damage,
		},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func total(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseFloat(args[2], 64)
	ts.Check(err)
	sum := 0.0
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var value any
		if err := json.Unmarshal(lines.Bytes(), &value); err != nil {
			ts.Fatalf("not a JSON line: %v: %s", err, lines.Text())
		}
		for key := range strings.SplitSeq(args[1], ".") {
			object, _ := value.(map[string]any)
			value = object[key]
		}
		number, ok := value.(float64)
		if leftOut := value == nil && strings.HasPrefix(args[1], "kinds."); !ok && !leftOut {
			ts.Fatalf("%s is %v, not a number", args[1], value)
		}
		sum += number
	}
	ts.Check(lines.Err())
	if sum != want {
		ts.Fatalf("%s adds up to %v, want %v", args[1], sum, want)
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(found) > 0 {
			return
		}
	}
	ts.Fatalf("no file matches %s", args[0])
}

func empty(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("%s holds %v", args[0], entries)
	}
}

func damage(ts *testscript.TestScript, _ bool, args []string) {
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	name := ts.MkAbs(args[0])
	content, err := os.ReadFile(name)
	ts.Check(err)
	content[offset] ^= 0xff
	ts.Check(os.WriteFile(name, content, 0o600))
}
