package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// requirement is something that the default source of this platform needs.
type requirement struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`           // what was found
	Remedy string `json:"remedy,omitempty"` // what to do about it
}

// diagnosis is what doctor reports.
type diagnosis struct {
	Source       string        `json:"source"` // the default one of this platform
	OK           bool          `json:"ok"`     // all requirements are met
	Requirements []requirement `json:"requirements"`
}

func newDoctor() *cobra.Command {
	var format string
	var advice bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing on this machine to run, and how to get it",
		Long: "Say what the default source of this platform needs, what is missing, and how to get it.\nIt exits with 1 if that source cannot run.\n\n" +
			"With --advise-mutes FILE... it reads recordings of events, or frames, and says what muting each\nnoisy program and path would have saved. It mutes nothing.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if advice != (len(args) > 0) {
				return usagef("doctor: give files with --advise-mutes, and none without it")
			}
			if format != formatTable && format != formatJSON {
				return usagef("--print: %q is no format: give table or json", format)
			}
			if advice {
				return adviseMutes(cmd, args, format)
			}
			d := diagnose(defaultSource, requirements())
			if err := d.print(format, cmd.OutOrStdout()); err != nil {
				return fmt.Errorf("printing the diagnosis: %w", err)
			}
			if !d.OK {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "print", formatTable, "table or json")
	cmd.Flags().BoolVar(&advice, "advise-mutes", false, "say what muting would have saved in the given files")
	return cmd
}

func diagnose(source string, needs []requirement) *diagnosis {
	d := &diagnosis{Source: source, OK: true, Requirements: needs}
	for _, n := range needs {
		d.OK = d.OK && n.OK
	}
	return d
}

func (d *diagnosis) print(format string, w io.Writer) error {
	if format == formatJSON {
		return json.NewEncoder(w).Encode(d)
	}
	for _, n := range d.Requirements {
		state := "ok     "
		if !n.OK {
			state = "missing"
		}
		if _, err := fmt.Fprintf(w, "%s  %s: %s\n", state, n.Name, n.Detail); err != nil {
			return err
		}
		if n.Remedy != "" {
			if _, err := fmt.Fprintf(w, "         to do: %s\n", n.Remedy); err != nil {
				return err
			}
		}
	}
	verdict := "the %s source can run: summarizer run\n"
	if !d.OK {
		verdict = "the %s source cannot run here yet; summarizer replay and run --source synthetic:quiet-desktop can\n"
	}
	_, err := fmt.Fprintf(w, verdict, d.Source)
	return err
}
