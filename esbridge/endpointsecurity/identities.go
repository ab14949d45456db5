package endpointsecurity

import "summarizer/esbridge"

// The longest names that a process record carries; native/es_transport.h cuts longer ones.
const (
	maxExecutable = 1536
	maxSigningID  = 256
	maxTeamID     = 64
	maxOrigin     = len("team:") + maxTeamID
	maxNames      = maxExecutable + maxSigningID + maxTeamID + cdhashSize + maxOrigin
)

// identities are the processes of a lane, by the slots that the handler gave them: a table of
// fixed size, texts and all.
type identities struct {
	slots []identity
	names []byte // maxNames for each slot
}

type identity struct {
	process esbridge.Process
	token   [8]uint32
	known   bool
	used    uint64 // the batch that last pointed to it
}

func newIdentities(slots int) identities {
	return identities{slots: make([]identity, slots), names: make([]byte, slots*maxNames)}
}

// of is the process of a slot, or nil where there is none.
func (t *identities) of(slot uint32) *identity {
	if uint64(slot) >= uint64(len(t.slots)) || !t.slots[slot].known {
		return nil
	}
	return &t.slots[slot]
}

// bind makes the slot of r stand for the process of r. It is false for what is no such record.
func (t *identities) bind(r record) bool {
	slot := r.slot()
	texts, ok := r.texts(recProcessTexts, r.size(recExecutable), r.size(recSigningID), r.size(recTeamID))
	if !ok || uint64(slot) >= uint64(len(t.slots)) ||
		len(texts[0]) > maxExecutable || len(texts[1]) > maxSigningID || len(texts[2]) > maxTeamID {
		return false
	}
	names := t.names[int(slot)*maxNames:][:0:maxNames]
	keep := func(text []byte) []byte {
		start := len(names)
		names = append(names, text...)
		return names[start:len(names):len(names)]
	}
	id := &t.slots[slot]
	id.known = true
	for i := range id.token {
		id.token[i] = u32(r, recToken+4*uint64(i))
	}
	id.process = esbridge.Process{
		PID:            int32(u32(r, recPID)),
		PPID:           int32(u32(r, recPPID)),
		ResponsiblePID: int32(u32(r, recResponsible)),
		EUID:           u32(r, recEUID),
		Version:        uint64(u32(r, recVersion)),
		Start:          int64(u64(r, recStart)),
		Executable:     keep(texts[0]),
		SigningID:      keep(texts[1]),
		TeamID:         keep(texts[2]),
		CDHash:         keep(r[recCDHash:][:cdhashSize]),
	}
	id.process.Origin = appendOrigin(names[len(names):], r[recPlatform] != 0, r[recAdhoc] != 0, texts[2])
	return true
}
