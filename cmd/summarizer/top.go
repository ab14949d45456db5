package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"summarizer/summaries"
	"summarizer/summaries/terminal"
	"summarizer/summaries/transport"
)

// topOptions are the flags of top.
type topOptions struct{ socket string }

func newTop() *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Look at what an agent sees, live on a terminal",
		Long: `Look at what an agent sees, live on a terminal: programs and paths that can be sorted, what
was lost, and a way down to each program, process and path.

It connects to the agent's socket beside the host and takes nothing away from it. On a
machine without an agent "summarizer run" shows the same.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	cmd.Flags().StringVar(&o.socket, "socket", defaultSocket, "connect to the agent at this `path`")
	return cmd
}

func (o *topOptions) run(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	if !canDraw(out) {
		return usagef("standard output is no terminal that can be drawn on: use summarizer run --print json")
	}
	ctx := cmd.Context()
	first, err := dialer(o.socket)(ctx)
	if err != nil {
		return usagef("--socket: %w; or use summarizer run", err)
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
					show(s)
					return nil
				},
			}).Run(ctx)
		})
}
