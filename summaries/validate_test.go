package summaries

import (
	"errors"
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "summarizer/summaries/internal/summarypb"
)

// damages breaks one promise of a summary each.
var damages = map[string]func(s *Summary, o *Origin, p *Program, r *Process){
	"events of the machine":       func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Events++ },
	"kinds of the machine":        func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Kinds[0]--; s.Kinds[1]++ },
	"events of an origin":         func(s *Summary, o *Origin, _ *Program, _ *Process) { o.Events++; s.Events++ },
	"kinds of an origin":          func(_ *Summary, o *Origin, _ *Program, _ *Process) { o.Kinds[0]-- },
	"events of a program":         func(_ *Summary, _ *Origin, p *Program, _ *Process) { p.Events-- },
	"kinds of a program":          func(_ *Summary, _ *Origin, p *Program, _ *Process) { p.Kinds[5]++ },
	"events of a process":         func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Events++ },
	"kinds of a process":          func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Kinds[5]++ },
	"events of an other":          func(_ *Summary, _ *Origin, p *Program, _ *Process) { p.Other.Events-- },
	"kinds of an other":           func(_ *Summary, _ *Origin, p *Program, _ *Process) { p.Other.Kinds[1]-- },
	"events of an origin's other": func(_ *Summary, o *Origin, _ *Program, _ *Process) { o.Other.Events++ },
	"events of a path":            func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0].Events++ },
	"kinds of a path":             func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0].Kinds[1]-- },
	"kinds that overflow": func(_ *Summary, _ *Origin, _ *Program, r *Process) {
		r.Paths[0].Kinds[0] = math.MaxUint64
		r.Paths[0].Kinds[1]++
	},
	"paths that overflow to events": overflow,
	"origin without events":         func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Origins = append(s.Origins, Origin{}) },
	"program without events":        func(_ *Summary, o *Origin, _ *Program, _ *Process) { o.Programs = append(o.Programs, Program{}) },
	"process without events":        func(_ *Summary, _ *Origin, p *Program, _ *Process) { p.Processes = append(p.Processes, Process{}) },
	"relative path":                 func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0].Path[0] = '.' },
	"empty path":                    func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0].Path, r.Paths[0].PathLen = nil, 0 },
	"paths out of order":            func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0], r.Paths[1] = r.Paths[1], r.Paths[0] },
	"path twice": func(_ *Summary, _ *Origin, _ *Program, r *Process) {
		r.Paths[2].Path, r.Paths[2].PathLen = r.Paths[1].Path, 5000
	},
	"paths of an other":            func(_ *Summary, _ *Origin, p *Program, _ *Process) { p.Other.Paths[0].Path[0] = '.' },
	"directory like a file":        func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0].Path[6] = 'x' },
	"file like a directory":        func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0].Directory = false },
	"directory that misses events": func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0].MissedMax = 1 },
	"file with folded rows":        func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[1].Folded = 1 },
	"path longer than it is":       func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Paths[0].PathLen-- },
	"program longer than it is":    func(_ *Summary, _ *Origin, p *Program, _ *Process) { p.PathLen = 1 },
	"window that ends before":      func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Window.End = s.Window.Start - 1 },
	"hop of nothing":               func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Window.Hop = 0 },
	"hop backwards":                func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Window.Hop = -1 },
	"end for no reason":            func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Window.EndReason = NumEndReasons },
	"numbers backwards":            func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.FirstSeq = s.Seq + 1 },
	"series of nothing":            func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Series.Per = 0 },
	"series backwards":             func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Series.Per = -1 },
	"ledger":                       func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Ledger.Malformed[3]++ },
	"ledger that overflows": func(s *Summary, _ *Origin, _ *Program, _ *Process) {
		s.Ledger.Folded += s.Ledger.Muted + 1
		s.Ledger.Muted = math.MaxUint64
	},
	"negative limit":           func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Limits.Paths = -1 },
	"finding without a number": func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Findings[0].Value = math.NaN() },
	"infinite finding":         func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Findings[0].Value = math.Inf(-1) },
	"error that is no number":  func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Programs.StdError = math.NaN() },
	"infinite error":           func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Paths.StdError = math.Inf(1) },
	"negative error":           func(_ *Summary, o *Origin, _ *Program, _ *Process) { o.Seen.StdError = -0.1 },
	"registers of no sketch":   func(_ *Summary, _ *Origin, p *Program, _ *Process) { p.Seen.Registers = make([]byte, 48) },
	"too few registers":        func(_ *Summary, _ *Origin, _ *Program, r *Process) { r.Seen.Registers = make([]byte, 8) },
	"register out of range":    func(s *Summary, _ *Origin, _ *Program, _ *Process) { s.Procs.Registers = []byte{15: 62} },
}

