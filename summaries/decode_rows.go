package summaries

import (
	"fmt"

	pb "summarizer/summaries/internal/summarypb"
)

// checkEvents returns an error unless every row has events. It comes before room is made
// for the rows: an empty one takes 2 bytes of the payload and hundreds of memory.
func checkEvents[Row interface{ GetEvents() uint64 }](list []Row) error {
	for i, m := range list {
		if m.GetEvents() == 0 {
			return fmt.Errorf("row %d has no events", i)
		}
	}
	return nil
}

func decodeOrigins(list []*pb.Origin, windowStart int64) ([]Origin, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if err := checkEvents(list); err != nil {
		return nil, fmt.Errorf("origins: %w", err)
	}
	rows := make([]Origin, len(list))
	for i, m := range list {
		if err := decodeOrigin(&rows[i], m, windowStart); err != nil {
			return nil, fmt.Errorf("origin %d: %w", i, err)
		}
	}
	return rows, nil
}

func decodeOrigin(o *Origin, m *pb.Origin, windowStart int64) (err error) {
	o.Name = string(m.GetName())
	o.Events = m.GetEvents()
	o.Seen = decodeDistinct(m.GetSeen())
	if err := decodeCounts(o.Kinds[:], m.GetKinds()); err != nil {
		return fmt.Errorf("kinds: %w", err)
	}
	if err := decodeOther(&o.Other, m.GetOther(), windowStart); err != nil {
		return fmt.Errorf("other: %w", err)
	}
	o.Programs, err = decodePrograms(m.GetPrograms(), windowStart)
	return err
}

func decodePrograms(list []*pb.Program, windowStart int64) ([]Program, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if err := checkEvents(list); err != nil {
		return nil, fmt.Errorf("programs: %w", err)
	}
	rows := make([]Program, len(list))
	for i, m := range list {
		if err := decodeProgram(&rows[i], m, windowStart); err != nil {
			return nil, fmt.Errorf("program %d: %w", i, err)
		}
	}
	return rows, nil
}

func decodeProgram(p *Program, m *pb.Program, windowStart int64) (err error) {
	p.Path = orNil(m.GetPath())
	p.CDHash = orNil(m.GetCdhash())
	p.SigningID, p.TeamID = string(m.GetSigningId()), string(m.GetTeamId())
	p.Device, p.Inode = m.GetDevice(), m.GetInode()
	p.Events, p.MissedMax = m.GetEvents(), m.GetMissedMax()
	p.Seen = decodeDistinct(m.GetSeen())
	if p.PathLen, err = decodeLength(len(p.Path), m.GetPathElided()); err != nil {
		return err
	}
	if err := decodeCounts(p.Kinds[:], m.GetKinds()); err != nil {
		return fmt.Errorf("kinds: %w", err)
	}
	if err := decodeOther(&p.Other, m.GetOther(), windowStart); err != nil {
		return fmt.Errorf("other: %w", err)
	}
	p.Processes, err = decodeProcesses(m.GetProcesses(), windowStart)
	return err
}

func decodeProcesses(list []*pb.Process, windowStart int64) ([]Process, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if err := checkEvents(list); err != nil {
		return nil, fmt.Errorf("processes: %w", err)
	}
	rows := make([]Process, len(list))
	for i, m := range list {
		if err := decodeProcess(&rows[i], m, windowStart); err != nil {
			return nil, fmt.Errorf("process %d: %w", m.GetPid(), err)
		}
	}
	return rows, nil
}

func decodeOther(o *Other, m *pb.Other, windowStart int64) (err error) {
	if m == nil {
		return nil
	}
	o.Members, o.Events, o.UnlistedMax = m.GetMembers(), m.GetEvents(), m.GetUnlistedMax()
	o.First = decodeTime(m.First, windowStart)
	o.Last = o.First + m.GetLast()
	o.LowerBound, o.PathsUnlistedMax = m.GetLowerBound(), m.GetPathsUnlistedMax()
	if err := decodeCounts(o.Kinds[:], m.GetKinds()); err != nil {
		return fmt.Errorf("kinds: %w", err)
	}
	o.Paths, err = decodePaths(m.GetPaths(), windowStart)
	return err
}

func decodeProcess(p *Process, m *pb.Process, windowStart int64) (err error) {
	p.PID, p.PPID, p.ResponsiblePID, p.EUID = m.GetPid(), m.GetPpid(), m.GetResponsiblePid(), m.GetEuid()
	p.Version, p.Container, p.LowerBound = m.GetVersion(), string(m.GetContainer()), m.GetLowerBound()
	p.Events, p.MissedMax, p.UnlistedMax = m.GetEvents(), m.GetMissedMax(), m.GetUnlistedMax()
	p.First = decodeTime(m.First, windowStart)
	p.Last = p.First + m.GetLast()
	p.Start = decodeTime(m.Start, p.First)
	p.Peak = decodePeak(m.GetPeak(), p.First)
	p.ExtensionChanges = m.GetExtensionChanges()
	p.Seen = decodeDistinct(m.GetSeen())
	if err := decodeCounts(p.Kinds[:], m.GetKinds()); err != nil {
		return fmt.Errorf("kinds: %w", err)
	}
	p.Paths, err = decodePaths(m.GetPaths(), windowStart)
	return err
}

// decodePaths undoes the front coding. The bytes of all paths share one allocation, of a
// size that the rows' own lengths vouch for.
func decodePaths(list []*pb.Path, windowStart int64) ([]Path, error) {
	if len(list) == 0 {
		return nil, nil
	}
	size, prev := 0, 0
	for i, m := range list {
		if int64(m.GetShared()) > int64(min(prev, maxShared)) {
			return nil, fmt.Errorf("path %d shares %d bytes with one of %d", i, m.GetShared(), prev)
		}
		prev = int(m.GetShared()) + len(m.GetSuffix())
		size += prev
	}
	rows := make([]Path, len(list))
	text := make([]byte, 0, size)
	var last []byte
	for i, m := range list {
		begin := len(text)
		text = append(append(text, last[:m.GetShared()]...), m.GetSuffix()...)
		last = text[begin:len(text):len(text)]
		rows[i].Path = last
		if err := decodePath(&rows[i], m, windowStart); err != nil {
			return nil, fmt.Errorf("path %d: %w", i, err)
		}
	}
	return rows, nil
}

func decodePath(p *Path, m *pb.Path, windowStart int64) (err error) {
	p.Directory = m.GetDirectory()
	p.Events, p.MissedMax, p.Folded = m.GetEvents(), m.GetMissedMax(), m.GetFolded()
	p.First = decodeTime(m.First, windowStart)
	p.Last = p.First + m.GetLast()
	p.Bytes, p.HasBytes = m.GetBytes(), m.Bytes != nil
	if m.SizeFirst != nil {
		p.SizeFirst, p.HasSize = m.GetSizeFirst(), true
		p.SizeLast = p.SizeFirst + m.GetGrowth()
	}
	if p.PathLen, err = decodeLength(len(p.Path), m.GetElided()); err != nil {
		return err
	}
	return decodeCounts(p.Kinds[:], m.GetKinds())
}
