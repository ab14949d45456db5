package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"summarizer/summaries/store"
)

func checkStore(cmd *cobra.Command, name string) (sound bool, err error) {
	r, err := store.Check(name)
	if err != nil {
		return false, usagef("%w", err)
	}
	text := fmt.Sprintf("%s: store of %d bytes\n", name, r.Bytes)
	for l := range store.NumLevels {
		text += fmt.Sprintf("  %s windows: %d, %d events\n", store.Level(l), r.Windows[l], r.Events[l])
	}
	if r.Gaps > 0 {
		text += fmt.Sprintf("  %d gaps in the numbers: losses of agents, no damage\n", r.Gaps)
	}
	for _, p := range r.Problems {
		text += "  WRONG: " + p + "\n"
	}
	if r.More > 0 {
		text += fmt.Sprintf("  and %d more that are wrong\n", r.More)
	}
	if !r.OK() {
		text += "  stop the host, move the file away, and keep it: export reads what can be read of it\n"
	}
	_, err = io.WriteString(cmd.OutOrStdout(), text+verdict(r.OK()))
	return r.OK(), err
}
