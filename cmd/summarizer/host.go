package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"summarizer/summaries"
	"summarizer/summaries/dashboard"
	"summarizer/summaries/store"
	"summarizer/summaries/transport"
)

// history are the flags of a host's store.
type history struct {
	file string
	keep [store.NumLevels]time.Duration
	size byteSize
}

func (h *history) flags(flags *pflag.FlagSet) {
	for level, name := range []string{"keep-windows", "keep-minutes", "keep-hours", "keep-days"} {
		flags.DurationVar(&h.keep[level], name, 0, "how long to keep history in this detail (default: "+
			[]string{"48h", "336h", "2160h", "17520h"}[level]+")")
	}
	flags.Var(&h.size, "store-size", "how large the store may become; the finest detail goes first (default: 2GiB)")
}

// open opens the store. key is that of the agent's sketches, where it is known.
func (h *history) open(keyFile string) (*store.Store, error) {
	cfg := store.Config{Keep: h.keep, MaxBytes: int64(h.size)}
	key, known, err := configuredKey(keyFile)
	if err != nil {
		return nil, err
	}
	if known {
		cfg.Key = &key
	}
	if err := cfg.Validate(); err != nil {
		return nil, &usageError{err}
	}
	st, err := store.Open(h.file, cfg)
	if err != nil {
		return nil, usagef("--store: %w", err)
	}
	return st, nil
}

// keeper stores what an agent delivers. A nil one keeps nothing.
type keeper struct {
	log   zerolog.Logger
	store *store.Store
	web   *dashboard.Server // nil where there is none
	found *detector
}

// serve shows the history to browsers until the returned function is called. It begins with
// what was found in the last hour.
func (k *keeper) serve(cmd *cobra.Command, o *web, facts func() []dashboard.Fact) (stop func(), err error) {
	stop = func() {}
	if !o.off() {
		if k.web, stop, err = o.serve(cmd, k.log, k.store, facts); err != nil {
			return nil, err
		}
	}
	return stop, k.found.learn(cmd.Context(), k.store, k.publish)
}

func (k *keeper) publish(s *summaries.Summary) {
	if k.web != nil {
		k.web.Publish(s)
	}
}

// ingest stores a tile, and tells the dashboard. What can never be stored is counted by the
// store and let go: offered again it would block all that comes after it.
func (k *keeper) ingest(ctx context.Context, s *summaries.Summary, frame []byte) error {
	if k == nil {
		return nil
	}
	defer k.publish(s)
	if !s.Window.Tile {
		return nil
	}
	_, err := k.store.Ingest(ctx, s, frame)
	if errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrOverlap) {
		k.log.Error().Err(err).Uint64("seq", s.Seq).Msg("a window was refused")
		return nil
	}
	return err
}

func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	return k.store.Close()
}

// maintainEvery is the pace of roll-ups and retention.
const maintainEvery = time.Minute

// maintain keeps the store in shape until ctx ends.
func (k *keeper) maintain(ctx context.Context) {
	if k == nil {
		return
	}
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		if err := k.store.Maintain(ctx); err != nil && ctx.Err() == nil {
			k.log.Error().Err(err).Msg("maintaining the store")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// hostOptions are the flags of host.
type hostOptions struct {
	history
	detection
	admin   admin
	web     web
	socket  string
	keyFile string
}

func newHost() *cobra.Command {
	var o hostOptions
	cmd := &cobra.Command{
		Use:   "host",
		Short: "Take summaries from an agent and keep their history",
		Long: `Take summaries from an agent and keep their history.

The host needs no privilege but to connect to the agent's socket. It may be stopped, killed
and started at any time: what it has not stored waits at the agent. Windows roll up to
minutes, hours and days; "summarizer check" verifies the store. SIGHUP makes it say what in
the configuration has changed and takes effect with a restart.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.socket, "socket", defaultSocket, "connect to the agent at this `path`")
	flags.StringVar(&o.file, "store", defaultStore, "keep history in this SQLite `file`")
	o.history.flags(flags)
	o.detection.flags(flags)
	o.watchFlag(flags)
	flags.StringVar(&o.keyFile, keyFileFlag, "", "`file` with the key of the agent's sketches, so that distinct counts of long ranges stay sharp")
	o.web.flags(flags, "127.0.0.1:8484")
	o.admin.flags(flags)
	return cmd
}

func (o *hostOptions) run(cmd *cobra.Command) error {
	log, err := newLogger(cmd)
	if err != nil {
		return err
	}
	st, err := o.history.open(o.keyFile)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	found, err := o.detection.open(nil)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	k := &keeper{log: log, store: st, found: found}
	receiver := transport.NewReceiver(transport.ReceiverConfig{
		Dial: dialer(o.socket),
		Handle: func(s *summaries.Summary, frame []byte) error {
			found.observe(s)
			return k.ingest(ctx, s, frame)
		},
		OnError: func(err error) { log.Warn().Err(withHint(err)).Msg("agent") },
	})
	registry := newRegistry()
	receiverMetrics(registry, receiver)
	storeMetrics(registry, st)
	stopAdmin, err := o.admin.serve(registry)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	defer stopAdmin()
	stopWeb, err := k.serve(cmd, &o.web, receiverFacts(receiver))
	if err != nil {
		return errors.Join(err, st.Close())
	}
	defer stopWeb()
	reload := reloader{cmd: cmd, log: log, before: flagValues(cmd.Flags())}
	onHangup(ctx, reload.reload)
	log.Info().Str("socket", o.socket).Str("store", st.Path()).Msg("starting")
	var background sync.WaitGroup
	background.Go(func() { k.maintain(ctx) })
	background.Go(func() { watchdog(ctx, k.alive) })
	notifyReady()
	failed := receiver.Run(ctx)
	notifyStopping()
	background.Wait()
	return errors.Join(failed, st.Close())
}

// alive tells whether the store answers.
func (k *keeper) alive() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := k.store.Stats(ctx)
	return err == nil
}

// dialer connects to a Unix socket.
func dialer(path string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "unix", path)
		switch {
		case errors.Is(err, fs.ErrPermission):
			err = fmt.Errorf("%w: let this user reach the socket: see --socket-group and --socket-mode of the agent", err)
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
			err = fmt.Errorf("%w: start the agent, or give --socket the path that it listens on", err)
		}
		return c, err
	}
}

// receiverFacts is what a host knows of its connection to the agent, for people.
func receiverFacts(r *transport.Receiver) func() []dashboard.Fact {
	return func() []dashboard.Fact {
		st := r.Stats()
		state := "connected"
		if !st.Connected {
			state = "not connected: " + st.LastError
		}
		return []dashboard.Fact{
			{Name: "Agent", Value: state, Bad: !st.Connected},
			{Name: "Connections", Value: strconv.FormatUint(st.Connections, 10)},
			{Name: "Summaries", Value: fmt.Sprintf("%d received, %d acknowledged", st.Frames, st.Acked)},
		}
	}
}

// withHint adds to the error of a connection that was cut off what is most likely the reason.
func withHint(err error) error {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("%w: if this comes again and again the agent does not let this user connect: see its --allow-user and --allow-group", err)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the agent has stopped, or cut this host off: its log says why", err)
	}
	return err
}
