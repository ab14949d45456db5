// Summarizer counts which programs change which files, and says so in summaries whose size
// and pace never change, whatever happens on the machine.
//
//	summarizer run                    what this machine writes, as a live table
//	summarizer run --print json       one summary per line
//	summarizer replay FILE            what was recorded, summarised the same way
//	summarizer attack --dir /tmp      a bounded flood, to see it work
//	summarizer doctor                 what is missing on this machine, and how to get it
//
// Every flag can also be given as an environment variable (--frame-size as
// SUMMARIZER_FRAME_SIZE) or as a key of the YAML file named with --config (frame-size: 64KiB).
// Flags win over the environment, the environment over the file, the file over the defaults.
//
// It exits with 0 when all went well, 1 when something failed, 2 when it was called wrongly,
// and 3 when this machine or this user cannot run the source that was asked for.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes. They are part of the interface and listed in the package comment.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitUnavailable = 3
)

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and returns the exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	// The first signal ends what is running in good order; from then on a second one has its
	// default action, the end at once.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	started := false
	root := newRoot(&started)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errReported) {
		root.PrintErrln("summarizer:", err)
	}
	return exitCode(err, started)
}

// exitCode tells what kind of error err is. What goes wrong before a verb has started is
// always the command line: cobra has no error type for it.
func exitCode(err error, started bool) int {
	var usage *usageError
	var unavailable *unavailableError
	switch {
	case !started, errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &unavailable):
		return exitUnavailable
	}
	return exitFailure
}

func newRoot(started *bool) *cobra.Command {
	root := &cobra.Command{
		Use:           "summarizer",
		Short:         "Which programs write where, in summaries of constant size",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			*started = true
			if err := configure(cmd); err != nil {
				return err
			}
			_, err := logLevel(cmd)
			return err
		},
	}
	root.PersistentFlags().String(configFlag, "", "read flags from this YAML `file`: one key per flag, without the dashes")
	root.PersistentFlags().String(logLevelFlag, "info", "least `level` to log to standard error: debug, info, warn, error or off")
	root.AddCommand(newRun(), newAgent(), newHost(), newTop(), newExport(), newCheck(), newReplay(), newAttack(), newAttackWriter(), newDoctor(), newVersion())
	return root
}

// usageError is a mistake in the command line, the environment or the configuration file.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// unavailableError says that a source cannot run on this machine or for this user.
type unavailableError struct{ err error }

func (e *unavailableError) Error() string { return e.err.Error() }
func (e *unavailableError) Unwrap() error { return e.err }

// errReported is returned by a verb that has told its failure on standard output.
var errReported = errors.New("the failure is already reported")
