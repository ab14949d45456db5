package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"summarizer/summaries"
	"summarizer/summaries/transport"
	"summarizer/summaries/transport/spool"
)

// runOptions are the flags of run.
type runOptions struct {
	collection
	history
	detection
	web           web
	print, frames string
}

func newRun() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Summarise what this machine writes, as it happens",
		Long: `Summarise what this machine writes, as it happens: agent and host in one process.

On a terminal it shows the last window, and a way down to each program, process and path
(its --hop is 1s then, unless you give one or write frames); elsewhere it prints one line of
text per window. With --print json it prints one JSON object per window and line, with
--frames it (also) writes every window as a frame of constant size, with --store it keeps
history.

The first SIGINT or SIGTERM delivers the open window and ends; a second one ends at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	o.collection.flags(flags)
	flags.StringVar(&o.print, "print", formatTable, "table (live on a terminal, else a line per window) or json")
	flags.StringVar(&o.frames, "frames", "", "append every window to this `file` as a frame; - for standard output, and nothing else there")
	flags.StringVar(&o.file, "store", "", "keep history in this SQLite `file` (default: none is kept)")
	o.history.flags(flags)
	o.detection.flags(flags)
	o.web.flags(flags, "off")
	return cmd
}

func (o *runOptions) run(cmd *cobra.Command) (failed error) {
	given := flagValues(cmd.Flags())
	rolling := o.print == formatTable && o.frames == "" && o.hop == 0 && canDraw(cmd.OutOrStdout())
	if rolling {
		o.hop = rollingHop(o.window)
	}
	cfg, err := o.config(thisMachine())
	if err != nil {
		return err
	}
	ring := spool.Memory(spool.Config{FrameSize: cfg.FrameSize, Key: &cfg.Key})
	w, err := o.collection.open(cmd, ring, cfg, transport.SenderConfig{})
	if err != nil {
		return err
	}
	out, err := o.openOutput(cmd.OutOrStdout(), cfg.FrameSize)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, out.close()) }()
	found, err := o.detection.open(o.watch)
	if err != nil {
		return err
	}
	k, err := o.keeper(w, found)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, k.close()) }()
	if k == nil && !o.web.off() {
		return usagef("--dashboard: there is no history to show: give --store FILE too")
	}
	if k != nil {
		stopWeb, err := k.serve(cmd, &o.web, w.facts)
		if err != nil {
			return err
		}
		defer stopWeb()
	}
	stopAdmin, err := o.admin.serve(w.registry)
	if err != nil {
		return err
	}
	defer stopAdmin()
	ctx, cancel := o.until(cmd.Context())
	defer cancel()
	reload := reloader{cmd: cmd, log: w.log, agg: w.agg, before: given, rolling: rolling}
	onHangup(ctx, reload.reload)
	return withAdvice(o.source, out.while(ctx, func(ctx context.Context, deliver sink) error {
		return w.together(ctx, found, k, deliver)
	}))
}

// keeper opens the store; nil where none was asked for.
func (o *runOptions) keeper(w *collector, found *detector) (*keeper, error) {
	if o.file == "" {
		return nil, nil
	}
	st, err := o.history.open(o.keyFile)
	if err != nil {
		return nil, err
	}
	storeMetrics(w.registry, st)
	return &keeper{log: w.log, store: st, found: found}, nil
}

// handOver is how long a run that ends waits for its own outputs to take the last windows: a
// reader of a pipe that does not read is given up then.
const handOver = 10 * time.Second

// together runs agent and host in one process: the one serves, the other takes, over a
// connection without a socket. What cannot be stored is offered again, as to any host; an
// error of deliver ends both: a summary that nobody gets is a loss.
func (w *collector) together(ctx context.Context, found *detector, k *keeper, deliver sink) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	receiving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var lost error // by the receiver alone, until it has ended
	over := false  // the same
	inside := transport.NewInside()
	receiver := transport.NewReceiver(transport.ReceiverConfig{
		Dial: inside.Dial,
		Handle: func(s *summaries.Summary, frame []byte) error {
			if over {
				return nil // nobody gets the rest
			}
			found.observe(s)
			if err := k.ingest(receiving, s, frame); err != nil {
				w.log.Warn().Err(err).Msg("storing a window, which will be offered again")
				return err
			}
			if lost = deliver(s, frame); lost != nil {
				over = true
				cancel()
			}
			return nil
		},
	})
	var background sync.WaitGroup
	background.Go(func() { _ = receiver.Run(receiving) }) // ends with its context alone
	background.Go(func() { k.maintain(receiving) })
	err := w.collect(ctx, inside, handOver)
	stop()
	if err != nil && !waitFor(&background, time.Second) {
		return err // an output is stuck: whoever reads it does not
	}
	background.Wait()
	if lost != nil {
		return lost // the rest follows from it
	}
	return err
}

// waitFor waits at most a moment. It returns whether the group has ended.
func waitFor(group *sync.WaitGroup, moment time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		group.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-time.After(moment):
		return false
	}
}
