package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"summarizer/aggregator"
	"summarizer/summaries"
)

const (
	// adviceShare is the least share of all events that is worth a rule.
	adviceShare = 0.01
	// adviceRules is how many rules are told of programs, and of paths.
	adviceRules = 20
	// adviceBatch is how many windows wait to be merged: memory is that of so many frames.
	adviceBatch = 32
)

// muteAdvice is what doctor --advise-mutes reports.
type muteAdvice struct {
	Windows  uint32      `json:"windows"`
	Events   uint64      `json:"events"` // counted
	Muted    uint64      `json:"muted"`  // by the rules that were in force, not among events
	Programs []muteSaves `json:"programs"`
	Paths    []muteSaves `json:"paths"`
}

// muteSaves is what one rule, alone, would have left out.
type muteSaves struct {
	Rule      string  `json:"rule"`
	Events    uint64  `json:"events"`     // at least
	EventsMax uint64  `json:"events_max"` // at most
	Share     float64 `json:"share"`      // of Events in all events
	Origin    string  `json:"origin,omitempty"`
}

// adviseMutes reads recordings or frames and says what muting would save. It mutes nothing.
func adviseMutes(cmd *cobra.Command, names []string, format string) error {
	var s settings
	s.flags(pflag.NewFlagSet("advice", pflag.ContinueOnError)) // the defaults
	s.frameSize = summaries.MaxFrameSize
	bar := newProgress(cmd.ErrOrStderr(), names)
	defer bar.hide()
	r := replay{settings: &s, names: names, stdin: cmd.InOrStdin(), bar: bar}
	total, err := mergeTiles(cmd.Context(), &r)
	if err != nil {
		return err
	}
	bar.hide()
	if err := advise(total).print(format, cmd.OutOrStdout()); err != nil {
		return fmt.Errorf("printing the advice: %w", err)
	}
	return nil
}

// mergeTiles is all that r reads as one summary, of bounded size.
func mergeTiles(ctx context.Context, r *replay) (*summaries.Summary, error) {
	var waiting []*summaries.Summary
	merge := func() error {
		merged, err := summaries.Merge(nil, summaries.MaxFrameSize, waiting...)
		waiting = append(waiting[:0], merged)
		return err
	}
	err := r.run(ctx, func(s *summaries.Summary, frame []byte) error {
		if !s.Window.Tile {
			return nil // its events are in tiles too
		}
		own, err := summaries.DecodeFrame(frame)
		if err != nil {
			return err
		}
		if waiting = append(waiting, own); len(waiting) == adviceBatch {
			return merge()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(waiting) == 0 {
		return &summaries.Summary{}, nil
	}
	err = merge()
	return waiting[0], err
}

// advise ranks what would be left out.
func advise(s *summaries.Summary) *muteAdvice {
	return &muteAdvice{
		Windows: s.Window.Merged, Events: s.Events, Muted: s.Ledger.Muted,
		Programs: worthwhile(programSavings(s), s.Events), Paths: worthwhile(pathSavings(s), s.Events),
	}
}

// worthwhile are the rules that save most, as far as they can be written and shown: who names
// a file does not write to a terminal.
func worthwhile(all []muteSaves, events uint64) []muteSaves {
	all = slices.DeleteFunc(all, func(m muteSaves) bool {
		_, err := aggregator.ParseMute(m.Rule)
		hidden := strings.ContainsFunc(m.Rule, func(c rune) bool { return !unicode.IsPrint(c) })
		return err != nil || hidden || float64(m.Events) < adviceShare*float64(events)
	})
	slices.SortFunc(all, func(a, b muteSaves) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Rule, b.Rule))
	})
	for i := range all {
		all[i].Share = math.Round(float64(all[i].Events)/float64(events)*1e4) / 1e4
	}
	return all[:min(len(all), adviceRules)]
}

// programSavings is what muting each executable would leave out.
func programSavings(s *summaries.Summary) (all []muteSaves) {
	at := map[string]int{}
	for i := range s.Origins {
		for j := range s.Origins[i].Programs {
			p := &s.Origins[i].Programs[j]
			if p.PathLen != len(p.Path) {
				continue // its middle is not known: no rule can name it
			}
			k, known := at[string(p.Path)]
			if !known {
				k = len(all)
				at[string(p.Path)] = k
				all = append(all, muteSaves{Rule: "exe=" + escapeCondition(string(p.Path)), Origin: s.Origins[i].Name})
			}
			m := &all[k]
			m.Events += p.Events
			m.EventsMax += p.Events + p.MissedMax
			if m.Origin != s.Origins[i].Name {
				m.Origin = "several"
			}
		}
	}
	return all
}

// escapeCondition writes a value as a condition of a rule has it.
func escapeCondition(value string) string {
	return strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(value)
}

func (a *muteAdvice) print(format string, w io.Writer) error {
	if format == formatJSON {
		return json.NewEncoder(w).Encode(a)
	}
	if _, err := fmt.Fprintf(w, "%d events in %d windows; rules in force left out another %d\n", a.Events, a.Windows, a.Muted); err != nil {
		return err
	}
	for _, part := range []struct {
		title string
		rules []muteSaves
	}{{"programs", a.Programs}, {"paths", a.Paths}} {
		if _, err := fmt.Fprintf(w, "\n%s with %.0f %% of the events or more:\n", part.title, 100*adviceShare); err != nil {
			return err
		}
		for _, m := range part.rules {
			if _, err := fmt.Fprintf(w, "%14s  %6.2f %%  --mute %s%s\n", m.span(), 100*m.Share, m.quoted(), m.who()); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprint(w, adviceNotes)
	return err
}

const adviceNotes = `
Each line counts for itself: lines overlap. A range says how far rows that were folded leave it
open, or renames that only one end of lies there, which a rule keeps. Nothing was muted. What you
mute is a blind spot: whoever writes there, or as that program, is not seen.
`

func (m *muteSaves) span() string {
	if m.EventsMax == m.Events {
		return fmt.Sprint(m.Events)
	}
	return fmt.Sprintf("%d-%d", m.Events, m.EventsMax)
}

// quoted is the rule as one word of a shell, whatever is in it.
func (m *muteSaves) quoted() string { return "'" + strings.ReplaceAll(m.Rule, "'", `'\''`) + "'" }

func (m *muteSaves) who() string {
	if m.Origin == "" {
		return ""
	}
	return "  (" + m.Origin + ")"
}
