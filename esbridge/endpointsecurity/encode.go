package endpointsecurity

import (
	"bytes"
	"encoding/binary"
)

// appendRecord appends a record of n bytes, zeros but for its head. There must be room.
func appendRecord(b []byte, kind uint16, slot uint32, n int) []byte {
	at := len(b)
	b = b[:at+n]
	clear(b[at:])
	binary.LittleEndian.PutUint32(b[at+recordSizeAt:], uint32(n))
	binary.LittleEndian.PutUint16(b[at+recordTypeAt:], kind)
	binary.LittleEndian.PutUint16(b[at+recordLayoutAt:], recordLayout)
	binary.LittleEndian.PutUint32(b[at+recordSlot:], slot)
	return b
}

// putRecord writes the event of m into a record that has its head.
func (m *message) putRecord(r []byte, kind int) {
	r[recKind] = byte(kind)
	if m.truncated {
		r[recTruncated] = 1
	}
	binary.LittleEndian.PutUint64(r[recCount:], 1)
	binary.LittleEndian.PutUint64(r[recFirst:], uint64(m.time))
	binary.LittleEndian.PutUint64(r[recLast:], uint64(m.time))
	binary.LittleEndian.PutUint64(r[recLength:], uint64(m.file.length))
	binary.LittleEndian.PutUint64(r[recFirstSize:], uint64(m.file.length))
	binary.LittleEndian.PutUint64(r[recInode:], m.file.inode)
	binary.LittleEndian.PutUint32(r[recDevice:], uint32(m.file.device))
	binary.LittleEndian.PutUint32(r[recPathSize:], uint32(m.to.size()))
	binary.LittleEndian.PutUint32(r[recSourceSize:], uint32(m.from.size()))
	m.from.appendTo(m.to.appendTo(r[:recEventTexts]))
}

// raise adds the event of m to the record r of an equal one. The clock may have been set back.
func (m *message) raise(r []byte) {
	binary.LittleEndian.PutUint64(r[recCount:], u64(r, recCount)+1)
	binary.LittleEndian.PutUint64(r[recFirst:], uint64(min(int64(u64(r, recFirst)), m.time)))
	binary.LittleEndian.PutUint64(r[recLast:], uint64(max(int64(u64(r, recLast)), m.time)))
	binary.LittleEndian.PutUint64(r[recLength:], uint64(m.file.length))
}

// isRecord tells whether r begins with a record of an equal event of the process of a slot.
func (m *message) isRecord(r []byte, slot uint32, kind int) bool {
	to, from := uint32(m.to.size()), uint32(m.from.size())
	if record(r).kind() != recordEvent || record(r).slot() != slot || int(r[recKind]) != kind ||
		u64(r, recInode) != m.file.inode || int32(u32(r, recDevice)) != m.file.device ||
		u32(r, recPathSize) != to || u32(r, recSourceSize) != from {
		return false
	}
	return m.to.is(r[recEventTexts:][:to]) && m.from.is(r[recEventTexts+to:][:from])
}

// is tells whether text is the path.
func (p path) is(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	rest, ok := bytes.CutPrefix(text, p.dir)
	if ok {
		rest, ok = bytes.CutPrefix(rest, p.separator())
	}
	return ok && bytes.Equal(rest, p.name)
}

// appendTo appends the path, of which there is nothing without a directory.
func (p path) appendTo(b []byte) []byte {
	if len(p.dir) == 0 {
		return b
	}
	return append(append(append(b, p.dir...), p.separator()...), p.name...)
}

// putRecord writes the process into a record that has its head.
func (p *process) putRecord(r []byte, executable, signingID, teamID shortened) {
	binary.LittleEndian.PutUint32(r[recEUID:], p.id.EUID)
	for i, word := range p.token {
		binary.LittleEndian.PutUint32(r[recToken+4*i:], word)
	}
	binary.LittleEndian.PutUint32(r[recPID:], uint32(p.id.PID))
	binary.LittleEndian.PutUint32(r[recPPID:], uint32(p.id.PPID))
	binary.LittleEndian.PutUint32(r[recResponsible:], uint32(p.id.ResponsiblePID))
	binary.LittleEndian.PutUint32(r[recVersion:], uint32(p.id.Version))
	binary.LittleEndian.PutUint64(r[recStart:], uint64(p.id.Start))
	copy(r[recCDHash:][:cdhashSize], p.id.CDHash)
	if p.platform {
		r[recPlatform] = 1
	}
	if p.adhoc {
		r[recAdhoc] = 1
	}
	binary.LittleEndian.PutUint16(r[recExecutable:], uint16(executable.size()))
	binary.LittleEndian.PutUint16(r[recSigningID:], uint16(signingID.size()))
	binary.LittleEndian.PutUint16(r[recTeamID:], uint16(teamID.size()))
	teamID.appendTo(signingID.appendTo(executable.appendTo(r[:recProcessTexts])))
}

// shortened is what is kept of a text: its head and its tail.
type shortened struct{ head, tail []byte }

func shorten(text []byte, most int) shortened {
	if len(text) <= most {
		return shortened{head: text}
	}
	return shortened{text[:most-most/2], text[len(text)-most/2:]}
}

func (s shortened) size() int                { return len(s.head) + len(s.tail) }
func (s shortened) appendTo(b []byte) []byte { return append(append(b, s.head...), s.tail...) }
