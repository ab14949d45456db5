package main

import (
	"bytes"

	"summarizer/esbridge"
)

// Bounds of what a host may pass, in bytes. Longer texts are malformed, and not looked at.
const (
	maxPath  = 32 << 10 // paths and executables
	maxName  = 1 << 10  // signing and team identifiers, cdhash, origin
	maxCount = 1 << 48  // of equal events
)

// arenaSize holds the texts of a batch: room for one event of the greatest size beyond half.
const arenaSize = 2 * (3*maxPath + 4*maxName)

// unsigned is the origin of programs of which nobody says one.
var unsigned = []byte("unsigned")

// events collects events that are already told apart: all it keeps of them is copied.
type events struct {
	out       esbridge.Batch
	processes []esbridge.Process // never grown beyond its capacity: events point into it
	arena     []byte
	handed    bool
}

func newEvents() *events {
	return &events{
		out:       esbridge.Batch{Events: make([]esbridge.Event, 0, batchSize)},
		processes: make([]esbridge.Process, 0, batchSize),
		arena:     make([]byte, 0, arenaSize),
	}
}

// Full implements collector.
func (c *events) Full() bool {
	return !c.handed && (len(c.out.Events) == batchSize || len(c.arena) > arenaSize/2)
}

// Batch implements collector.
func (c *events) Batch(now int64) *esbridge.Batch {
	c.begin()
	c.handed = true
	c.out.Now = now
	return &c.out
}

// begin empties a batch that was handed over.
func (c *events) begin() {
	if !c.handed {
		return
	}
	c.out = esbridge.Batch{Events: c.out.Events[:0]}
	c.processes, c.arena, c.handed = c.processes[:0], c.arena[:0], false
}

// add copies e, which p did and which came at now, if it makes sense; else it counts it as
// malformed for the reason given. e.Process is not looked at: that keeps p off the heap.
func (c *events) add(e *esbridge.Event, p *esbridge.Process, now int64) (reason esbridge.Reason, ok bool) {
	c.begin()
	if reason, ok = check(e, p); !ok {
		c.out.Tally.Malformed[reason]++
		return reason, false
	}
	copied := *e
	copied.Process = c.share(p)
	copied.Path, copied.SourcePath = c.keep(e.Path), c.keep(e.SourcePath)
	copied.Arrival = now
	if e.First == 0 && e.Last == 0 {
		copied.First, copied.Last = now, now
	}
	c.out.Events = append(c.out.Events, copied)
	return 0, true
}

// check says what is wrong with e, or with p.
func check(e *esbridge.Event, p *esbridge.Process) (reason esbridge.Reason, ok bool) {
	switch {
	case p == nil:
		return esbridge.MissingField, false
	case e.Count == 0 || e.Count > maxCount || e.Kind >= esbridge.NumKinds || e.First > e.Last || p.PID < 0,
		len(e.Path) > maxPath, len(e.SourcePath) > maxPath, len(p.Executable) > maxPath,
		len(p.CDHash) > maxName, len(p.SigningID) > maxName, len(p.TeamID) > maxName, len(p.Origin) > maxName,
		len(e.Path) > 0 && e.Path[0] != '/', len(e.SourcePath) > 0 && e.SourcePath[0] != '/':
		return esbridge.BadField, false
	}
	return 0, true
}

// keep copies text to where it stays valid until the batch has been folded.
func (c *events) keep(text []byte) []byte {
	start := len(c.arena)
	c.arena = append(c.arena, text...)
	return c.arena[start:len(c.arena):len(c.arena)]
}

// share returns a process of the batch equal to p: the one of the event before, or a copy.
func (c *events) share(p *esbridge.Process) *esbridge.Process {
	if len(p.Origin) == 0 {
		p.Origin = unsigned
	}
	if n := len(c.processes); n > 0 && same(&c.processes[n-1], p) {
		return &c.processes[n-1]
	}
	c.processes = append(c.processes, *p)
	own := &c.processes[len(c.processes)-1]
	for _, text := range [...]*[]byte{&own.Executable, &own.CDHash, &own.SigningID, &own.TeamID, &own.Origin} {
		*text = c.keep(*text)
	}
	return own
}

func same(a, b *esbridge.Process) bool {
	return a.PID == b.PID && a.Version == b.Version && a.Start == b.Start && a.PPID == b.PPID &&
		a.ResponsiblePID == b.ResponsiblePID && a.EUID == b.EUID && a.LowerBound == b.LowerBound &&
		bytes.Equal(a.Executable, b.Executable) && bytes.Equal(a.CDHash, b.CDHash) &&
		bytes.Equal(a.SigningID, b.SigningID) && bytes.Equal(a.TeamID, b.TeamID) && bytes.Equal(a.Origin, b.Origin)
}
