package summaries

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"summarizer/esbridge"
)

// maker makes random summaries that keep every promise of their types.
type maker struct {
	*rand.Rand
	rows  int // most rows in a list
	wild  bool
	start int64
}

// newMaker prints its seed where the test fails.
func newMaker(t testing.TB, seed uint64) *maker {
	t.Logf("seed %d", seed)
	return &maker{Rand: rand.New(rand.NewPCG(seed, 0)), rows: 4}
}

// summary makes a summary. Half of them hold extreme values.
func (m *maker) summary() *Summary {
	m.wild = m.IntN(2) == 0
	m.start = m.time()
	s := &Summary{
		Machine:  Machine{ID: m.word(), Boot: m.word(), Hostname: m.word(), OS: m.word(), Source: m.word()},
		Seq:      m.count(),
		Series:   Series{Per: m.Int64N(2) * 1e9},
		Programs: m.distinct(12), Procs: m.distinct(12), Paths: m.distinct(12),
		KeyID: m.Uint64(), Ledger: m.ledger(),
		Agent:      Agent{m.count(), m.count(), m.count()},
		Limits:     Limits{Origins: m.IntN(100), Programs: m.IntN(1000), Processes: m.IntN(1000), Paths: m.IntN(1 << 20), PathBytes: math.MaxInt},
		LowerBound: m.flip(),
	}
	s.FirstSeq = s.Seq / 2
	s.Window = Window{
		Start: m.start, End: m.start, Hop: 1 + m.Int64N(1e12), Tile: m.flip(),
		EndReason: EndReason(m.IntN(NumEndReasons)), Merged: m.Uint32(),
	}
	if m.start < 1<<62 {
		s.Window.End += m.Int64N(1e12)
	}
	s.Peak = m.peak()
	for range m.IntN(4) * int(s.Series.Per/1e9) {
		s.Series.Events = append(s.Series.Events, m.count())
	}
	for range m.IntN(3) {
		s.Muted = append(s.Muted, MuteRule{Rule: string(m.bytes(40)), Events: m.count(), Counted: m.flip()})
		s.Findings = append(s.Findings, Finding{Kind: m.word(), Severity: m.word(), Program: m.bytes(40), Text: m.word(), Value: m.NormFloat64()})
	}
	var sum total
	s.Origins = list(m, m.origin, func(o *Origin) { sum.add(o.Events, &o.Kinds) })
	s.Events, s.Kinds = sum.events, sum.kinds
	return s
}

func (m *maker) origin() Origin {
	o := Origin{Name: string(m.bytes(20)), Seen: m.distinct(8), Other: m.other()}
	var sum total
	sum.add(o.Other.Events, &o.Other.Kinds)
	o.Programs = list(m, m.program, func(p *Program) { sum.add(p.Events, &p.Kinds) })
	o.Events, o.Kinds = sum.events, sum.kinds
	if o.Events == 0 {
		return m.origin()
	}
	return o
}

func (m *maker) program() Program {
	p := Program{
		Path: m.path(false), CDHash: m.bytes(20), SigningID: string(m.bytes(20)), TeamID: string(m.bytes(10)),
		Device: m.count(), Inode: m.count(), MissedMax: m.count(), Seen: m.distinct(8), Other: m.other(),
	}
	p.PathLen = m.length(p.Path)
	var sum total
	sum.add(p.Other.Events, &p.Other.Kinds)
	p.Processes = list(m, m.process, func(r *Process) { sum.add(r.Events, &r.Kinds) })
	p.Events, p.Kinds = sum.events, sum.kinds
	if p.Events == 0 {
		return m.program()
	}
	return p
}

func (m *maker) process() Process {
	p := Process{
		PID: int32(m.Uint32()), PPID: int32(m.Uint32() >> 8), ResponsiblePID: int32(m.Uint32() >> 16), EUID: m.Uint32(),
		Version: m.count(), Start: m.time(), Container: string(m.bytes(12)), LowerBound: m.flip(),
		MissedMax: m.count(), First: m.time(), Last: m.time(), Peak: m.peak(),
		ExtensionChanges: m.count(), Seen: m.distinct(8), UnlistedMax: m.count(),
	}
	p.Paths, p.Events, p.Kinds = m.paths()
	if p.Events == 0 {
		return m.process()
	}
	return p
}

func (m *maker) other() Other {
	if m.flip() {
		return Other{}
	}
	o := Other{
		Members: m.count(), UnlistedMax: m.count(), First: m.time(), Last: m.time(), LowerBound: m.flip(),
		PathsUnlistedMax: m.count(),
	}
	o.Paths, o.Events, o.Kinds = m.paths()
	return o
}

