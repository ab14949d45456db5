package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
)

const writerVerb = "attack-writer"

// writerReport is what one writer process tells its parent when it is done.
type writerReport struct {
	Writes []uint64 // by number of the file; in mode distinct one number for all
	Error  string   // why it stopped early; empty where it did not
}

// startWriters runs the plan's processes and returns the writes they did, by number of the
// file. The counts are exact also when ctx ends first or a writer fails; only a writer that
// was killed takes its counts with it, and that is an error.
func startWriters(ctx context.Context, a *arena, plan *attackPlan) (counts []uint64, err error) {
	counts = make([]uint64, plan.counters())
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range plan.Processes {
		wg.Go(func() {
			report, failed := runWriter(ctx, a, plan, i)
			mu.Lock()
			defer mu.Unlock()
			for j, n := range report.Writes {
				counts[j] += n
			}
			err = errors.Join(err, failed)
		})
	}
	wg.Wait()
	return counts, err
}

// counters is how many counts a writer keeps: one per file that all write to.
func (p *attackPlan) counters() int {
	if p.Mode == modeDistinct {
		return 1
	}
	return p.Files
}

// runWriter runs one process of this program as a writer. It ends when its plan is done or
// its standard input is closed, which happens too if this process dies.
func runWriter(ctx context.Context, a *arena, plan *attackPlan, number int) (report writerReport, err error) {
	self, err := os.Executable()
	if err != nil {
		return report, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.Command(self, writerVerb, strconv.Itoa(number))
	cmd.Args[0] = os.Args[0]
	cmd.ExtraFiles = []*os.File{a.dir}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return report, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return report, err
	}
	if err := cmd.Start(); err != nil {
		return report, fmt.Errorf("starting a writer: %w", err)
	}
	defer context.AfterFunc(ctx, func() { stdin.Close() })()
	sent := json.NewEncoder(stdin).Encode(plan)
	received := json.NewDecoder(stdout).Decode(&report)
	if err := errors.Join(sent, received, cmd.Wait()); err != nil {
		return report, fmt.Errorf("writer %d ended without a whole report, its writes are not counted: %w", number, err)
	}
	if len(report.Writes) != plan.counters() {
		return writerReport{}, fmt.Errorf("writer %d reported %d counts, not %d", number, len(report.Writes), plan.counters())
	}
	if report.Error != "" {
		err = fmt.Errorf("writer %d stopped early: %s", number, report.Error)
	}
	return report, err
}
