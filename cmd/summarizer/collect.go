package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"summarizer/aggregator"
	"summarizer/summaries"
	"summarizer/summaries/dashboard"
	"summarizer/summaries/transport"
	"summarizer/summaries/transport/spool"
)

// collection is what agent and run share: the flags of a source whose events are folded into
// summaries that hosts take.
type collection struct {
	settings
	admin  admin
	source string
	mute   []string
	// muteAlways are rules beside those of --mute, which no reload takes away.
	muteAlways []string
	duration   time.Duration
}

func (c *collection) flags(flags *pflag.FlagSet) {
	c.settings.flags(flags)
	flags.StringVar(&c.source, "source", "auto", "where events come from: "+sourceHelp)
	flags.StringArrayVar(&c.mute, muteFlag, nil, "leave out, and count, what this `rule` says, such as exe=/usr/bin/x,path=/var/log; may be repeated")
	flags.DurationVar(&c.duration, "duration", 0, "end after this time (default: when asked to)")
	c.admin.flags(flags)
}

const muteFlag = "mute"

// collector is a collection at work: source, aggregator, ring and sender. What it does is the
// same with hosts in other processes and with one in its own.
type collector struct {
	log      zerolog.Logger
	source   *pulse
	agg      *aggregator.Aggregator
	ring     *spool.Ring
	sender   *transport.Sender
	registry *prometheus.Registry
	counters *counters
	spooled  bool // what the ring holds outlives the process
	// delivered, where not nil, is told of every summary once it is in the ring.
	delivered func(*summaries.Summary)
}

// open makes the parts; nothing runs yet. The collector closes the ring.
func (c *collection) open(cmd *cobra.Command, ring *spool.Ring, cfg aggregator.Config, hosts transport.SenderConfig) (*collector, error) {
	log, err := newLogger(cmd)
	if err != nil {
		return nil, err
	}
	if os.Getenv("GOGC") == "" {
		// Nearly all of the heap are tables that live as long as the process: the default
		// would let as much garbage again pile up beside them. They hold few pointers, so a
		// collection is cheap.
		debug.SetGCPercent(5)
	}
	if c.duration < 0 {
		return nil, usagef("--duration: %v is negative", c.duration)
	}
	source, err := openSource(c.source, slices.Concat(c.muteAlways, c.mute))
	if err != nil {
		return nil, withAdvice(c.source, err)
	}
	w := &collector{log: log, source: &pulse{Source: source}, ring: ring, registry: newRegistry()}
	w.counters = newCounters(w.registry)
	if err := c.aggregator(w, cfg); err != nil {
		return nil, err
	}
	hosts.FrameSize, hosts.Ring, hosts.Key = cfg.FrameSize, ring, &cfg.Key
	if w.sender, err = transport.NewSender(hosts); err != nil {
		return nil, &usageError{err}
	}
	senderMetrics(w.registry, w.sender)
	ringMetrics(w.registry, ring)
	return w, nil
}

// aggregator makes the aggregator, whose numbers go on after those of the ring.
func (c *collection) aggregator(w *collector, cfg aggregator.Config) (err error) {
	cfg.Muted = muteRules(w.source.Source)
	if cfg.Mute, err = parseMutes(slices.Concat(c.muteAlways, c.mute)); err != nil {
		return err
	}
	cfg.Machine.Boot += "/" + w.ring.Session()
	cfg.LastSeq = w.ring.LastSeq()
	cfg.Agent = func() summaries.Agent {
		s := w.ring.Stats()
		return summaries.Agent{MemoryBytes: residentMemory(), SpoolWaiting: uint64(s.Waiting), SpoolSlots: uint64(s.Slots)}
	}
	cfg.Checkpoint = func(s *summaries.Summary) { _ = w.ring.Checkpoint(s) } // the ring counts what fails
	w.agg, err = aggregator.New(cfg)
	return err
}

// diskState logs when the disk of the spool begins to fail, and when it is over.
type diskState struct {
	failing bool
	failed  uint64
}

func (d *diskState) changed(log zerolog.Logger, s spool.Stats) {
	failed := uint64(0)
	for _, n := range s.DiskErrors {
		failed += n
	}
	if failed > d.failed && !d.failing {
		d.failing = true
		log.Error().Err(s.LastError).Msg("the spool fails: what waits for the host is in memory until it works again")
	}
	if d.failing && !s.Failing {
		d.failing = false
		log.Info().Msg("the spool works again")
	}
	d.failed = failed
}

// cutOff logs who was refused or cut off, with the window in which it was: somebody who
// tries again and again does not fill the log.
type cutOff struct{ before uint64 }

func (c *cutOff) changed(log zerolog.Logger, s transport.SenderStats) {
	n := uint64(0)
	for why, ended := range s.Ended {
		if why != int(transport.Hangup) && why != int(transport.Stopped) {
			n += ended
		}
	}
	if n > c.before {
		log.Warn().Uint64("connections", n-c.before).Str("last", s.LastCut).Msg("hosts were refused or cut off")
	}
	c.before = n
}

// collect folds the source and serves hosts until ctx ends, the source ends or fails. Then it
// gives the keeper a moment to take what is left, which an agent's ring keeps on disk.
func (w *collector) collect(ctx context.Context, hosts net.Listener, moment time.Duration) error {
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	served := make(chan error, 1)
	go func() { served <- w.sender.Serve(serving, hosts) }()
	go watchdog(serving, w.source.alive)

	var disk diskState
	var cut cutOff
	w.log.Info().Str("source", w.source.Info().Name).Msg("starting")
	notifyReady()
	failed := w.agg.Run(ctx, w.source, func(s *summaries.Summary) error {
		w.counters.add(s)
		err := w.sender.Deliver(s)
		disk.changed(w.log, w.ring.Stats())
		cut.changed(w.log, w.sender.Stats())
		if err == nil && w.delivered != nil {
			w.delivered(s)
		}
		return err
	})
	notifyStopping()
	left := w.drain(serving, moment)
	stopServing()
	return errors.Join(failed, left, <-served, w.ring.Close())
}

// drain waits a moment until the host has taken what is left. What then remains is lost,
// unless it is spooled: the next start delivers it.
func (w *collector) drain(ctx context.Context, moment time.Duration) error {
	if w.spooled && !w.sender.Stats().Keeper {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	err := w.sender.Drain(ctx)
	if err != nil && w.spooled {
		w.log.Warn().Err(err).Msg("what the host has not taken waits in the spool")
		return nil
	}
	return err
}

// facts are what waits and what left, for people.
func (w *collector) facts() []dashboard.Fact {
	ring, sender := w.ring.Stats(), w.sender.Stats()
	return []dashboard.Fact{
		{Name: "Waiting", Value: fmt.Sprintf("%d summaries, %d merged because too many waited", ring.Waiting, ring.Merges), Bad: ring.Merges > 0},
		{Name: "Summaries", Value: fmt.Sprintf("%d sent, %d of them again, %d acknowledged", sender.Sent, sender.Resent, sender.Acked)},
		{Name: "Watchers", Value: strconv.Itoa(sender.Watchers)},
	}
}
