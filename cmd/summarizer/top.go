package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"summarizer/summaries"
	"summarizer/summaries/terminal"
	"summarizer/summaries/transport"
)

// topOptions are the flags of top.
type topOptions struct {
	detection
	socket, source string
}

func newTop() *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Look at what an agent sees, live on a terminal",
		Long: `Look at what an agent sees, live on a terminal: programs and paths that can be sorted, what
was lost, and a way down to each program, process and path.

It connects to the agent's socket beside the host and takes nothing away from it. Without
an agent, --source gives it events of its own, as "summarizer run" does.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.socket, "socket", defaultSocket, "connect to the agent at this `path`")
	flags.StringVar(&o.source, "source", "", "look at this `source` instead of an agent: as for run, auto is this machine")
	o.detection.flags(flags)
	o.watchFlag(flags)
	return cmd
}

// runSource shows what a source of its own brings: it is run, with the flags that it shares.
func (o *topOptions) runSource(cmd *cobra.Command) error {
	args := []string{"run"}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			if f.Name != "socket" {
				args = append(args, "--"+f.Name+"="+v)
			}
		}
	})
	root := newRoot(new(bool))
	root.SetArgs(args)
	root.SetIn(cmd.InOrStdin())
	root.SetOut(cmd.OutOrStdout())
	root.SetErr(cmd.ErrOrStderr())
	return root.ExecuteContext(cmd.Context())
}

func (o *topOptions) run(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	if !canDraw(out) {
		return usagef("standard output is no terminal that can be drawn on: use summarizer run --print json")
	}
	if o.source != "" {
		return o.runSource(cmd)
	}
	found, err := o.detection.open(nil)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	first, err := dialer(o.socket)(ctx)
	if err != nil {
		return usagef("--socket: %w; or give --source auto", err)
	}
	if err := first.Close(); err != nil {
		return err
	}
	return terminal.Run(ctx, terminal.Options{Out: out, Env: os.Environ()},
		func(ctx context.Context, show func(*summaries.Summary)) error {
			return transport.NewReceiver(transport.ReceiverConfig{
				Dial: dialer(o.socket),
				Mode: transport.Watch,
				Handle: func(s *summaries.Summary, _ []byte) error {
					found.observe(s)
					show(s)
					return nil
				},
			}).Run(ctx)
		})
}
