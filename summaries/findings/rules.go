package findings

import (
	"fmt"
	"math"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// window is the summary at hand.
type window struct {
	*summaries.Summary
	seconds float64
}

// maxSeconds bounds what a summary may say of its length: a year.
const maxSeconds = 366 * day

// newWindow measures a summary. A window that ended early is judged as if it had lasted a
// hop: the rate of a moment says nothing.
func newWindow(s *summaries.Summary) *window {
	length := max(float64(s.Window.End)-float64(s.Window.Start), float64(s.Window.Hop))
	return &window{s, min(max(length/1e9, 1), maxSeconds)}
}

func (w *window) rate(events uint64) float64 { return float64(events) / w.seconds }

// subject is who is judged: a program, or the folded programs of an origin together.
type subject struct {
	window    *window
	origin    *summaries.Origin
	program   *summaries.Program // nil for folded programs
	processes []summaries.Process
	folded    *summaries.Other // its processes, or programs, that are not listed
	events    uint64
	kinds     *summaries.Kinds
	known     entry // before this window; not used: never seen

	// newest is asked for an example among folded programs.
	newest func(*summaries.Origin) *summaries.Program

	touched, lowerBound bool // what the rules saw
}

func (s *subject) rate() float64 { return s.window.rate(s.events) }

// atLeast is what a distinct count is not below: two standard errors less than the estimate.
func atLeast(d *summaries.Distinct) float64 {
	if d.AtMost {
		return 0
	}
	return max(float64(d.Estimate)*(1-2*d.StdError), 0)
}

// lost tells what the machine did not see.
func (d *Detector) lost(w *window) {
	l := &w.Ledger
	kernel, queue := l.KernelDropped, l.QueueDropped
	lost := kernel + queue
	if lost < kernel {
		lost = math.MaxUint64
	}
	if lost >= d.cfg.LostEvents {
		share := float64(lost) / (float64(lost) + float64(l.Received))
		c := candidate{severity: Medium, kind: Blind, value: float64(lost)}
		if share >= 0.01 {
			c.severity = High
		}
		c.text = fmt.Sprintf("%s events were lost in %s, %s of all: %s by the kernel, %s by a queue; totals are too low by so many",
			number(lost), duration(w.seconds), percent(share), number(kernel), number(queue))
		d.found = append(d.found, c)
	}
	if w.LowerBound && !d.lowerBound {
		d.found = append(d.found, candidate{severity: Low, kind: Blind, value: 0,
			text: fmt.Sprintf("the source %s cannot count exactly: all counts are lower bounds", short(w.Machine.Source))})
	}
	d.lowerBound = w.LowerBound
}

// flood compares a program with itself and with the machine.
func (d *Detector) flood(s *subject) {
	rate, usual, machine := s.rate(), s.known.usual.rate, d.machine.rate
	limit := max(d.cfg.FloodRate, d.cfg.FloodTimes*usual, machine)
	if rate < limit {
		return
	}
	c := s.candidate(Flood, Medium, rate)
	if rate >= 5*limit {
		c.severity = High
	}
	c.text = fmt.Sprintf("%s made %s events in %s, %s a second (%s %s%s)", s.who(), number(s.events), duration(s.window.seconds),
		number(uint64(rate)), percent(share(s.kinds)), mostOf(s.kinds), s.busiest())
	c.text += s.where()
	switch {
	case s.known.used && usual >= 1:
		c.text += fmt.Sprintf(", %s times its usual rate of %s", number(uint64(rate/usual)), number(uint64(usual)))
	case s.known.used:
		c.text += ", and has a usual rate of less than one a second"
	default:
		c.text += ", never seen before"
	}
	if machine >= 1 {
		c.text += fmt.Sprintf("; the whole machine's is %s", number(uint64(machine)))
	}
	d.found = append(d.found, c)
}

// share is the part of the most frequent kind.
func share(k *summaries.Kinds) float64 {
	return float64(k[most(k)]) / max(float64(k.Sum()), 1)
}

func most(k *summaries.Kinds) (kind esbridge.Kind) {
	for i, n := range k {
		if n > k[kind] {
			kind = esbridge.Kind(i)
		}
	}
	return kind
}

func mostOf(k *summaries.Kinds) string { return most(k).String() }

// spreader counts different paths. How many a program has is not in a summary; it is at
// least what its widest process has, and at least what the machine has less one for each
// event of all others.
func (d *Detector) spreader(s *subject) {
	w := s.window
	paths := atLeast(&w.Paths) - (float64(w.Events) - float64(s.events))
	for i := range s.processes {
		paths = max(paths, atLeast(&s.processes[i].Seen))
	}
	paths = min(paths, float64(s.events))
	limit := d.cfg.SpreadRate * w.seconds
	if paths < limit {
		return
	}
	c := s.candidate(Spreader, Medium, math.Floor(paths))
	if paths >= 5*limit {
		c.severity = High
	}
	c.text = fmt.Sprintf("%s changed at least %s different paths in %s, %s a second, with %s events", s.who(), number(uint64(paths)),
		duration(w.seconds), number(uint64(paths/w.seconds)), number(s.events)) + s.where()
	d.found = append(d.found, c)
}

// renameStorm counts files that were given another extension. A process that renames one
// file again and again counts it once.
func (d *Detector) renameStorm(s *subject) {
	var renames uint64
	var files float64
	for i := range s.processes {
		p := &s.processes[i]
		renames += p.ExtensionChanges
		paths := atLeast(&p.Seen)
		var listed float64
		for j := range p.Paths {
			if p.Paths[j].Kinds[esbridge.Rename] > 0 {
				listed++
			}
		}
		files += min(float64(p.ExtensionChanges), max(paths, listed))
	}
	if files < d.cfg.RenameRate*s.window.seconds {
		return
	}
	c := s.candidate(RenameStorm, High, float64(renames))
	c.text = fmt.Sprintf("%s made %s renames that change the extension in %s, of at least %s files", s.who(), number(renames),
		duration(s.window.seconds), number(uint64(files))) + s.where()
	d.found = append(d.found, c)
}

// watched looks for rows under watched paths.
func (d *Detector) watched(s *subject) {
	var events, rows uint64
	var top *summaries.Path
	look := func(paths []summaries.Path) {
		for i := range paths {
			p := &paths[i]
			if !d.watch.Match(p.Path) {
				continue
			}
			rows++
			events += p.Events
			if top == nil || p.Events > top.Events {
				top = p
			}
		}
	}
	for i := range s.processes {
		look(s.processes[i].Paths)
	}
	look(s.folded.Paths)
	if top == nil {
		return
	}
	s.touched = true
	c := s.candidate(Watched, Low, float64(events))
	what := "changes watched paths, as before"
	switch {
	case s.program == nil: // one of them may be new
		c.severity, what = Medium, "changed a watched path; which of them did is not known"
	case s.known.used && !s.known.touched:
		c.severity, what = Medium, "changed a watched path for the first time"
	case !s.known.used && d.elapsed < d.cfg.Learn.Seconds():
		c.severity, what = Medium, "changed a watched path; what is usual is still being learned"
	case !s.known.used:
		c.severity, c.kind, what = High, NewWriter, "was not seen before and changed a watched path"
	}
	c.text = fmt.Sprintf("%s %s: %s (%s of %s events on %s watched rows)", s.who(), what, short(string(top.Path)),
		number(top.Events), number(events), number(rows))
	d.found = append(d.found, c)
}

// uncounted tells once of a program that it can change files in ways nobody can count.
func (d *Detector) uncounted(s *subject) {
	s.lowerBound = s.folded.LowerBound
	for i := range s.processes {
		s.lowerBound = s.lowerBound || s.processes[i].LowerBound
	}
	if !s.lowerBound || s.known.lowerBound || s.window.LowerBound {
		return
	}
	c := s.candidate(Blind, Low, float64(s.events))
	c.text = fmt.Sprintf("%s can change files in ways that cannot be counted: its %s events are a lower bound", s.who(), number(s.events))
	d.found = append(d.found, c)
}
