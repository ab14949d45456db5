package summaries

import (
	"fmt"
	"math"

	pb "summarizer/summaries/internal/summarypb"
)

// decodeSummary makes a Summary of its wire form, which it may share memory with. It
// refuses what a Summary cannot hold; whether it makes sense is for validate to say.
func decodeSummary(m *pb.Summary) (*Summary, error) {
	s := &Summary{
		Machine:  decodeMachine(m.GetMachine()),
		FirstSeq: m.GetFirstSeq(), Seq: m.GetSeq(),
		Events:   m.GetEvents(),
		Series:   Series{Per: m.GetSeries().GetPer(), Events: orNil(m.GetSeries().GetEvents())},
		Programs: decodeDistinct(m.GetPrograms()), Procs: decodeDistinct(m.GetProcesses()), Paths: decodeDistinct(m.GetPaths()),
		KeyID:      m.GetKeyId(),
		LowerBound: m.GetLowerBound(),
	}
	if a := m.GetAgent(); a != nil {
		s.Agent = Agent{MemoryBytes: a.GetMemoryBytes(), SpoolWaiting: a.GetSpoolWaiting(), SpoolSlots: a.GetSpoolSlots()}
	}
	var err error
	if s.Window, err = decodeWindow(m.GetWindow()); err != nil {
		return nil, err
	}
	s.Peak = decodePeak(m.GetPeak(), s.Window.Start)
	if err := decodeCounts(s.Kinds[:], m.GetKinds()); err != nil {
		return nil, fmt.Errorf("kinds: %w", err)
	}
	if s.Ledger, err = decodeLedger(m.GetLedger()); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if s.Limits, err = decodeLimits(m.GetLimits()); err != nil {
		return nil, err
	}
	for _, r := range m.GetMuted() {
		s.Muted = append(s.Muted, MuteRule{Rule: string(r.GetRule()), Events: r.GetEvents(), Counted: r.GetCounted()})
	}
	for _, f := range m.GetFindings() {
		s.Findings = append(s.Findings, decodeFinding(f))
	}
	if s.Origins, err = decodeOrigins(m.GetOrigins(), s.Window.Start); err != nil {
		return nil, err
	}
	return s, nil
}

func decodeMachine(m *pb.Machine) Machine {
	return Machine{ID: m.GetId(), Boot: m.GetBoot(), Hostname: m.GetHostname(), OS: m.GetOs(), Source: m.GetSource()}
}

func decodeWindow(m *pb.Window) (Window, error) {
	reason := m.GetEndReason() - pb.EndReason_END_REASON_CLOSED
	if reason < 0 || reason >= NumEndReasons {
		return Window{}, fmt.Errorf("end reason %d is not known", m.GetEndReason())
	}
	return Window{
		Start: m.GetStart(), End: m.GetStart() + m.GetLength(), Hop: m.GetHop(), Tile: m.GetTile(),
		EndReason: EndReason(reason), Merged: m.GetMerged(),
	}, nil
}

func decodeFinding(m *pb.Finding) Finding {
	return Finding{
		Kind: m.GetKind(), Severity: m.GetSeverity(), Program: orNil(m.GetProgram()), Text: m.GetText(), Value: m.GetValue(),
	}
}

func decodeLedger(m *pb.Ledger) (Ledger, error) {
	l := Ledger{
		Received: m.GetReceived(), Folded: m.GetFolded(), Muted: m.GetMuted(), Ignored: m.GetIgnored(),
		Late: m.GetLate(), Clamped: m.GetClamped(),
		KernelDropped: m.GetKernelDropped(), QueueDropped: m.GetQueueDropped(),
		SpoolMerged: m.GetSpoolMerged(), SendRetries: m.GetSendRetries(),
		MaxLag: m.GetMaxLag(),
	}
	f := m.GetFoldedUp()
	l.FoldedUp = FoldedUp{
		Origins: f.GetOrigins(), Programs: f.GetPrograms(), Processes: f.GetProcesses(), Paths: f.GetPaths(),
	}
	if err := decodeCounts(l.Malformed[:], m.GetMalformed()); err != nil {
		return Ledger{}, fmt.Errorf("malformed: %w", err)
	}
	if err := decodeCounts(l.Lifecycle[:], m.GetLifecycle()); err != nil {
		return Ledger{}, fmt.Errorf("lifecycle: %w", err)
	}
	return l, nil
}

func decodeLimits(m *pb.Limits) (l Limits, err error) {
	for _, f := range []struct {
		to   *int
		from uint64
	}{
		{&l.Origins, m.GetOrigins()},
		{&l.Programs, m.GetPrograms()},
		{&l.Processes, m.GetProcesses()},
		{&l.Paths, m.GetPaths()},
		{&l.PathBytes, m.GetPathBytes()},
	} {
		if f.from > math.MaxInt {
			return Limits{}, fmt.Errorf("limit %d is out of range", f.from)
		}
		*f.to = int(f.from)
	}
	return l, nil
}

func decodePeak(m *pb.Peak, base int64) Peak {
	if m == nil {
		return Peak{}
	}
	return Peak{Events: m.GetEvents(), Per: m.GetPer(), At: decodeTime(m.At, base)}
}

func decodeDistinct(m *pb.Distinct) Distinct {
	return Distinct{
		Estimate: m.GetEstimate(), StdError: m.GetStdError(), AtMost: m.GetAtMost(), Registers: orNil(m.GetRegisters()),
	}
}

func decodeTime(t *int64, base int64) int64 {
	if t == nil {
		return 0
	}
	return *t + base
}

// decodeCounts fills counts, whose index has a meaning, from the front.
func decodeCounts(counts, wire []uint64) error {
	if len(wire) > len(counts) {
		return fmt.Errorf("%d counts where %d are known: read it with a newer release", len(wire), len(counts))
	}
	copy(counts, wire)
	return nil
}

// decodeLength is the length of a path of which n bytes are there and elided are not.
func decodeLength(n int, elided uint64) (int, error) {
	if elided > uint64(math.MaxInt-n) {
		return 0, fmt.Errorf("path with %d bytes left out", elided)
	}
	return n + int(elided), nil
}

// orNil is s, or nil where it is empty: a summary has one form of nothing.
func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}
