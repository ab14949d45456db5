package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"summarizer/summaries/transport/spool"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Verify a store or a spool",
		Long: `Verify a store or a spool: every frame decodes, all sums agree, no numbers overlap.

It reads only, and may run beside an agent or a host. It exits with 1 where something is wrong.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			sound := true
			for _, name := range names {
				ok, err := check(cmd, name)
				if err != nil {
					return err
				}
				sound = sound && ok
			}
			if !sound {
				return errReported
			}
			return nil
		},
	}
}

// sqliteMagic is what an SQLite file begins with: sqlite.org/fileformat.html, 1.3.
const sqliteMagic = "SQLite format 3\x00"

// check looks at one file and tells what it found on standard output.
func check(cmd *cobra.Command, name string) (sound bool, err error) {
	head, err := readHead(name, len(sqliteMagic))
	if err != nil {
		return false, usagef("%w", err)
	}
	if string(head) == sqliteMagic {
		return checkStore(cmd, name)
	}
	return checkSpool(cmd.OutOrStdout(), name)
}

func readHead(name string, n int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, n)
	n, err = io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return head[:n], nil
}

func checkSpool(w io.Writer, name string) (sound bool, err error) {
	r, err := spool.Check(name)
	if err != nil {
		return false, usagef("%s is neither a store nor a spool that can be read: %w", name, err)
	}
	state := "was not closed: an agent was killed, or runs"
	switch {
	case r.Locked:
		state = "in use by an agent: what follows may be in the middle of a change"
	case r.Clean:
		state = "closed"
	}
	text := fmt.Sprintf("%s: spool of %d × %d bytes, session %s, %s\n", name, r.Slots, r.FrameSize, r.Session, state)
	text += fmt.Sprintf("  last number %d, acknowledged %d, %d summaries wait\n", r.LastSeq, r.Acked, len(r.Waiting))
	if r.OpenWindow != nil {
		text += fmt.Sprintf("  the next start recovers an open window, %d to %d\n", r.OpenWindow.First, r.OpenWindow.Last)
	}
	for _, g := range r.Gaps {
		text += fmt.Sprintf("  gap: nothing waits for %d to %d\n", g.First, g.Last)
	}
	for _, p := range r.Problems {
		text += fmt.Sprintf("  WRONG: %v\n", p)
	}
	_, err = io.WriteString(w, text+verdict(r.OK()))
	return r.OK(), err
}

func verdict(ok bool) string {
	if ok {
		return "  sound\n"
	}
	return "  NOT SOUND\n"
}
