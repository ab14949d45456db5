package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// TestDoctor asks about the machine that runs the test: any answer will do that is one.
func TestDoctor(t *testing.T) {
	out, code := runProgram(t, "doctor", "--print", "json")
	var d diagnosis
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(d.Requirements) == 0 || d.OK != (code == 0) || code > exitFailure {
		t.Errorf("exit code %d with %+v", code, d)
	}
	for _, r := range d.Requirements {
		if r.Name == "" || r.OK != (r.Remedy == "") {
			t.Errorf("a requirement is either met or has a remedy: %+v", r)
		}
	}
	text, textCode := runProgram(t, "doctor")
	if textCode != code || strings.Contains(string(text), "missing  ") == d.OK {
		t.Errorf("exit code %d:\n%s", textCode, text)
	}
}

func TestDiagnosisIsPlain(t *testing.T) {
	d := diagnose("linux", []requirement{
		{Name: "BTF", OK: true, Detail: "/sys/kernel/btf/vmlinux"},
		{Name: "CAP_BPF", Detail: "not there", Remedy: "run as root"},
	})
	var b bytes.Buffer
	if err := d.print(formatTable, &b); err != nil {
		t.Fatal(err)
	}
	want := "ok       BTF: /sys/kernel/btf/vmlinux\n" +
		"missing  CAP_BPF: not there\n" +
		"         to do: run as root\n" +
		"the linux source cannot run here yet; summarizer replay and run --source synthetic:quiet-desktop can\n"
	if b.String() != want || d.OK {
		t.Errorf("ok=%v\n%s", d.OK, b.String())
	}
}

// runProgram runs the program and returns what it printed and its exit code.
func runProgram(t *testing.T, args ...string) (stdout []byte, code int) {
	t.Helper()
	stdout, err := exec.Command("summarizer", args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return stdout, exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return stdout, 0
}
