package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"summarizer/aggregator"
	"summarizer/esbridge"
	"summarizer/esbridge/eslogger"
	"summarizer/esbridge/linux"
	"summarizer/summaries"
)

// runOptions are the flags of run.
type runOptions struct {
	settings
	source, print, frames string
	duration              time.Duration
}

func newRun() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Summarise what this machine writes, as it happens",
		Long: `Summarise what this machine writes, as it happens.

On a terminal it shows the last window as a table that moves on every second (its --hop is
1s then, unless you give one or write frames); elsewhere it prints one line of text per
window. With --print json it prints one JSON object per window and line, with --frames it
(also) writes every window as a frame of constant size.

The first SIGINT or SIGTERM delivers the open window and ends; a second one ends at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	o.flags(flags)
	flags.StringVar(&o.source, "source", "auto", "where events come from: "+sourceHelp)
	flags.StringVar(&o.print, "print", formatTable, "table (live on a terminal, else a line per window) or json")
	flags.StringVar(&o.frames, "frames", "", "append every window to this `file` as a frame; - for standard output, and nothing else there")
	flags.DurationVar(&o.duration, "duration", 0, "end after this time (default: when asked to)")
	return cmd
}

func (o *runOptions) run(cmd *cobra.Command) error {
	log, err := newLogger(cmd)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		// Nearly all of the heap are tables that live as long as the process: the default
		// would let as much garbage again pile up beside them. They hold few pointers, so a
		// collection is cheap.
		debug.SetGCPercent(5)
	}
	if o.duration < 0 {
		return usagef("--duration: %v is negative", o.duration)
	}
	if o.print == formatTable && o.frames == "" && o.hop == 0 && canDraw(cmd.OutOrStdout()) {
		o.hop = rollingHop(o.window)
	}
	cfg, err := o.config(thisMachine())
	if err != nil {
		return err
	}
	source, err := openSource(o.source)
	if err != nil {
		return withAdvice(o.source, err)
	}
	cfg.Muted = muteRules(source)
	agg, err := aggregator.New(cfg)
	if err != nil {
		return err
	}
	out, err := o.open(cmd.OutOrStdout(), cfg.FrameSize)
	if err != nil {
		return err
	}
	log.Info().Str("source", source.Info().Name).Msg("starting")
	failed := withAdvice(o.source, o.until(cmd.Context(), agg, source, out))
	return errors.Join(failed, out.close())
}

// muteRules are the rules that a source leaves events out by.
func muteRules(source esbridge.Source) (rules []summaries.MuteRule) {
	switch s := source.(type) {
	case *linux.Source:
		rules = append(rules, summaries.MuteRule{Rule: "process: summarizer itself, in the kernel", Counted: true})
	case *eslogger.Tool:
		for _, rule := range s.MuteRules() {
			rules = append(rules, summaries.MuteRule{Rule: rule})
		}
	}
	return rules
}

// until runs until ctx ends, the time is over or the source ends.
func (o *runOptions) until(ctx context.Context, agg *aggregator.Aggregator, source esbridge.Source, out *output) error {
	if o.duration > 0 {
		timed, cancel := context.WithTimeout(ctx, o.duration)
		defer cancel()
		ctx = timed
	}
	return out.while(ctx, func(ctx context.Context, deliver sink) error {
		return agg.Run(ctx, source, encoded(out.frameSize, deliver))
	})
}
