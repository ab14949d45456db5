package main

import (
	"encoding/binary"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// rows is how many (process, path) pairs the bounded contenders keep, as far as they can.
var rows = summaries.DefaultLimits.Paths

// contender counts events by process and path.
type contender interface {
	add(e *esbridge.Event)
	report() report
	reset()
}

// report is what a contender says.
type report struct {
	listed map[string]interval
	// unlisted bounds the events of a pair that is not listed.
	unlisted func(pair, program string) uint64
	// unbounded says that counts come without a bound; unlisted is nil then.
	unbounded bool
}

// interval is what a row says of the truth: at least, at most.
type interval struct{ least, most uint64 }

// pairKey writes what identifies the process of an event, and its path.
func pairKey(buf []byte, p *esbridge.Process, path []byte) []byte {
	buf = binary.LittleEndian.AppendUint32(buf[:0], uint32(p.PID))
	buf = binary.LittleEndian.AppendUint64(buf, p.Version)
	return append(buf, path...)
}

func processOf(pair string) string { return pair[:12] }

// tree is what summarizer counts in.
type tree struct{ *summaries.Tree }

func newTree() contender {
	key := sketch.Key{1}
	return tree{summaries.NewTree(summaries.DefaultLimits, summaries.DefaultWatch, &key)}
}

func (t tree) add(e *esbridge.Event) { t.Fold(e, e.Last) }
func (t tree) reset()                { t.Reset() }

func (t tree) report() report {
	var s summaries.Summary
	t.Snapshot(&s)
	listed, processes, programs := map[string]interval{}, map[string]uint64{}, map[string]uint64{}
	var others uint64
	for _, o := range s.Origins {
		others = max(others, o.Other.UnlistedMax)
		for _, g := range o.Programs {
			programs[string(g.Path)] = g.Other.UnlistedMax
			for _, p := range g.Processes {
				who := esbridge.Process{PID: p.PID, Version: p.Version}
				processes[string(pairKey(nil, &who, nil))] = p.UnlistedMax
				for _, r := range p.Paths {
					if !r.Directory {
						listed[string(pairKey(nil, &who, r.Path))] = interval{r.Events, r.Events + r.MissedMax}
					}
				}
			}
		}
	}
	return report{listed: listed, unlisted: func(pair, program string) uint64 {
		if bound, ok := processes[processOf(pair)]; ok {
			return bound
		}
		if bound, ok := programs[program]; ok {
			return bound
		}
		return others
	}}
}

// maps is what one writes first: Go maps in Go maps, without any limit.
type maps struct{ processes map[processKey]*mapProcess }

type processKey struct {
	pid     int32
	version uint64
	start   int64
}

type mapProcess struct {
	program string
	kinds   summaries.Kinds
	paths   map[string]*mapPath
}

type mapPath struct {
	events      uint64
	kinds       summaries.Kinds
	first, last int64
}

func newMaps() contender { m := &maps{}; m.reset(); return m }

func (m *maps) reset() { m.processes = map[processKey]*mapProcess{} }

func (m *maps) add(e *esbridge.Event) {
	key := processKey{e.Process.PID, e.Process.Version, e.Process.Start}
	p := m.processes[key]
	if p == nil {
		p = &mapProcess{program: string(e.Process.Executable), paths: map[string]*mapPath{}}
		m.processes[key] = p
	}
	p.kinds[e.Kind] += e.Count
	r := p.paths[string(e.Path)]
	if r == nil {
		r = &mapPath{first: e.First}
		p.paths[string(e.Path)] = r
	}
	r.events += e.Count
	r.kinds[e.Kind] += e.Count
	r.last = e.Last
}

func (m *maps) report() report {
	listed := map[string]interval{}
	for key, p := range m.processes {
		who := esbridge.Process{PID: key.pid, Version: key.version}
		for path, r := range p.paths {
			listed[string(pairKey(nil, &who, []byte(path)))] = interval{r.events, r.events}
		}
	}
	return report{listed: listed, unlisted: func(string, string) uint64 { return 0 }}
}

// textbook is SpaceSaving by pairs.
type textbook struct {
	*spaceSaving
	key []byte
}

func newTextbook() contender { return &textbook{spaceSaving: newSpaceSaving(rows)} }

func (s *textbook) add(e *esbridge.Event) {
	s.key = pairKey(s.key, e.Process, e.Path)
	s.spaceSaving.add(s.key)
}

func (s *textbook) report() report {
	listed := map[string]interval{}
	for i := range s.counters {
		c := &s.counters[i]
		count := s.buckets[c.bucket].count
		listed[c.key] = interval{count - c.err, count}
	}
	return report{listed: listed, unlisted: func(string, string) uint64 { return s.min() }}
}
