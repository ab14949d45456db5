// Package findings draws conclusions from summaries: a few rules, each of which says who,
// and the numbers that it rests on. docs/findings.md lists them.
//
//	flood         far more events a second than the program ever had, and the machine has
//	spreader      very many different paths
//	rename_storm  renames that change the extension, across many files
//	watched       something under a watched path was changed
//	new_writer    the same, by a program that was not seen before
//	blind         events were lost, or could not be counted exactly
//
// A Detector sees the tiles of one machine in their order. It needs nothing but what
// summaries say, and its verdict depends on nothing else: the same summaries give the same
// findings.
//
// Its memory is fixed. What it knows of programs is in a table of Config.Programs entries,
// shared out by origin, which is what an attacker cannot mint cheaply: while the table holds
// F origins, no program of an origin with at most Programs/F of them is forgotten, whoever
// starts how many others (history.go). A program that was forgotten counts as new: forgetting
// can make a finding, and never hides one.
//
// Nor can one writer crowd out the findings of another: of equal severity the first finding
// of each kind in each origin comes before the second of any (rank.go).
package findings

import (
	"fmt"
	"time"

	"summarizer/summaries"
)

// Kinds of findings, as in summaries.Finding.Kind.
const (
	Flood       = "flood"
	Spreader    = "spreader"
	RenameStorm = "rename_storm"
	Watched     = "watched"
	NewWriter   = "new_writer"
	Blind       = "blind"
)

// Severities, as in summaries.Finding.Severity.
const (
	Low    = "low"
	Medium = "medium"
	High   = "high"
)

// Bounds of what comes out for one summary: at most MaxFindings, with at most so many bytes
// of text and of a program's path. All of them take less than 6 KiB of a frame's head.
const (
	MaxFindings = 8
	MaxText     = 448
	MaxProgram  = 256
)

// Config are the thresholds. Zero values stand for the defaults, which docs/findings.md
// gives reasons for; a very large threshold turns its rule off.
type Config struct {
	// FloodRate is below what rate nothing is a flood, in events a second; 0 is 10,000.
	FloodRate float64
	// FloodTimes is how many times its usual rate a program must exceed; 0 is 10.
	FloodTimes float64
	// SpreadRate is how many different paths a second make a spreader; 0 is 10,000.
	SpreadRate float64
	// RenameRate is how many files a second that are given another extension make a rename
	// storm; 0 is 50.
	RenameRate float64
	// LostEvents is how many lost events of a window are told; 0 is 1.
	LostEvents uint64
	// Memory is how far back usual rates reach, in time seen; 0 is one hour.
	Memory time.Duration
	// Learn is how much time must be seen before a program counts as new; 0 is one hour.
	Learn time.Duration
	// Programs is how many programs are remembered; 0 is 2048, about 150 bytes each.
	Programs int
	// Watch are path prefixes, "*" for one component; nil is summaries.DefaultWatch.
	Watch []string
}

func (c Config) withDefaults() Config {
	or := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	or(&c.FloodRate, 10_000)
	or(&c.FloodTimes, 10)
	or(&c.SpreadRate, 10_000)
	or(&c.RenameRate, 50)
	c.LostEvents = max(c.LostEvents, 1)
	if c.Memory == 0 {
		c.Memory = time.Hour
	}
	if c.Learn == 0 {
		c.Learn = time.Hour
	}
	if c.Programs == 0 {
		c.Programs = 2048
	}
	if c.Watch == nil {
		c.Watch = summaries.DefaultWatch
	}
	return c
}

// Validate says what is wrong with c.
func (c Config) Validate() error {
	for _, f := range []struct {
		name string
		v    float64
	}{{"FloodRate", c.FloodRate}, {"FloodTimes", c.FloodTimes}, {"SpreadRate", c.SpreadRate}, {"RenameRate", c.RenameRate}} {
		if !(f.v >= 0) { // the negation catches NaN
			return fmt.Errorf("findings: %s is %v: use a positive number, or 0 for the default", f.name, f.v)
		}
	}
	if c.Memory < 0 || c.Learn < 0 {
		return fmt.Errorf("findings: Memory is %v and Learn %v: use positive durations, or 0 for the defaults", c.Memory, c.Learn)
	}
	if c.Programs < 0 || c.Programs > 1<<20 {
		return fmt.Errorf("findings: Programs is %d: use 1 to %d, or 0 for the default", c.Programs, 1<<20)
	}
	return nil
}

// Detector remembers what is usual on one machine. It belongs to one goroutine.
type Detector struct {
	cfg        Config
	watch      summaries.Watch
	history    *history
	machine    usual   // all events
	elapsed    float64 // seconds seen
	lowerBound bool    // what the last summary said of its source
	found      []candidate
}

// New makes a Detector and allocates what it will remember. Let it observe the tiles of the
// last hours, and drop what it finds, to begin with what is usual.
func New(cfg Config) (*Detector, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Detector{cfg: cfg, watch: summaries.NewWatch(cfg.Watch), history: newHistory(cfg.Programs)}, nil
}

// Report is what was found in one summary.
type Report struct {
	// Findings are the most severe first, at most MaxFindings. The caller owns them.
	Findings []summaries.Finding
	// LeftOut is how many more there were. The text of the last one says so too.
	LeftOut int
}

// Observe draws conclusions from the next tile, and learns from it. Tiles come in order,
// each once; windows that overlap others are not for it. s is not changed and not kept.
func (d *Detector) Observe(s *summaries.Summary) Report {
	d.found = d.found[:0]
	w := newWindow(s)
	d.lost(w)
	for i := range s.Origins {
		o := &s.Origins[i]
		for j := range o.Programs {
			d.program(w, o, &o.Programs[j])
		}
		if o.Other.Events > 0 {
			d.others(w, o)
		}
	}
	d.machine.learn(w.rate(s.Events), w.seconds, d.cfg.FloodRate, d.cfg.Memory)
	d.elapsed += w.seconds
	d.history.age(w.seconds)
	return report(d.found)
}

// program judges a listed program by what was known of it before, then learns.
func (d *Detector) program(w *window, o *summaries.Origin, g *summaries.Program) {
	key := identify(o.Name, g.Path, g.CDHash)
	known := d.history.find(key)
	s := &subject{window: w, origin: o, program: g, processes: g.Processes, folded: &g.Other, events: g.Events, kinds: &g.Kinds}
	if known != nil {
		s.known = *known
	}
	d.judge(s)
	if known == nil {
		known = d.history.admit(key, identify(o.Name, nil, nil))
	}
	d.remember(known, s)
}

// others does the same for all programs of an origin that were folded up, together.
func (d *Detector) others(w *window, o *summaries.Origin) {
	key := identify(o.Name, nil, nil)
	known := d.history.find(key)
	s := &subject{window: w, origin: o, folded: &o.Other, events: o.Other.Events, kinds: &o.Other.Kinds}
	if known != nil {
		s.known = *known
	}
	s.newest = d.newest
	d.judge(s)
	if known == nil {
		known = d.history.admit(key, key)
	}
	d.remember(known, s)
}

func (d *Detector) judge(s *subject) {
	d.flood(s)
	d.spreader(s)
	d.renameStorm(s)
	d.watched(s)
	d.uncounted(s)
}

func (d *Detector) remember(e *entry, s *subject) {
	e.usual.learn(s.rate(), s.window.seconds, d.cfg.FloodRate/d.cfg.FloodTimes, d.cfg.Memory)
	e.touched = e.touched || s.touched
	e.lowerBound = e.lowerBound || s.lowerBound
	e.seen()
}
