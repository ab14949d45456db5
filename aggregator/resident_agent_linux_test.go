package aggregator

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestResidentAgent is TestResident with the whole program: an agent with its spool and its
// socket, and no host that takes anything. What its own file has resident, which the kernel takes
// back when it wants to, and the generator of the flood count too.
func TestResidentAgent(t *testing.T) {
	program := filepath.Join(t.TempDir(), "summarizer")
	if out, err := exec.Command("go", "build", "-o", program, "summarizer/cmd/summarizer").CombinedOutput(); err != nil {
		t.Skipf("building the program: %v; it takes a go command\n%s", err, out)
	}
	for _, scenario := range []string{"attack-mix+quiet", "executable-storm", "zipf"} {
		t.Run(scenario, func(t *testing.T) {
			group := limited(t, memoryLimit)
			dir := t.TempDir()
			cmd := group.command(program, "agent", "--source", "synthetic:"+scenario, "--window", "1s", "--duration", (residentTime / 5).String(),
				"--socket", filepath.Join(dir, "s"), "--spool", filepath.Join(dir, "spool"))
			var log bytes.Buffer
			cmd.Stdout, cmd.Stderr = &log, &log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			most := mostResidentOf(cmd.Process.Pid)
			if err := cmd.Wait(); err != nil {
				t.Fatalf("under %d MiB: %v\n%s", memoryLimit>>20, err, &log)
			}
			t.Logf("%.1f MiB resident, %.1f MiB charged to the control group", mib(most), mib(group.peak(t)))
			if most == 0 || most > maxResident {
				t.Errorf("%.1f MiB were resident, at most %.1f are allowed", mib(most), mib(maxResident))
			}
		})
	}
}

// mostResidentOf looks at a process until it ends.
func mostResidentOf(pid int) (most int) {
	for {
		n, err := residentOf(pid)
		if err != nil || syscall.Kill(pid, 0) != nil {
			return most
		}
		most = max(most, n)
		time.Sleep(50 * time.Millisecond)
	}
}
