package endpointsecurity

import (
	"math"

	"summarizer/esbridge"
)

// process is what is wanted of an es_process_t. Texts are views of its memory.
type process struct {
	id       esbridge.Process // without Origin
	token    [8]uint32
	adhoc    bool // nobody vouches for the signature
	platform bool // the program came with the system
}

// processAt reads the es_process_t at address a.
func (m *message) processAt(a uint64) {
	size := uint64(processSizeOld)
	if m.version >= versionTokens {
		size = processSize
	} else if m.version >= versionStart {
		size = processSizeStart
	}
	b := m.view(a, size)
	if b == nil {
		return
	}
	pid := u32(b, processToken+tokenPID)
	m.bad = m.bad || pid > math.MaxInt32
	p := &m.process
	p.id = esbridge.Process{
		PID:       int32(pid),
		Version:   uint64(u32(b, processToken+tokenVersion)),
		EUID:      u32(b, processToken+tokenEUID),
		PPID:      known(u32(b, processPPID)),
		CDHash:    b[processCDHash:][:cdhashSize:cdhashSize],
		SigningID: m.text(b[processSigningID:]),
		TeamID:    m.text(b[processTeamID:]),
	}
	for i := range p.token {
		p.token[i] = u32(b, processToken+4*uint64(i))
	}
	if executable := m.view(u64(b, processExecutable), fileSize); executable != nil {
		p.id.Executable = m.wanted(executable[filePath:])
	}
	if m.version >= versionTokens {
		p.id.PPID = known(u32(b, processPPID), u32(b, processParent+tokenPID))
		p.id.ResponsiblePID = known(u32(b, processResponsible+tokenPID))
	}
	if m.version >= versionStart {
		usec := int64(int32(u32(b, processStartUsec)))
		p.id.Start = m.nanoseconds(u64(b, processStartSec), usec*1000)
	}
	p.adhoc = u32(b, processFlags)&csAdhoc != 0
	p.platform = b[processPlatform] != 0
}

// known is the first of the process ids that there is, or 0.
func known(pids ...uint32) int32 {
	for _, pid := range pids {
		if pid <= math.MaxInt32 {
			return int32(pid)
		}
	}
	return 0
}

// appendOrigin appends the trust group. A team counts only where the signature is not ad hoc:
// whoever makes such a one could write any team into it.
func appendOrigin(b []byte, platform, adhoc bool, team []byte) []byte {
	switch {
	case platform:
		return append(b, "platform"...)
	case len(team) > 0 && !adhoc:
		return append(append(b, "team:"...), team...)
	}
	return append(b, "unsigned"...)
}
