package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"summarizer/esbridge"
	"summarizer/esbridge/eslogger"
	"summarizer/esbridge/linux"
	"summarizer/esbridge/synthetic"
)

// syntheticSeed makes every run of a scenario the same.
const syntheticSeed = 1

const sourceHelp = "auto, linux, endpointsecurity, endpointsecurity:PATH,PATH (only what happens there), eslogger, eslogger:FILE (- for standard input) or synthetic:NAME"

// openSource makes the source that spec names. What mute rules say, it may leave out where
// that is cheapest; it lists what it does leave out. The error is a usageError where spec is wrong
// and an unavailableError where this machine cannot run it.
func openSource(spec string, rules []string) (esbridge.Source, error) {
	kind, detail, hasDetail := strings.Cut(spec, ":")
	switch {
	case spec == "auto":
		return openSource(defaultSource, rules)
	case spec == "linux":
		return openLinux()
	case kind == "endpointsecurity":
		return openEndpointSecurity(detail, rules)
	case spec == "eslogger":
		return eslogger.Spawn(eslogger.Command{}), nil
	case kind == "eslogger" && hasDetail:
		return followLines(detail)
	case kind == "synthetic" && hasDetail:
		return openSynthetic(detail)
	}
	return nil, usagef("--source: %q is no source: give %s", spec, sourceHelp)
}

func openLinux() (esbridge.Source, error) {
	source, err := linux.New(linux.Config{})
	if err != nil {
		return nil, &unavailableError{err}
	}
	return source, nil
}

// followLines reads eslogger lines as they come: from a pipe that somebody writes to.
func followLines(name string) (esbridge.Source, error) {
	if name == "-" {
		return eslogger.NewReader("standard input", os.Stdin, true), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usagef("--source: %w", err)
	}
	return eslogger.NewReader(name, f, true), nil
}

func openSynthetic(name string) (esbridge.Source, error) {
	scenario, err := synthetic.Lookup(name, syntheticSeed)
	if err != nil {
		return nil, usagef("--source: %w", err)
	}
	return synthetic.NewSource(scenario, synthetic.Config{Rate: ownRate(scenario)}), nil
}

// ownRate is how many events a second the times of a scenario tell of.
func ownRate(scenario *synthetic.Scenario) uint64 {
	var times []int64
	scenario.Generate(2, func(e *esbridge.Event) bool {
		times = append(times, e.First)
		return true
	})
	return uint64(int64(time.Second) / (times[1] - times[0]))
}

// withAdvice adds to the error of a source that cannot run here what can be done without it.
// A source may learn only while it runs that it may not: then what doctor says decides.
func withAdvice(spec string, err error) error {
	var unavailable *unavailableError
	byDefault := spec == "auto" || spec == defaultSource
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unavailable), byDefault && !diagnose(defaultSource, requirements()).OK:
		return &unavailableError{fmt.Errorf("%w\n%s", err, instead)}
	}
	return err
}

const instead = `What works without it:
  summarizer doctor                                 says what is missing and how to get it
  summarizer run --source synthetic:quiet-desktop   shows a machine that does not exist
  summarizer replay FILE                            summarises a recording of events`
