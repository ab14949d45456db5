// Package synthetic makes file events up: quiet machines, busy but harmless ones, and every
// way we know to flood a file monitor. Tests, benchmarks and `--source synthetic:NAME` share
// the scenarios.
//
// A scenario is a name and a seed, and the same events on every machine: all randomness is a
// seeded PCG (math/rand/v2), and no floating-point result depends on the processor. Every
// event counts one. Use Generate for a loop over events, NewSource for an esbridge.Source.
//
// The attacks:
//
//	one-file-flood       one process writes one byte to one file, again and again
//	many-process-flood   a thousand processes do so, each to a file of its own
//	distinct-flood       one process writes a million different files in one directory, in turn
//	one-dir-per-file     the same with a directory for each file
//	deep-paths           hundreds of levels, and paths as long as the systems allow
//	fork-storm           every event a new process and a new path; the pids go round
//	executable-storm     every event a new executable, process and path
//	hidden-heavy-hitter  a distinct flood in which every HeavyEvery-th event hits HeavyPath
//	attack-mix           zipf, and nine of ten events by an attacker: new paths, and a new
//	                     process every ten events
//
// The loads that are none: quiet-desktop, zipf (a million pairs of process and path with
// frequencies as in Zipf's law, exponent 1.1, by 300 processes of 20 programs), compile,
// unpack, backup, browser and indexer.
//
// With "+quiet" after its name a scenario has one event more in its middle: QuietProgram
// writes QuietPath, once.
package synthetic

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"summarizer/esbridge"
)

// What tests look for.
const (
	QuietProgram = "/Applications/Notes.app/Contents/MacOS/Notes"
	QuietPath    = "/Users/alex/Documents/diary.txt"
	HeavyPath    = "/Users/alex/Library/LaunchAgents/com.example.agent.plist"
	HeavyEvery   = 100
)

const quietSuffix = "+quiet"

// shape makes the next event of a scenario.
type shape func(*generator)

type definition struct {
	name   string
	rate   int64 // events per second of simulated time, at least 1
	shape  func(*generator) shape
	expect func(n uint64) Expected
}

// definitions in the order of the package comment.
func definitions() []definition {
	return append(attacks(), benign()...)
}

// Scenario is a stream of events. It has no state: each Generate starts over.
type Scenario struct {
	definition
	seed  uint64
	quiet bool
}

// Names lists the scenarios, without their "+quiet" variants.
func Names() []string {
	var names []string
	for _, d := range definitions() {
		names = append(names, d.name)
	}
	return names
}

// Lookup finds a scenario by its name, which may end in "+quiet".
func Lookup(name string, seed uint64) (*Scenario, error) {
	plain, quiet := strings.CutSuffix(name, quietSuffix)
	all := definitions()
	i := slices.IndexFunc(all, func(d definition) bool { return d.name == plain })
	if i < 0 {
		return nil, fmt.Errorf("no synthetic scenario %q: use one of %s, each also with %s after it",
			name, strings.Join(Names(), ", "), quietSuffix)
	}
	return &Scenario{definition: all[i], seed: seed, quiet: quiet}, nil
}

// Name is what Lookup was asked for.
func (s *Scenario) Name() string {
	if s.quiet {
		return s.name + quietSuffix
	}
	return s.name
}

// Expected is what the first events of a scenario add up to.
type Expected struct {
	Events                     uint64 // Σ Count
	Programs, Processes, Paths uint64 // different ones
	AtMost                     bool   // Programs, Processes and Paths are upper bounds
}

// Expect tells what the first n events add up to.
func (s *Scenario) Expect(n uint64) Expected {
	if !s.quiet || n == 0 {
		e := s.expect(n)
		e.Events = n
		return e
	}
	e := s.expect(n - 1)
	e.Events = n
	e.Programs, e.Processes, e.Paths = e.Programs+1, e.Processes+1, e.Paths+1
	return e
}

// Generate calls yield with each of the first n events until it returns false. Times are
// simulated: they begin at Epoch and advance by the same step. An event and all it points to
// are valid until yield returns. Nothing is allocated per event.
func (s *Scenario) Generate(n uint64, yield func(*esbridge.Event) bool) {
	for batch := range s.Batches(n) {
		for i := range batch {
			if !yield(&batch[i]) {
				return
			}
		}
	}
}

// Batches is Generate a batch at a time, as sources deliver. A batch is valid until the next
// one is asked for.
func (s *Scenario) Batches(n uint64) iter.Seq[[]esbridge.Event] {
	return func(yield func([]esbridge.Event) bool) {
		g := s.generator(n)
		for n > 0 {
			batch := g.fill(int(min(n, BatchSize)), Epoch)
			if !yield(batch) {
				return
			}
			n -= uint64(len(batch))
		}
	}
}

// Epoch is when simulated time begins: 2026-01-02T03:04:00Z, in nanoseconds.
const Epoch int64 = 1767323040e9

// step is the simulated time between events, in nanoseconds.
func (s *Scenario) step() int64 { return int64(time.Second) / s.rate }
