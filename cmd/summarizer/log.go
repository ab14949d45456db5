package main

import (
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const logLevelFlag = "log-level"

// newLogger logs to standard error: as text on a terminal, else as one JSON object per line.
// This is the only place that sets up logging.
func newLogger(cmd *cobra.Command) (zerolog.Logger, error) {
	level, err := logLevel(cmd)
	if err != nil {
		return zerolog.Nop(), err
	}
	w := cmd.ErrOrStderr()
	if isTerminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly} // knows NO_COLOR
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}

// logLevel is what the flag says, which every verb has and checks.
func logLevel(cmd *cobra.Command) (zerolog.Level, error) {
	name, _ := cmd.Flags().GetString(logLevelFlag)
	level, ok := logLevels[name]
	if !ok {
		return zerolog.Disabled, usagef("--%s: %q is no level: give debug, info, warn, error or off", logLevelFlag, name)
	}
	return level, nil
}

var logLevels = map[string]zerolog.Level{
	"debug": zerolog.DebugLevel, "info": zerolog.InfoLevel, "warn": zerolog.WarnLevel,
	"error": zerolog.ErrorLevel, "off": zerolog.Disabled,
}

// isTerminal tells whether w is a terminal that a person looks at.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
