package summaries

import (
	"strings"

	pb "summarizer/summaries/internal/summarypb"
)

// encodeSummary makes the wire form of s. It shares memory with s.
func encodeSummary(s *Summary) *pb.Summary {
	m := encodeHead(s)
	m.Origins = make([]*pb.Origin, len(s.Origins))
	for i := range s.Origins {
		m.Origins[i] = encodeOrigin(&s.Origins[i], s.Window.Start)
	}
	return m
}

// encodeHead makes the wire form of s without its origins.
func encodeHead(s *Summary) *pb.Summary {
	m := &pb.Summary{
		Machine:    encodeMachine(&s.Machine),
		Window:     encodeWindow(&s.Window),
		FirstSeq:   s.FirstSeq,
		Seq:        s.Seq,
		Events:     s.Events,
		Kinds:      trimZeros(s.Kinds[:]),
		Peak:       encodePeak(s.Peak, s.Window.Start),
		Programs:   encodeDistinct(&s.Programs),
		Processes:  encodeDistinct(&s.Procs),
		Paths:      encodeDistinct(&s.Paths),
		KeyId:      s.KeyID,
		Ledger:     encodeLedger(&s.Ledger),
		Limits:     encodeLimits(&s.Limits),
		LowerBound: s.LowerBound,
	}
	if a := s.Agent; a != (Agent{}) {
		m.Agent = &pb.Agent{MemoryBytes: a.MemoryBytes, SpoolWaiting: a.SpoolWaiting, SpoolSlots: a.SpoolSlots}
	}
	if s.Series.Per != 0 || len(s.Series.Events) > 0 {
		m.Series = &pb.Series{Per: s.Series.Per, Events: s.Series.Events}
	}
	for i := range s.Muted {
		r := &s.Muted[i]
		m.Muted = append(m.Muted, &pb.MuteRule{Rule: []byte(r.Rule), Events: r.Events, Counted: r.Counted})
	}
	for i := range s.Findings {
		m.Findings = append(m.Findings, encodeFinding(&s.Findings[i]))
	}
	return m
}

func encodeMachine(m *Machine) *pb.Machine {
	return &pb.Machine{
		Id: validUTF8(m.ID), Boot: validUTF8(m.Boot), Hostname: validUTF8(m.Hostname), Os: validUTF8(m.OS), Source: validUTF8(m.Source),
	}
}

// validUTF8 is s as protobuf takes a string.
func validUTF8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func encodeWindow(w *Window) *pb.Window {
	return &pb.Window{
		Start: w.Start, Length: w.End - w.Start, Hop: w.Hop, Tile: w.Tile,
		EndReason: pb.EndReason(w.EndReason) + pb.EndReason_END_REASON_CLOSED, Merged: w.Merged,
	}
}

func encodeFinding(f *Finding) *pb.Finding {
	return &pb.Finding{
		Kind: validUTF8(f.Kind), Severity: validUTF8(f.Severity), Program: f.Program, Text: validUTF8(f.Text), Value: f.Value,
	}
}

func encodeLedger(l *Ledger) *pb.Ledger {
	m := &pb.Ledger{
		Received: l.Received, Folded: l.Folded, Muted: l.Muted, Ignored: l.Ignored,
		Malformed: trimZeros(l.Malformed[:]),
		Late:      l.Late, Clamped: l.Clamped,
		KernelDropped: l.KernelDropped, QueueDropped: l.QueueDropped,
		Lifecycle:   trimZeros(l.Lifecycle[:]),
		SpoolMerged: l.SpoolMerged, SendRetries: l.SendRetries,
		MaxLag: l.MaxLag,
	}
	if f := l.FoldedUp; f != (FoldedUp{}) {
		m.FoldedUp = &pb.FoldedUp{Origins: f.Origins, Programs: f.Programs, Processes: f.Processes, Paths: f.Paths}
	}
	return m
}

func encodeLimits(l *Limits) *pb.Limits {
	return &pb.Limits{
		Origins: uint64(l.Origins), Programs: uint64(l.Programs), Processes: uint64(l.Processes),
		Paths: uint64(l.Paths), PathBytes: uint64(l.PathBytes),
	}
}

// encodePeak returns nil for the zero Peak.
func encodePeak(p Peak, base int64) *pb.Peak {
	if p == (Peak{}) {
		return nil
	}
	return &pb.Peak{Events: p.Events, Per: p.Per, At: encodeTime(p.At, base)}
}

// encodeDistinct returns nil for the zero Distinct.
func encodeDistinct(d *Distinct) *pb.Distinct {
	if d.Estimate == 0 && d.StdError == 0 && !d.AtMost && len(d.Registers) == 0 {
		return nil
	}
	return &pb.Distinct{Estimate: d.Estimate, StdError: d.StdError, AtMost: d.AtMost, Registers: d.Registers}
}

// encodeTime writes a time as its distance from base, which is short; unknown is nil.
// Differences wrap around, so that any time survives any base.
func encodeTime(t, base int64) *int64 {
	if t == 0 {
		return nil
	}
	t -= base
	return &t
}

// trimZeros cuts the zeros at the end.
func trimZeros(counts []uint64) []uint64 {
	n := len(counts)
	for n > 0 && counts[n-1] == 0 {
		n--
	}
	return counts[:n]
}
