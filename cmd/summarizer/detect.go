package main

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"summarizer/summaries"
	"summarizer/summaries/findings"
	"summarizer/summaries/store"
)

// detection are the flags of the findings' thresholds.
type detection struct{ findings.Config }

func (d *detection) flags(flags *pflag.FlagSet) {
	flags.Float64Var(&d.FloodRate, "flood-rate", 0, "events a second below which nothing is a flood (default: 10,000)")
	flags.Float64Var(&d.FloodTimes, "flood-times", 0, "how many times its usual rate makes a program's flood (default: 10)")
	flags.Float64Var(&d.SpreadRate, "spread-rate", 0, "different paths a second that make a spreader (default: 10,000)")
	flags.Float64Var(&d.RenameRate, "rename-rate", 0, "files a second given another extension that make a rename storm (default: 50)")
	flags.Uint64Var(&d.LostEvents, "lost-events", 0, "lost events of a window that are a finding (default: 1)")
	flags.DurationVar(&d.Learn, "learn", 0, "how long to watch before a program counts as new (default: 1h)")
}

// watchFlag is for a verb that folds nothing itself: what is watched is for findings alone.
func (d *detection) watchFlag(flags *pflag.FlagSet) {
	flags.StringArrayVar(&d.Watch, "watch", nil, "changes under this `prefix` are a finding; * is any one folder; may be repeated, replaces the built-in list; as for the agent")
}

// detector draws conclusions from tiles, each once.
type detector struct {
	findings *findings.Detector
	boot     string
	seq      uint64 // of the last tile it saw
}

// open makes a detector; watch are the paths that an agent in the same process watches.
func (d *detection) open(watch []string) (*detector, error) {
	cfg := d.Config
	if watch != nil {
		cfg.Watch = watch
	}
	if err := checkWatch(cfg.Watch); err != nil {
		return nil, &usageError{err}
	}
	f, err := findings.New(cfg)
	if err != nil {
		return nil, &usageError{err}
	}
	return &detector{findings: f}, nil
}

// observe adds what it finds to a tile. One that comes again is not seen again: what was
// found in it has been told.
func (d *detector) observe(s *summaries.Summary) {
	if !s.Window.Tile || s.Machine.Boot == d.boot && s.Seq <= d.seq {
		return
	}
	d.boot, d.seq = s.Machine.Boot, s.Seq
	s.Findings = d.findings.Observe(s).Findings
}

// learnFrom is how much history a detector sees before it begins.
const learnFrom = time.Hour

// learn lets the detector see the last hour of history, so that it begins with what is usual;
// each is told what it finds in it.
func (d *detector) learn(ctx context.Context, st *store.Store, tell func(*summaries.Summary)) error {
	now := time.Now()
	for s, err := range st.Summaries(ctx, store.Range{From: now.Add(-learnFrom).UnixNano(), To: now.UnixNano()}) {
		if err != nil {
			return err
		}
		s.Window.Tile = true // a roll-up is one, of longer windows
		d.observe(s)
		tell(s)
	}
	return nil
}
