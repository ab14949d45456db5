//go:build soak

package summaries

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// TestSoak runs the trials of the suite with ever new seeds for SOAK (a duration, ten minutes
// where it is not set), beginning at -seed. It prints each seed before its trial, so that
// the last line names the one that failed, however it failed.
//
//	SOAK=1h go test -tags soak -run TestSoak -timeout 0 ./summaries
func TestSoak(t *testing.T) {
	length := 10 * time.Minute
	if s := os.Getenv("SOAK"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatalf("SOAK is not a duration: %v; set it to one like 10m", err)
		}
	}
	trials := []struct {
		name string
		run  func(t *testing.T, seed uint64)
	}{
		{"tree", treeTrial},
		{"merge", mergeTrial},
		{"operations", func(t *testing.T, seed uint64) { runOperations(t, randomProgram(seed, 400)) }},
	}
	end := time.Now().Add(length)
	n := 0
	for seed := seeds(t, 1)[0]; time.Now().Before(end) && !t.Failed(); seed++ {
		for _, trial := range trials {
			fmt.Printf("%s -seed=%d\n", trial.name, seed)
			t.Run(fmt.Sprint(trial.name, seed), func(t *testing.T) { trial.run(t, seed) })
			n++
		}
	}
	t.Logf("%d trials in %v", n, length)
}
