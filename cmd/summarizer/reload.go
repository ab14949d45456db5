package main

import (
	"context"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"summarizer/aggregator"
)

// reloader reads the configuration again while a verb runs.
type reloader struct {
	cmd    *cobra.Command
	log    zerolog.Logger
	agg    *aggregator.Aggregator // nil where nothing can change without a restart
	before values
	// rolling cuts windows as somebody who watches needs it, where no hop is given.
	rolling bool
	// muteAlways are rules that are in force whatever the configuration says.
	muteAlways []string
}

// reloadable are the flags that take effect without a restart.
var reloadable = []string{"window", "hop", "watch", muteFlag}

// reload applies what can change, and says what cannot. A configuration with a mistake in it
// changes nothing.
func (r *reloader) reload() {
	fresh, err := reread(r.cmd)
	if err != nil {
		r.log.Error().Err(err).Msg("reloading: nothing was changed; mend the configuration and send SIGHUP again")
		return
	}
	now := flagValues(fresh.Flags())
	var applied, restart []string
	for _, name := range r.before.changed(now) {
		if r.agg != nil && slices.Contains(reloadable, name) {
			applied = append(applied, name)
		} else {
			restart = append(restart, name)
		}
	}
	if err := r.apply(fresh.Flags()); err != nil {
		r.log.Error().Err(err).Msg("reloading: nothing was changed; mend the configuration and send SIGHUP again")
		return
	}
	for _, name := range applied {
		r.before[name] = now[name]
	}
	r.log.Info().Strs("changed", applied).Msg("reloaded")
	if len(restart) > 0 {
		r.log.Warn().Strs("flags", restart).Msg("these take effect only after a restart")
	}
}

func (r *reloader) apply(flags *pflag.FlagSet) error {
	if r.agg == nil {
		return nil
	}
	window, _ := flags.GetDuration("window")
	hop, _ := flags.GetDuration("hop")
	if r.rolling && hop == 0 {
		hop = rollingHop(window)
	}
	watch, _ := flags.GetStringArray("watch")
	texts, _ := flags.GetStringArray(muteFlag)
	mute, err := parseMutes(slices.Concat(r.muteAlways, texts))
	if err != nil {
		return err
	}
	return r.agg.Reload(aggregator.Reload{Window: window, Hop: hop, Watch: watch, Mute: mute})
}

// values is what every flag of a verb says, in its text form.
type values map[string]string

func flagValues(flags *pflag.FlagSet) values {
	v := values{}
	flags.VisitAll(func(f *pflag.Flag) { v[f.Name] = f.Value.String() })
	return v
}

// changed are the names whose values differ, in order.
func (v values) changed(now values) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if v[name] != now[name] {
			names = append(names, name)
		}
	}
	return names
}

// reread makes the verb's flags anew: those that the command line gave cmd, then the
// environment and the configuration file as it is now.
func reread(cmd *cobra.Command) (*cobra.Command, error) {
	started := false
	fresh, _, err := newRoot(&started).Find([]string{cmd.Name()})
	if err != nil {
		return nil, err
	}
	if err := fresh.ParseFlags(commandLine(cmd)); err != nil {
		return nil, err
	}
	if err := configure(fresh); err != nil {
		return nil, err
	}
	_, err = logLevel(fresh)
	return fresh, err
}

// commandLine are the arguments that gave cmd its flags; what configure set is not among them.
func commandLine(cmd *cobra.Command) (args []string) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, v := range list.GetSlice() {
				args = append(args, "--"+f.Name+"="+v)
			}
			return
		}
		args = append(args, "--"+f.Name+"="+f.Value.String())
	})
	return args
}

// onHangup calls reload for every SIGHUP from now on until ctx ends, from a goroutine.
func onHangup(ctx context.Context, reload func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP) // before the first one can come: it would end the process
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				reload()
			}
		}
	}()
}