// A summary that breaks one promise is refused, whichever it is.
func TestBrokenSummariesAreRefused(t *testing.T) {
	for what, damage := range damages {
		s := sample()
		o := &s.Origins[0]
		p := &o.Programs[0]
		damage(s, o, p, &p.Processes[0])
		frame, err := AppendFrame(nil, s, MinFrameSize)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if got, err := DecodeFrame(frame); !errors.Is(err, ErrPayload) || got != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// overflow makes two paths whose events add up to what they were, modulo 2^64.
func overflow(_ *Summary, _ *Origin, _ *Program, r *Process) {
	for i, n := range []uint64{math.MaxUint64 - 100, 100 + 1 + 59} {
		r.Paths[i].Events, r.Paths[i].Kinds = n, Kinds{1: n}
	}
}

// Kinds whose sum is right modulo 2^64, and right in every row above.
func TestKindsThatOverflowAreRefused(t *testing.T) {
	s := minimal()
	k := Kinds{math.MaxUint64, 2}
	r := Process{Events: 1, Kinds: k, Paths: []Path{{Path: []byte("/a"), PathLen: 2, Events: 1, Kinds: k}}}
	s.Origins = []Origin{{Events: 1, Kinds: k, Programs: []Program{{Events: 1, Kinds: k, Processes: []Process{r}}}}}
	s.Events, s.Kinds = 1, k
	if _, err := DecodeFrame(frameOf(t, s, MinFrameSize)); !errors.Is(err, ErrPayload) {
		t.Error(err)
	}
}

// What the wire can say and a summary cannot hold is refused.
func TestPayloadsOutOfRangeAreRefused(t *testing.T) {
	path := func(rows ...*pb.Path) *pb.Summary {
		m := encodeSummary(sample())
		m.Origins[0].Programs[0].Processes[0].Paths = rows
		return m
	}
	with := func(change func(*pb.Summary)) *pb.Summary {
		m := encodeSummary(sample())
		change(m)
		return m
	}
	many := make([]uint64, 14)
	many[13] = 1
	rows := encodeSummary(sample()).Origins[0].Programs[0].Processes[0].Paths
	long := &pb.Path{Suffix: append([]byte("/"), make([]byte, 300)...)}
	for what, m := range map[string]*pb.Summary{
		"no window":                with(func(m *pb.Summary) { m.Window = nil }),
		"unspecified end":          with(func(m *pb.Summary) { m.Window.EndReason = 0 }),
		"negative end":             with(func(m *pb.Summary) { m.Window.EndReason = -1 }),
		"unknown end":              with(func(m *pb.Summary) { m.Window.EndReason = 8 }),
		"end beyond time":          with(func(m *pb.Summary) { m.Window.Length = math.MaxInt64 }),
		"unknown kind":             with(func(m *pb.Summary) { m.Kinds = many }),
		"unknown kind below":       with(func(m *pb.Summary) { m.Origins[0].Programs[0].Processes[0].Paths[0].Kinds = many }),
		"unknown reason":           with(func(m *pb.Summary) { m.Ledger.Malformed = many }),
		"unknown step":             with(func(m *pb.Summary) { m.Ledger.Lifecycle = many }),
		"limit beyond int":         with(func(m *pb.Summary) { m.Limits.Paths = 1 << 63 }),
		"path beyond int":          with(func(m *pb.Summary) { rowOf(m).Elided = math.MaxUint64 }),
		"program beyond int":       with(func(m *pb.Summary) { m.Origins[0].Programs[0].PathElided = math.MaxInt64 }),
		"first path shares":        path(&pb.Path{Shared: 1, Suffix: []byte("x")}),
		"path shares beyond end":   path(rows[0], &pb.Path{Shared: 8, Suffix: []byte("x")}),
		"path shares over 255":     path(long, &pb.Path{Shared: 256, Suffix: []byte("x")}),
		"path shares beyond int32": path(long, &pb.Path{Shared: math.MaxUint32, Suffix: []byte("x")}),
	} {
		if _, err := DecodeFrame(wrapMessage(t, m)); !errors.Is(err, ErrPayload) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := decodeSummary(m); err == nil && what != "end beyond time" {
			t.Errorf("%s: found too late", what)
		}
	}
	if _, err := DecodeFrame(wrapMessage(t, encodeSummary(sample()))); err != nil {
		t.Error(err)
	}
	if _, err := DecodeFrame(wrap(append(protoOf(t), 0x0a, 5, 0x0a, 3, 'a', 0xff, 'b'))); !errors.Is(err, ErrPayload) {
		t.Errorf("machine id that is not UTF-8: %v", err)
	}
}

func rowOf(m *pb.Summary) *pb.Path { return m.Origins[0].Programs[0].Processes[0].Paths[0] }

func protoOf(t *testing.T) []byte {
	t.Helper()
	b, err := proto.Marshal(encodeSummary(sample()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The extremes that keep the promises are accepted.
func TestExtremeSummaryIsValid(t *testing.T) {
	s := minimal()
	k := Kinds{12: math.MaxUint64}
	p := Process{Events: math.MaxUint64, Kinds: k, Paths: []Path{{Path: []byte("/"), PathLen: math.MaxInt, Directory: true, Events: math.MaxUint64, Kinds: k, Folded: math.MaxUint64}}}
	g := Program{Events: math.MaxUint64, Kinds: k, Processes: []Process{p}, PathLen: math.MaxInt}
	s.Origins = []Origin{{Events: math.MaxUint64, Kinds: k, Programs: []Program{g}}}
	s.Events, s.Kinds = math.MaxUint64, k
	s.Ledger.Received, s.Ledger.Folded = math.MaxUint64, math.MaxUint64
	s.Window = Window{Start: math.MinInt64, End: math.MaxInt64, Hop: math.MaxInt64}
	if _, err := DecodeFrame(frameOf(t, s, MinFrameSize)); err != nil {
		t.Error(err)
	}
}
