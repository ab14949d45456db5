package main

import (
	"fmt"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
)

// The quiet programs that write while a stream goes on. Half of them are of the attacker's
// own origin.
const (
	quietPrograms  = 20
	quietProcesses = 200
	quietFiles     = 5
	quietWrites    = 4
	quietPairs     = quietProcesses * quietFiles
	quietEvents    = quietPairs * quietWrites
)

// stream is a scenario of so many events, and what is true of it.
type stream struct {
	scenario *synthetic.Scenario
	events   uint64
	truth    *maps // of the scenario with the quiet programs
	programs map[string]string
	total    uint64
}

func newStream(name string, events uint64) (*stream, error) {
	scenario, err := synthetic.Lookup(name, 1)
	if err != nil {
		return nil, err
	}
	s := &stream{scenario: scenario, events: events, truth: newMaps().(*maps), programs: map[string]string{}}
	s.disturbed(func(e *esbridge.Event) {
		s.truth.add(e)
		s.total += e.Count
	})
	for key, p := range s.truth.processes {
		who := esbridge.Process{PID: key.pid, Version: key.version}
		s.programs[string(pairKey(nil, &who, nil))] = p.program
	}
	return s, nil
}

// disturbed calls yield with the events of the stream and, spread evenly, those of the quiet
// programs.
func (s *stream) disturbed(yield func(*esbridge.Event)) {
	processes, every := quiet(), max(s.events/quietEvents, 1)
	n, written := uint64(0), uint64(0)
	var path []byte
	s.scenario.Generate(s.events, func(e *esbridge.Event) bool {
		yield(e)
		if n++; n%every == 0 && written < quietEvents {
			pair := written % quietPairs
			p := &processes[pair%quietProcesses]
			path = quietPath(path[:0], pair)
			yield(&esbridge.Event{Kind: esbridge.Write, Process: p, Path: path, Count: 1, First: e.First, Last: e.Last})
			written++
		}
		return true
	})
}

func quietPath(buf []byte, pair uint64) []byte {
	return fmt.Appendf(buf, "/Users/alex/Documents/process %03d/note %d.txt", pair%quietProcesses, pair/quietProcesses)
}

func quiet() []esbridge.Process {
	processes := make([]esbridge.Process, quietProcesses)
	for i := range processes {
		origin := "platform"
		if i%2 == 1 {
			origin = "unsigned"
		}
		processes[i] = esbridge.Process{
			PID: int32(1_000_000 + i), Version: 1 << 40, Origin: []byte(origin),
			Executable: fmt.Appendf(nil, "/usr/local/bin/quiet-%02d", i%quietPrograms),
		}
	}
	return processes
}

// mistakes are what a report gets wrong.
type mistakes struct {
	top, topListed uint64 // of the 100 pairs with most events
	heavy, lost    uint64 // pairs with more than a thousandth of the events, and unlisted ones of them
	listed, broken uint64 // rows, and those whose truth is not within what they say
	hidden         uint64 // unlisted pairs with more events than is said of any
	unbounded      bool
	quietLost      uint64
	quietWrong     uint64 // listed, but not as exactly the true count
}

func (m *mistakes) String() string {
	top, heavy := "—", "—"
	if m.top > 0 {
		top = fmt.Sprintf("%d of %d", m.topListed, m.top)
	}
	if m.heavy > 0 {
		heavy = fmt.Sprintf("%d of %d", m.lost, m.heavy)
	}
	broken := fmt.Sprint(m.broken + m.hidden)
	if m.unbounded {
		broken = fmt.Sprintf("states none; %d of %d counts are wrong", m.broken, m.listed)
	}
	return fmt.Sprintf("%s | %s | %s | %d of %d | %d", top, heavy, broken, m.quietLost, quietPairs, m.quietWrong)
}

// check compares a report with the truth.
func (s *stream) check(r report) mistakes {
	m := mistakes{unbounded: r.unbounded, listed: uint64(len(r.listed))}
	atTop := s.hundredth()
	truth := s.truth.report().listed
	for pair, t := range truth {
		row, listed := r.listed[pair]
		if t.least > atTop {
			m.top++
			if listed {
				m.topListed++
			}
		}
		if t.least > s.total/1000 {
			m.heavy++
			if !listed {
				m.lost++
			}
		}
		if listed && (t.least < row.least || t.least > row.most) {
			m.broken++
		}
		if !listed && r.unlisted != nil && t.least > r.unlisted(pair, s.programs[processOf(pair)]) {
			m.hidden++
		}
	}
	for pair := range r.listed {
		if _, real := truth[pair]; !real {
			m.broken++
		}
	}
	s.checkQuiet(r, &m)
	return m
}

func (s *stream) checkQuiet(r report, m *mistakes) {
	processes := quiet()
	for pair := range uint64(quietPairs) {
		key := string(pairKey(nil, &processes[pair%quietProcesses], quietPath(nil, pair)))
		switch row, listed := r.listed[key]; {
		case !listed:
			m.quietLost++
		case row != interval{quietWrites, quietWrites}:
			m.quietWrong++
		}
	}
}

// hundredth is the most events that a pair outside the first hundred has. Pairs with more are
// the top, fewer than a hundred where several are equal to it.
func (s *stream) hundredth() uint64 {
	var top [101]uint64 // falling
	for _, p := range s.truth.processes {
		for _, r := range p.paths {
			n := r.events
			for i := range top {
				if n > top[i] {
					top[i], n = n, top[i]
				}
			}
		}
	}
	return top[100]
}
