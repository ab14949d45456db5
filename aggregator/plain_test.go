package aggregator

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const plainVariable = "AGGREGATOR_TEST_PLAIN"

// plainly runs the test that calls it in a process of its own, without the race detector, whose
// memory and slowness would count. In that process it returns false: then the test is to run.
func plainly(t *testing.T) (ran bool) {
	t.Helper()
	if os.Getenv(plainVariable) != "" {
		return false
	}
	cmd := exec.Command(buildTests(t), "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), plainVariable+"=1")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
	return true
}

// buildTests builds these tests without the race detector.
func buildTests(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "aggregator.test")
	if out, err := exec.Command("go", "test", "-c", "-o", program, ".").CombinedOutput(); err != nil {
		t.Skipf("building a process to measure: %v; it takes a go command\n%s", err, out)
	}
	return program
}