// paths makes rows in order, and their sums.
func (m *maker) paths() (rows []Path, events uint64, kinds Kinds) {
	var sum total
	rows = list(m, m.pathRow, func(*Path) {})
	slices.SortFunc(rows, func(a, b Path) int { return bytes.Compare(a.Path, b.Path) })
	rows = slices.CompactFunc(rows, func(a, b Path) bool { return bytes.Equal(a.Path, b.Path) })
	for i := range rows {
		sum.add(rows[i].Events, &rows[i].Kinds)
	}
	return rows, sum.events, sum.kinds
}

func (m *maker) pathRow() Path {
	p := Path{Directory: m.IntN(3) == 0, First: m.time(), Last: m.time()}
	p.Path = m.path(p.Directory)
	p.PathLen = m.length(p.Path)
	if p.Directory {
		p.Folded = m.count()
	} else {
		p.MissedMax = m.count()
	}
	for range m.IntN(4) {
		// No sum of a summary of this size overflows.
		p.Kinds[m.IntN(esbridge.NumKinds)] += min(m.count(), 1<<48)
	}
	p.Events = p.Kinds.Sum()
	if m.flip() {
		p.Bytes, p.HasBytes = m.count(), true
	}
	if m.flip() {
		p.SizeFirst, p.SizeLast, p.HasSize = int64(m.count()), int64(m.count()), true
	}
	return p
}

func (m *maker) peak() Peak {
	if m.flip() {
		return Peak{}
	}
	return Peak{Events: m.count(), Per: 1e9, At: m.time()}
}

func (m *maker) distinct(precision int) Distinct {
	d := Distinct{Estimate: m.count(), AtMost: m.flip()}
	if m.flip() {
		d.StdError = m.Float64()
	}
	if m.IntN(8) == 0 {
		d.Registers = make([]byte, 1<<precision)
		for i := range d.Registers {
			d.Registers[i] = byte(m.IntN(66 - precision))
		}
	}
	return d
}

func (m *maker) ledger() Ledger {
	l := Ledger{
		Folded: m.count() >> 8, Muted: m.count() >> 8, Ignored: m.count() >> 8,
		Late: m.count(), Clamped: m.count(), KernelDropped: m.count(), QueueDropped: m.count(),
		FoldedUp:    FoldedUp{Origins: m.count(), Programs: m.count(), Processes: m.count(), Paths: m.count()},
		SpoolMerged: m.count(), SendRetries: m.count(), MaxLag: m.time(),
	}
	l.Received = l.Folded + l.Muted + l.Ignored
	for range m.IntN(3) {
		i := m.IntN(esbridge.NumReasons)
		l.Malformed[i]++
		l.Received++
		l.Lifecycle[m.IntN(esbridge.NumLifecycles)] = m.count()
	}
	return l
}

// list makes a few rows and shows each to add.
func list[T any](m *maker, make func() T, add func(*T)) (rows []T) {
	for range m.IntN(m.rows + 1) {
		row := make()
		add(&row)
		rows = append(rows, row)
	}
	return rows
}

func (m *maker) flip() bool             { return m.IntN(2) == 0 }
func (m *maker) length(path []byte) int { return len(path) + m.IntN(2)*m.IntN(5000) }

// count makes counts of every magnitude.
func (m *maker) count() uint64 {
	if m.wild {
		return m.Uint64() >> m.IntN(64)
	}
	return m.Uint64N(1000)
}

// time makes times close to the window's start, unknown ones, and extreme ones.
func (m *maker) time() int64 {
	switch {
	case m.IntN(8) == 0:
		return 0
	case m.wild && m.flip():
		return []int64{math.MinInt64, math.MaxInt64, -1, 1, m.start, -m.start, m.start - 1, int64(m.Uint64())}[m.IntN(8)]
	case m.start == 0:
		return 1_767_322_740e9 + m.Int64N(1e15)
	}
	return m.start + m.Int64N(10e9)
}

// path makes paths that share long prefixes, some of them not UTF-8 and some very long.
func (m *maker) path(directory bool) []byte {
	p := []byte("/")
	for range m.IntN(5) {
		p = fmt.Appendf(p, "directory-%d/", m.IntN(3))
	}
	if m.wild && m.IntN(4) == 0 {
		p = append(append(p, bytes.Repeat([]byte("long"), m.IntN(250))...), '/')
	}
	if !directory {
		p = append(p, m.bytes(12)...)
		p = append(p, "x"...)
	}
	return p
}

// bytes makes n bytes at most, of any value, and nil for none.
func (m *maker) bytes(n int) []byte {
	var b []byte
	for range m.IntN(n + 1) {
		if m.wild {
			b = append(b, byte(m.Uint32()))
		} else {
			b = append(b, 'a'+byte(m.IntN(26)))
		}
	}
	return b
}

// word makes UTF-8.
func (m *maker) word() string {
	return []string{"", "a", "linux-ebpf", "<macOS> \"15\" & more", "größe\u2028", "\U0010FFFF\x00\n"}[m.IntN(6)]
}

// widest is a summary with a value in every field and two rows in every list.
func widest() *Summary {
	var s Summary
	n := uint64(0)
	fill(&n, valueOf(&s))
	return &s
}
