package eslogger

import (
	"bytes"
	"encoding/hex"
	"math"
	"time"

	"summarizer/esbridge"
)

// csAdhoc is CS_ADHOC of codesigning_flags (XNU, osfmk/kern/cs_blobs.h): nobody vouches for
// the signature, and whoever made it could write any team into it.
const csAdhoc = 0x2

// complete says that the process has what its identity needs.
func (p *process) complete() bool {
	return p.token.pid.ok && p.token.version.ok && p.token.euid.ok && p.executable.path.ok
}

// identity fills id, whose slices are those of p. ok is false for a value out of range.
func (p *process) identity(id *esbridge.Process) (ok bool) {
	start := int64(0)
	if p.start.ok {
		start, ok = parseTime(p.start.b)
	}
	hash, hashed := p.hash()
	if p.start.ok && !ok || !hashed || p.token.pid.v > math.MaxInt32 {
		return false
	}
	*id = esbridge.Process{
		PID:            int32(p.token.pid.v),
		PPID:           known(p.ppid, p.parent.pid),
		ResponsiblePID: known(p.responsible.pid),
		EUID:           uint32(p.token.euid.v),
		Version:        p.token.version.v,
		Start:          start,
		Executable:     p.executable.path.value(),
		CDHash:         hash,
		SigningID:      p.signingID.value(),
		TeamID:         p.teamID.value(),
		Origin:         p.origin(),
	}
	return true
}

// known is the first of the process ids that there is, or 0.
func known(pids ...number) int32 {
	for _, n := range pids {
		if n.ok && n.v <= math.MaxInt32 {
			return int32(n.v)
		}
	}
	return 0
}

func (t *text) value() []byte {
	if !t.ok {
		return nil
	}
	return t.b
}

// hash decodes the code directory hash in place; it is empty for a program without one.
func (p *process) hash() (hash []byte, ok bool) {
	hexed := p.cdhash.value()
	if len(hexed) == 0 {
		return nil, true
	}
	n, err := hex.Decode(p.hashBytes[:], hexed[:min(len(hexed), 2*len(p.hashBytes))])
	return p.hashBytes[:], err == nil && n == len(p.hashBytes) && len(hexed) == 2*n
}

// origin is the trust group. A team counts only where the signature is not ad hoc.
func (p *process) origin() []byte {
	switch team := p.teamID.value(); {
	case p.platform.ok && p.platform.v:
		return append(p.originBytes[:0], "platform"...)
	case len(team) > 0 && !(p.flags.ok && p.flags.v&csAdhoc != 0):
		p.originBytes = append(append(p.originBytes[:0], "team:"...), team...)
		return p.originBytes
	}
	return append(p.originBytes[:0], "unsigned"...)
}

// share returns a process of the batch equal to p: the one of the event before, or a copy.
func (b *batch) share(p *esbridge.Process) *esbridge.Process {
	if n := len(b.processes); n > 0 && same(&b.processes[n-1], p) {
		return &b.processes[n-1]
	}
	c := *p
	for _, s := range [...]*[]byte{&c.Executable, &c.CDHash, &c.SigningID, &c.TeamID, &c.Origin} {
		*s = b.keep(*s)
	}
	b.processes = append(b.processes, c)
	return &b.processes[len(b.processes)-1]
}

func same(a, b *esbridge.Process) bool {
	return a.PID == b.PID && a.Version == b.Version && a.Start == b.Start &&
		a.PPID == b.PPID && a.ResponsiblePID == b.ResponsiblePID && a.EUID == b.EUID &&
		bytes.Equal(a.Executable, b.Executable) && bytes.Equal(a.CDHash, b.CDHash) &&
		bytes.Equal(a.SigningID, b.SigningID) && bytes.Equal(a.TeamID, b.TeamID) && bytes.Equal(a.Origin, b.Origin)
}

// parseTime reads a time as RFC 3339 writes it, to nanoseconds since the Unix epoch.
func parseTime(b []byte) (ns int64, ok bool) {
	var t time.Time
	if t.UnmarshalText(b) != nil {
		return 0, false
	}
	s := t.Unix()
	return t.UnixNano(), s > math.MinInt64/int64(time.Second) && s < math.MaxInt64/int64(time.Second)
}
