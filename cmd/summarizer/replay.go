package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"summarizer/aggregator"
	"summarizer/esbridge/eslogger"
	"summarizer/summaries"
)

func newReplay() *cobra.Command {
	var s settings
	var d detection
	var format string
	cmd := &cobra.Command{
		Use:   "replay FILE…",
		Short: "Summarise recorded events, or read frames back",
		Long: `Summarise recorded events: lines of eslogger(1), plain or compressed with gzip or zstd.
Several files are read as one recording, in the order given; - is standard input. Events are
counted at the time they carry.

Files of frames, as run --frames and replay --format frames write them, are read back as they
are: no window is counted again, and the flags that shape windows do nothing.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(cmd.ErrOrStderr(), args)
			defer bar.hide()
			out, err := newSink(format, cmd.OutOrStdout())
			if err != nil {
				return fmt.Errorf("--format: %w", err)
			}
			found, err := d.open(s.watch)
			if err != nil {
				return err
			}
			r := replay{settings: &s, names: args, stdin: cmd.InOrStdin(), bar: bar}
			return r.run(cmd.Context(), func(s *summaries.Summary, frame []byte) error {
				bar.hide()
				found.observe(s)
				return out(s, frame)
			})
		},
	}
	s.flags(cmd.Flags())
	d.flags(cmd.Flags())
	cmd.Flags().StringVar(&format, "format", formatJSON, "write windows as json, table or frames")
	return cmd
}

// replay is one run over recorded input.
type replay struct {
	settings *settings
	names    []string
	stdin    io.Reader
	bar      *progress
}

// run looks at the first input to tell which kind all of them are.
func (r *replay) run(ctx context.Context, out sink) error {
	first, err := r.open(r.names[0])
	if err != nil {
		return err
	}
	if first.holdsFrames() {
		return r.frames(ctx, first, out)
	}
	return r.recording(ctx, first, out)
}

func (r *replay) open(name string) (*inputFile, error) {
	return openInput(name, r.stdin, r.bar.add)
}

// recording folds the events of all inputs. When it is interrupted a read may still be
// blocked in one of them, so they are not closed: the process is about to end.
func (r *replay) recording(ctx context.Context, first *inputFile, out sink) error {
	cfg, err := r.settings.config(summaries.Machine{})
	if err != nil {
		return err
	}
	agg, err := aggregator.New(cfg)
	if err != nil {
		return err
	}
	all := &concatenation{current: first, names: r.names[1:], open: r.open, last: '\n'}
	source := eslogger.NewReader("the recording", all, false)
	return agg.Run(ctx, source, encoded(cfg.FrameSize, out))
}

// frames hands on every readable frame of every input. Those that are damaged are reported
// together at the end.
func (r *replay) frames(ctx context.Context, in *inputFile, out sink) error {
	var damaged []error
	for rest := r.names[1:]; ; rest = rest[1:] {
		bad, err := readFrames(ctx, in, out)
		damaged = append(damaged, bad...)
		if err = errors.Join(err, in.close()); err != nil || len(rest) == 0 {
			return errors.Join(append(damaged, err)...)
		}
		if in, err = r.open(rest[0]); err != nil {
			return errors.Join(append(damaged, err)...)
		}
	}
}

// readFrames reads one file to its end. What it returns as damaged did not stop it.
func readFrames(ctx context.Context, in *inputFile, out sink) (damaged []error, err error) {
	reader := summaries.NewFrameReader(in)
	for ctx.Err() == nil {
		s, err := reader.Next()
		switch {
		case err == io.EOF:
			return damaged, nil
		case err != nil:
			damaged = append(damaged, fmt.Errorf("%s: %w", in.name, err))
		default:
			if err := out(s, reader.Frame()); err != nil {
				return damaged, err
			}
		}
	}
	return damaged, nil
}
