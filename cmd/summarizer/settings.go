package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"summarizer/aggregator"
	"summarizer/aggregator/window"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// settings are the flags that run and replay share: what a summary is made with.
type settings struct {
	window, hop time.Duration
	frameSize   byteSize
	limits      summaries.Limits
	pathBytes   byteSize
	watch       []string
	keyFile     string
}

const keyFileFlag = "sketch-key-file"

func (s *settings) flags(flags *pflag.FlagSet) {
	s.frameSize, s.limits = summaries.DefaultFrameSize, summaries.DefaultLimits
	flags.DurationVar(&s.window, "window", window.DefaultWindow, "time that a summary covers")
	flags.DurationVar(&s.hop, "hop", 0, "time between summaries; the window is a multiple of it (default: the window)")
	flags.Var(&s.frameSize, "frame-size", "size of every summary as a frame, 16KiB to 1MiB")
	flags.IntVar(&s.limits.Origins, "limit-origins", s.limits.Origins, "most origins that are told apart at a time")
	flags.IntVar(&s.limits.Programs, "limit-programs", s.limits.Programs, "most programs that are told apart")
	flags.IntVar(&s.limits.Processes, "limit-processes", s.limits.Processes, "most processes that are told apart")
	flags.IntVar(&s.limits.Paths, "limit-paths", s.limits.Paths, "most paths that are told apart")
	flags.Var(&s.pathBytes, "limit-path-bytes", "most bytes of paths that are kept (default: 192 for each of --limit-paths)")
	flags.StringArrayVar(&s.watch, "watch", nil, "fold paths under this `prefix` last; * is any one folder; may be repeated, replaces the built-in list")
	flags.StringVar(&s.keyFile, keyFileFlag, "", "`file` with the key of the sketches, 32 hexadecimal digits (or "+keyVariable+"; default: a random one)")
}

// config is what the flags say, checked. machine is who the summaries are about.
func (s *settings) config(machine summaries.Machine) (aggregator.Config, error) {
	cfg := aggregator.Config{
		Window: s.window, Hop: s.hop, FrameSize: int(s.frameSize),
		Limits: s.limits, Watch: s.watch, Machine: machine, Boottime: boottime,
	}
	cfg.Limits.PathBytes = int(s.pathBytes)
	if s.pathBytes == 0 {
		cfg.Limits.PathBytes = cfg.Limits.OrDefault().PathBytes
	}
	if err := s.check(&cfg); err != nil {
		return cfg, err
	}
	var err error
	cfg.Key, err = sketchKey(s.keyFile)
	return cfg, err
}

// check finds what is wrong with cfg. Zero is no way to ask for a default here: the flags
// have theirs.
func (s *settings) check(cfg *aggregator.Config) error {
	if s.window <= 0 {
		return usagef("--window is %v: make it 100ms or longer", s.window)
	}
	if summaries.CheckFrameSize(int(s.frameSize)) != nil {
		return usagef("--frame-size is %s: give a multiple of 1KiB from 16KiB to 1MiB", &s.frameSize)
	}
	for _, err := range []error{checkWatch(s.watch), cfg.Limits.Validate(), cfg.Validate()} {
		if err != nil {
			return &usageError{err}
		}
	}
	return nil
}

func checkWatch(prefixes []string) error {
	for _, prefix := range prefixes {
		if len(prefix) < 2 || prefix[0] != '/' {
			return fmt.Errorf("--watch is %q: give an absolute path", prefix)
		}
	}
	return nil
}

// sketchKey is the configured key, or else a random one.
func sketchKey(file string) (sketch.Key, error) {
	key, known, err := configuredKey(file)
	if err == nil && !known {
		key = sketch.RandomKey()
	}
	return key, err
}

// configuredKey reads the key from the file, or else from the environment.
func configuredKey(file string) (key sketch.Key, known bool, err error) {
	text, origin := os.Getenv(keyVariable), keyVariable
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return key, false, usagef("--%s: %w", keyFileFlag, err)
		}
		text, origin = string(b), "--"+keyFileFlag+": "+file
	}
	if text == "" && file == "" {
		return key, false, nil
	}
	if key, err = sketch.ParseKey(text); err != nil {
		return key, false, &usageError{fmt.Errorf("%s: %w", origin, err)}
	}
	return key, true, nil
}
