// Package terminal shows summaries to a person who looks at a terminal, over ssh as well as
// beside a keyboard.
//
// Run is the live view: programs and paths that can be sorted, a line of how busy the
// machine was, what was lost said as plainly as what was counted, and a way down from a
// program to its processes and their paths. Table is the same as text, for logs and pipes.
//
// Names come from whoever wrote the files. They are escaped (Escape) and stand last in
// their line, so that nobody can forge a number, move the cursor or turn the text around.
// What the numbers mean is in docs/summary.md: "≥" marks a lower bound, "~" an estimate,
// "≤" an upper bound, "+n" what may be missing from a row.
package terminal

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"

	"summarizer/summaries"
)

// Options is how Run talks to the terminal.
type Options struct {
	In  io.Reader // keys; nil: standard input
	Out io.Writer // nil: standard output
	// Env is the environment ("KEY=value"), from which NO_COLOR, TERM and the character set
	// are read.
	Env []string
}

// Run shows what feed passes to show until the user leaves, ctx ends or feed returns. show
// may be called from any goroutine and keeps the summary; it never waits for the user. feed
// returns when ctx ends. Run returns feed's error, nil where the user left or ctx ended.
func Run(ctx context.Context, o Options, feed func(ctx context.Context, show func(*summaries.Summary)) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Not tea.WithContext: a killed program closes the terminal while its reader still waits on
	// it. ctx ends feed, and the end of feed leaves the program as the user would.
	options := []tea.ProgramOption{tea.WithEnvironment(o.Env), tea.WithoutSignalHandler()}
	if o.In != nil {
		options = append(options, tea.WithInput(o.In))
	}
	if o.Out != nil {
		options = append(options, tea.WithOutput(o.Out))
	}
	program := tea.NewProgram(newModel(style{ascii: !utf8Locale(o.Env)}), options...)
	fed := make(chan error, 1)
	go func() {
		fed <- feed(ctx, func(s *summaries.Summary) { program.Send(s) })
		program.Quit()
	}()
	_, err := program.Run()
	cancel()
	return errors.Join(err, <-fed)
}
