package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"summarizer/summaries/transport"
	"summarizer/summaries/transport/spool"
)

// agentOptions are the flags of agent.
type agentOptions struct {
	collection
	socket, socketMode, socketGroup string
	allow                           transport.Policy
	spool                           string
	spoolSlots                      int
	hostPaths                       []string
	hostUser                        string
}

// drainTime is how long an agent that was asked to stop waits for the host. What is left is
// in the spool.
const drainTime = 5 * time.Second

func newAgent() *cobra.Command {
	var o agentOptions
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Summarise what this machine writes, and hand it to a host",
		Long: `Summarise what this machine writes, and hand it to a host.

The agent is the privileged half: it folds events and listens on a Unix socket, from which
"summarizer host" takes one summary per window. What no host has taken waits in the spool,
a file of fixed size; when that is full the oldest summaries merge. Kill the agent, and the
next start delivers all but the last second.

SIGHUP reads the configuration again: window, hop, watch and mute take effect at once, the
log names what needs a restart. The first SIGINT or SIGTERM delivers the open window and
ends; a second one ends at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	o.flags(flags)
	flags.StringVar(&o.socket, "socket", defaultSocket, "listen for hosts at this `path`; its directory must belong to root or to you")
	flags.StringVar(&o.socketMode, "socket-mode", "0660", "mode of the socket, octal")
	flags.StringVar(&o.socketGroup, "socket-group", "", "group of the socket, by name or number (default: that of the process)")
	flags.StringArrayVar(&o.allow.Users, "allow-user", nil, "let this `user` connect, beside root and your own; may be repeated")
	flags.StringArrayVar(&o.allow.Groups, "allow-group", nil, "let members of this `group` connect; may be repeated")
	flags.StringArrayVar(&o.allow.Executables, "allow-exe", nil, "let only processes of this `executable` connect; may be repeated")
	flags.StringVar(&o.spool, "spool", defaultSpool, "keep what waits for the host in this `file`")
	flags.IntVar(&o.spoolSlots, "spool-slots", spool.DefaultSlots, "summaries that the spool holds before the oldest merge; the size of the file follows")
	flags.StringArrayVar(&o.hostPaths, "host-path", nil, "leave out, and count, what this `executable` writes: your host's; may be repeated")
	flags.StringVar(&o.hostUser, "host-user", "", "only where this `user` runs it, by name or number (default: whoever runs it)")
	return cmd
}

func (o *agentOptions) run(cmd *cobra.Command) error {
	log, err := newLogger(cmd)
	if err != nil {
		return err
	}
	mode, err := strconv.ParseUint(o.socketMode, 8, 9)
	if err != nil {
		return usagef("--socket-mode: %q is no mode: give three or four octal digits, such as 0660", o.socketMode)
	}
	cfg, err := o.config(thisMachine())
	if err != nil {
		return err
	}
	if o.muteAlways, err = hostRules(o.hostPaths, o.hostUser); err != nil {
		return err
	}
	ring, err := openSpool(log, o.spool, spool.Config{Slots: o.spoolSlots, FrameSize: cfg.FrameSize, Key: &cfg.Key})
	if err != nil {
		return err
	}
	// A host that comes and goes all the time does not fill the log.
	peers := &hostMutes{log: log.Sample(&zerolog.BurstSampler{Burst: 20, Period: time.Minute})}
	w, err := o.open(cmd, ring, cfg, transport.SenderConfig{Allow: o.allow, OnPeer: peers.changed})
	if err != nil {
		return errors.Join(err, ring.Close())
	}
	peers.set, w.spooled = w.agg.SetMute, true
	hosts, err := transport.Listen(o.socket, fs.FileMode(mode), o.socketGroup)
	if err != nil {
		return errors.Join(&usageError{err}, ring.Close())
	}
	stopAdmin, err := o.admin.serve(w.registry)
	if err != nil {
		return errors.Join(err, hosts.Close(), ring.Close())
	}
	defer stopAdmin()
	ctx, cancel := o.until(cmd.Context())
	defer cancel()
	reload := reloader{cmd: cmd, log: log, agg: w.agg, muteAlways: o.muteAlways, before: flagValues(cmd.Flags())}
	onHangup(ctx, reload.reload)
	return withAdvice(o.source, w.collect(ctx, hosts, drainTime))
}

// until is ctx, or the time that --duration gives.
func (c *collection) until(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.duration > 0 {
		return context.WithTimeout(ctx, c.duration)
	}
	return context.WithCancel(ctx)
}

// openSpool opens the spool. A file that belongs to somebody else is a mistake to be mended;
// a disk that fails is not: the agent goes on in memory, and says so.
func openSpool(log zerolog.Logger, path string, cfg spool.Config) (*spool.Ring, error) {
	if err := cfg.Validate(); err != nil {
		return nil, usagef("--spool-slots: %w", err)
	}
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	var ring *spool.Ring
	if err == nil {
		ring, err = spool.Open(path, cfg)
	}
	switch {
	case err == nil:
		return ring, nil
	case errors.Is(err, spool.ErrForeign), errors.Is(err, spool.ErrLocked):
		return nil, usagef("--spool: %w", err)
	}
	log.Error().Err(err).Msg("the spool cannot be used: what waits for the host is in memory, and lost with this process")
	return spool.Memory(cfg), nil
}
