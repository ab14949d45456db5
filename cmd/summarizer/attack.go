package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/spf13/cobra"

	"summarizer/summaries/terminal"
)

// What an attack is bounded by, whatever it is asked for. One million files of one byte take
// up to 4 GB on a file system with blocks of 4 KiB.
const (
	maxAttackThreads   = 1_000
	maxAttackProcesses = 64
	maxAttackAtOnce    = 4_000 // threads of all processes together
	maxAttackFiles     = 1_000
	maxAttackDuration  = 10 * time.Minute
	maxAttackWrites    = 1_000_000_000
	maxAttackDistinct  = 1_000_000
)

// The two floods: many writes to few files, and one write to each of many files.
const (
	modeSame     = "same"
	modeDistinct = "distinct"
)

// attackPlan is what one attack does. Writes is per thread; 0 means until time is over.
type attackPlan struct {
	Threads, Processes, Files int
	Writes                    uint64
	Duration                  time.Duration
	Mode                      string
}

func newAttack() *cobra.Command {
	var plan attackPlan
	var dir, format string
	cmd := &cobra.Command{
		Use:   "attack --dir DIR",
		Short: "Flood a directory of yours with one-byte writes, to see that summaries hold",
		Long: fmt.Sprintf(`Flood a directory of yours with one-byte writes and report how many were done.

It writes only inside a directory that it creates under DIR, and removes that directory at
the end. Writes go to offset 0, so files do not grow. Whatever is asked for, it stops after
%v and after %d writes (%d in mode distinct, where each write makes a file).`,
			maxAttackDuration, uint64(maxAttackWrites), maxAttackDistinct),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != formatTable && format != formatJSON {
				return usagef("--print: %q is no format: give table or json", format)
			}
			if err := plan.validate(); err != nil {
				return err
			}
			return attack(cmd.Context(), dir, &plan, format, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", "", "existing `directory` to create the attacked one in (required)")
	flags.IntVar(&plan.Threads, "threads", 100, "threads in each process")
	flags.IntVar(&plan.Processes, "processes", 1, "processes")
	flags.IntVar(&plan.Files, "files", 1, "files that all threads write to, in mode same")
	flags.Uint64Var(&plan.Writes, "writes", 0, "writes of each thread (default: as many as the duration allows)")
	flags.DurationVar(&plan.Duration, "duration", 10*time.Second, "stop after this time")
	flags.StringVar(&plan.Mode, "mode", modeSame, "same: write to the same files again and again; distinct: every write makes a new file")
	flags.StringVar(&format, "print", formatTable, "report as table or json")
	return cmd
}

// validate returns a usageError that names the flag. It leaves no end of the plan open.
func (p *attackPlan) validate() error {
	inRange := func(flag string, n, most int) error {
		if n < 1 || n > most {
			return usagef("--%s: %d is out of range: give 1 to %d", flag, n, most)
		}
		return nil
	}
	for _, err := range []error{
		inRange("threads", p.Threads, maxAttackThreads),
		inRange("processes", p.Processes, maxAttackProcesses),
		inRange("files", p.Files, maxAttackFiles),
		inRange("threads times --processes", p.Threads*p.Processes, maxAttackAtOnce),
	} {
		if err != nil {
			return err
		}
	}
	return p.validateLength()
}

// validateLength checks how long the attack may last, in time and in writes, and replaces an
// open end in writes by the most there may be.
func (p *attackPlan) validateLength() error {
	if p.Duration <= 0 || p.Duration > maxAttackDuration {
		return usagef("--duration: %v is out of range: give more than 0 and at most %v", p.Duration, maxAttackDuration)
	}
	most := uint64(maxAttackWrites)
	switch p.Mode {
	case modeSame:
	case modeDistinct:
		most = maxAttackDistinct
	default:
		return usagef("--mode: %q is no mode: give same or distinct", p.Mode)
	}
	perThread := most / uint64(p.Threads*p.Processes)
	if p.Writes > perThread {
		return usagef("--writes: %d writes by each of %d threads are too many: give at most %d", p.Writes, p.Threads*p.Processes, perThread)
	}
	if p.Writes == 0 {
		p.Writes = perThread
	}
	return nil
}

// attackReport is what an attack has done, exactly: each write was counted after it succeeded.
type attackReport struct {
	Directory string `json:"directory"`
	Threads   int    `json:"threads"`
	Processes int    `json:"processes"`
	Mode      string `json:"mode"`
	Elapsed   string `json:"elapsed"`
	Writes    uint64 `json:"writes"`
	// Files are the writes to each file; in mode distinct Created counts files of one write each.
	Files   map[string]uint64 `json:"files,omitempty"`
	Created uint64            `json:"created,omitempty"`
}

// attack runs the plan in a new directory under dir, removes it, and reports to w.
func attack(ctx context.Context, dir string, plan *attackPlan, format string, w io.Writer) (err error) {
	arena, err := newArena(dir)
	if err != nil {
		return err
	}
	defer func() {
		if removed := arena.remove(); err == nil {
			err = removed
		}
	}()
	began := time.Now()
	counts, failed := startWriters(ctx, arena, plan)
	report := &attackReport{
		Directory: arena.path, Threads: plan.Threads, Processes: plan.Processes, Mode: plan.Mode,
		Elapsed: time.Since(began).Round(time.Millisecond).String(),
	}
	report.add(counts)
	if err := report.print(format, w); err != nil {
		return fmt.Errorf("printing the report: %w", err)
	}
	return failed
}

// add fills in what the writers did, by number of the file.
func (r *attackReport) add(counts []uint64) {
	for _, n := range counts {
		r.Writes += n
	}
	if r.Mode == modeDistinct {
		r.Created = r.Writes
		return
	}
	r.Files = make(map[string]uint64, len(counts))
	for i, n := range counts {
		r.Files[r.Directory+"/"+sameFile(i)] = n
	}
}

func (r *attackReport) print(format string, w io.Writer) error {
	if format == formatJSON {
		return json.NewEncoder(w).Encode(r)
	}
	if _, err := fmt.Fprintf(w, "%d writes in %s by %d threads in each of %d processes\n",
		r.Writes, r.Elapsed, r.Threads, r.Processes); err != nil {
		return err
	}
	if r.Mode == modeDistinct {
		_, err := fmt.Fprintf(w, "%12d  files of one write each in %s\n", r.Created, terminal.Escape(r.Directory))
		return err
	}
	names := make([]string, 0, len(r.Files))
	for name := range r.Files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if _, err := fmt.Fprintf(w, "%12d  %s\n", r.Files[name], terminal.Escape(name)); err != nil {
			return err
		}
	}
	return nil
}
