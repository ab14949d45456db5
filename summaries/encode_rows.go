package summaries

import pb "summarizer/summaries/internal/summarypb"

// maxShared is the longest prefix in bytes that a path row takes from the one before it.
// It bounds what a hostile payload can unpack to.
const maxShared = 255

func encodeOrigin(o *Origin, windowStart int64) *pb.Origin {
	m := encodeOriginHead(o, windowStart)
	if m.Other != nil {
		m.Other.Paths = encodePaths(o.Other.Paths, windowStart)
	}
	m.Programs = make([]*pb.Program, len(o.Programs))
	for i := range o.Programs {
		m.Programs[i] = encodeProgram(&o.Programs[i], windowStart)
	}
	return m
}

// encodeOriginHead makes the wire form of o without its programs and other paths.
func encodeOriginHead(o *Origin, windowStart int64) *pb.Origin {
	return &pb.Origin{
		Name:   []byte(o.Name),
		Events: o.Events,
		Kinds:  trimZeros(o.Kinds[:]),
		Seen:   encodeDistinct(&o.Seen),
		Other:  encodeOtherHead(&o.Other, windowStart),
	}
}

func encodeProgram(p *Program, windowStart int64) *pb.Program {
	m := encodeProgramHead(p, windowStart)
	if m.Other != nil {
		m.Other.Paths = encodePaths(p.Other.Paths, windowStart)
	}
	m.Processes = make([]*pb.Process, len(p.Processes))
	for i := range p.Processes {
		m.Processes[i] = encodeProcess(&p.Processes[i], windowStart)
	}
	return m
}

// encodeProgramHead makes the wire form of p without its processes and other paths.
func encodeProgramHead(p *Program, windowStart int64) *pb.Program {
	return &pb.Program{
		Path:       p.Path,
		PathElided: uint64(p.PathLen - len(p.Path)),
		Cdhash:     p.CDHash,
		SigningId:  []byte(p.SigningID),
		TeamId:     []byte(p.TeamID),
		Device:     p.Device,
		Inode:      p.Inode,
		Events:     p.Events,
		MissedMax:  p.MissedMax,
		Kinds:      trimZeros(p.Kinds[:]),
		Seen:       encodeDistinct(&p.Seen),
		Other:      encodeOtherHead(&p.Other, windowStart),
	}
}

// encodeOtherHead makes the wire form of o without its paths, or nil where there is
// nothing in it at all.
func encodeOtherHead(o *Other, windowStart int64) *pb.Other {
	if o.isZero() {
		return nil
	}
	return &pb.Other{
		Members:          o.Members,
		Events:           o.Events,
		Kinds:            trimZeros(o.Kinds[:]),
		UnlistedMax:      o.UnlistedMax,
		First:            encodeTime(o.First, windowStart),
		Last:             o.Last - o.First,
		LowerBound:       o.LowerBound,
		PathsUnlistedMax: o.PathsUnlistedMax,
	}
}

func (o *Other) isZero() bool {
	return o.Members == 0 && o.Events == 0 && o.Kinds == Kinds{} && o.UnlistedMax == 0 && o.First == 0 && o.Last == 0 &&
		!o.LowerBound && o.PathsUnlistedMax == 0 && len(o.Paths) == 0
}

func encodeProcess(p *Process, windowStart int64) *pb.Process {
	m := encodeProcessHead(p, windowStart)
	m.Paths = encodePaths(p.Paths, windowStart)
	return m
}

// encodeProcessHead makes the wire form of p without its paths.
func encodeProcessHead(p *Process, windowStart int64) *pb.Process {
	return &pb.Process{
		Pid:              p.PID,
		Version:          p.Version,
		Start:            encodeTime(p.Start, p.First),
		Ppid:             p.PPID,
		Euid:             p.EUID,
		Events:           p.Events,
		MissedMax:        p.MissedMax,
		Kinds:            trimZeros(p.Kinds[:]),
		First:            encodeTime(p.First, windowStart),
		Last:             p.Last - p.First,
		Peak:             encodePeak(p.Peak, p.First),
		Seen:             encodeDistinct(&p.Seen),
		UnlistedMax:      p.UnlistedMax,
		ResponsiblePid:   p.ResponsiblePID,
		Container:        []byte(p.Container),
		LowerBound:       p.LowerBound,
		ExtensionChanges: p.ExtensionChanges,
	}
}

// encodePaths front-codes rows: each takes from the one before it what both begin with.
func encodePaths(rows []Path, windowStart int64) []*pb.Path {
	messages := make([]pb.Path, len(rows)) // one allocation for all
	list := make([]*pb.Path, len(rows))
	var prev []byte
	for i := range rows {
		encodePath(&messages[i], &rows[i], prev, windowStart)
		list[i] = &messages[i]
		prev = rows[i].Path
	}
	return list
}

func encodePath(m *pb.Path, p *Path, prev []byte, windowStart int64) {
	shared := sharedPrefix(prev, p.Path)
	m.Shared = uint32(shared)
	m.Suffix = p.Path[shared:]
	m.Elided = uint64(p.PathLen - len(p.Path))
	m.Directory = p.Directory
	m.Events = p.Events
	m.MissedMax = p.MissedMax
	m.Folded = p.Folded
	m.Kinds = trimZeros(p.Kinds[:])
	m.First = encodeTime(p.First, windowStart)
	m.Last = p.Last - p.First
	if p.HasBytes {
		m.Bytes = &p.Bytes
	}
	if p.HasSize {
		m.SizeFirst = &p.SizeFirst
		m.Growth = p.SizeLast - p.SizeFirst
	}
}

// sharedPrefix is how many bytes a and b begin with in common, at most maxShared.
func sharedPrefix(a, b []byte) int {
	n := min(len(a), len(b), maxShared)
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
