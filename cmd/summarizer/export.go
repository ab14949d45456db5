package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"summarizer/summaries"
	"summarizer/summaries/export"
	"summarizer/summaries/store"
)

// exportOptions are the flags of export.
type exportOptions struct {
	store, output, from, to string
	export.Config
}

func newExport() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write history in a format that other tools read",
		Long: `Write history in a format that other tools read: docs/exports.md explains each, and has the
lines with which jq, DuckDB and pandas read it.

A file is written whole or not at all. Sums over an export equal the totals of its range:
what was folded up is in rows of its own.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.store, "store", defaultStore, "read history from this `file`")
	flags.StringVar(&o.output, "output", "-", "write to this `file`; - for standard output")
	flags.StringVar(&o.Format, "format", "json", "one of "+strings.Join(export.Formats(), ", "))
	flags.StringVar(&o.from, "from", "", "first `time`, such as 2026-01-02T15:04:05Z, or how long ago, such as 24h (default: all)")
	flags.StringVar(&o.to, "to", "", "`time` to end before (default: now)")
	flags.StringVar(&o.Filter.Program, "program", "", "only this executable: its path, or the name at the end of it")
	flags.StringVar(&o.Filter.Origin, "origin", "", "only this origin")
	flags.StringVar(&o.Filter.PathPrefix, "path-prefix", "", "only files at or below this `path`")
	flags.StringSliceVar(&o.Filter.Kinds, "kind", nil, "only events of this `kind`; may be repeated")
	return cmd
}

func (o *exportOptions) run(cmd *cobra.Command) (failed error) {
	if err := o.Validate(); err != nil {
		return &usageError{err}
	}
	r, err := o.span(time.Now())
	if err != nil {
		return err
	}
	// A store that is not there must not be made by looking for it.
	if _, err := readHead(o.store, 1); err != nil {
		return usagef("--store: %w", err)
	}
	st, err := store.Open(o.store, store.Config{})
	if err != nil {
		return usagef("--store: %w", err)
	}
	defer func() { failed = errors.Join(failed, st.Close()) }()
	bar, err := exportProgress(cmd, st, r)
	if err != nil {
		return err
	}
	all := interruptible(cmd.Context(), bar.over(st.Summaries(cmd.Context(), r)))
	var stats export.Stats
	if o.output == "-" {
		if o.Format == "parquet" && isTerminal(cmd.OutOrStdout()) {
			return usagef("parquet is not text: give --output FILE")
		}
		stats, err = export.Write(cmd.OutOrStdout(), all, o.Config)
	} else {
		stats, err = export.File(o.output, all, o.Config)
	}
	bar.hide()
	if err != nil {
		return err
	}
	if stats.Unsure > 0 {
		cmd.PrintErrf("%d events may match besides: they were folded into rows that stand for several programs or paths\n", stats.Unsure)
	}
	return nil
}

// span is the range that --from and --to give.
func (o *exportOptions) span(now time.Time) (store.Range, error) {
	r := store.Range{From: 0, To: math.MaxInt64}
	for _, f := range []struct {
		name, text string
		at         *int64
	}{{"from", o.from, &r.From}, {"to", o.to, &r.To}} {
		if f.text == "" {
			continue
		}
		t, err := momentOf(f.text, now)
		if err != nil {
			return r, usagef("--%s: %q is no time: give one such as 2026-01-02T15:04:05Z or 24h", f.name, f.text)
		}
		*f.at = nanoseconds(t)
	}
	if r.From >= r.To {
		return r, usagef("--from is not before --to: exchange them")
	}
	return r, nil
}

// nanoseconds since 1970 end in 2262; what is outside is before or after all history.
func nanoseconds(t time.Time) int64 {
	switch year := t.UTC().Year(); {
	case year < 1970:
		return 0
	case year >= 2262:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// momentOf is a time of RFC 3339, a day, or so long ago.
func momentOf(text string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}

// interruptible ends a sequence with an error once ctx is done, so that what was asked to
// stop leaves no file that looks whole.
func interruptible(ctx context.Context, all iter.Seq2[*summaries.Summary, error]) iter.Seq2[*summaries.Summary, error] {
	return func(yield func(*summaries.Summary, error) bool) {
		for s, err := range all {
			if err == nil && ctx.Err() != nil {
				err = fmt.Errorf("interrupted: %w", context.Cause(ctx))
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// progress counts windows, where a person looks at standard error.
func exportProgress(cmd *cobra.Command, st *store.Store, r store.Range) (*progress, error) {
	p := &progress{}
	if !isTerminal(cmd.ErrOrStderr()) {
		return p, nil
	}
	windows, err := st.CountSummaries(cmd.Context(), r)
	if err != nil {
		return nil, err
	}
	p.bar = progressbar.NewOptions(windows,
		progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("windows"),
		progressbar.OptionUseANSICodes(true), progressbar.OptionClearOnFinish())
	return p, nil
}

// over counts each summary as it is read.
func (p *progress) over(all iter.Seq2[*summaries.Summary, error]) iter.Seq2[*summaries.Summary, error] {
	return func(yield func(*summaries.Summary, error) bool) {
		for s, err := range all {
			if !yield(s, err) {
				return
			}
			p.add(1)
		}
	}
}
