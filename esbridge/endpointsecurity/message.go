package endpointsecurity

import (
	"encoding/binary"
	"math"

	"summarizer/esbridge"
)

// maxPath is the longest path that is read, in bytes; Endpoint Security cuts them at 16 KiB. A
// longer one is a broken message, and is not looked at.
const maxPath = 32 << 10

// message is what is wanted of an es_message_t. Texts are views of its memory.
type message struct {
	mem          Memory
	version      uint32
	eventType    uint32
	kind         kind
	seq, global  uint64
	denied       bool // by an AUTH client: nothing changed
	untouched    bool // the close of a file that was neither modified nor mapped writable
	modified     bool // close
	time         int64
	process      process
	to, from     path
	file         file // the one that has the name from now on
	truncated    bool // Endpoint Security had cut a path
	missing, bad bool // a field that is not there, or out of range
}

// file is what es_file_t tells of a file beside its path. Device and inode tell files apart
// where one has many names; FAT gives all empty files the same.
type file struct {
	device int32
	inode  uint64
	length int64 // unknownSize where it cannot be told
}

// unknownSize is the size of a file that the event does not tell.
const unknownSize = -1

// path is a file or, where it has a name, the file of that name in dir.
type path struct{ dir, name []byte }

// decode reads the message at address a. It is false, with the reason, for a message that says
// nothing of itself: one that cannot be read, or of a version before the first.
func (m *message) decode(mem Memory, a uint64) (reason esbridge.Reason, ok bool) {
	*m = message{mem: mem, file: file{length: unknownSize}}
	head := m.view(a, messageSizeOld)
	if head == nil {
		return m.reason(), false
	}
	if m.version = u32(head, messageVersion); m.version == 0 {
		return esbridge.Unsupported, false
	}
	if m.version >= versionGlobalSeq {
		if head = m.view(a, messageSize); head == nil {
			return m.reason(), false
		}
		m.global = u64(head, messageGlobalSeq)
	}
	if m.version >= versionSeq {
		m.seq = u64(head, messageSeq)
	}
	m.eventType = u32(head, messageEventType)
	m.kind = kindOf(m.eventType)
	m.denied = u32(head, messageAction) == actionNotify && u32(head, messageResult) == resultAuth && u32(head, messageAuth) == authDeny
	m.time = m.nanoseconds(u64(head, messageSec), int64(u64(head, messageNsec)))
	m.body(head)
	return 0, true
}

// reason is why the message is malformed: what is missing comes before what is out of range.
func (m *message) reason() esbridge.Reason {
	if m.missing {
		return esbridge.MissingField
	}
	return esbridge.BadField
}

func u32(b []byte, at uint64) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func u64(b []byte, at uint64) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

// view returns the n bytes at address a. Where it returns nil, it has said why.
func (m *message) view(a, n uint64) []byte {
	if a == 0 {
		m.missing = true
		return nil
	}
	b := m.mem.View(a, n)
	m.bad = m.bad || b == nil
	return b
}

// text reads an es_string_token_t; it is nil where that is NULL.
func (m *message) text(token []byte) []byte {
	n, data := u64(token, 0), u64(token, 8)
	switch {
	case n > maxPath:
		m.bad = true
	case data == 0:
	case n == 0:
		return []byte{}
	default:
		return m.view(data, n)
	}
	return nil
}

// wanted reads a text that must be there.
func (m *message) wanted(token []byte) []byte {
	m.missing = m.missing || u64(token, 8) == 0
	return m.text(token)
}

// fileAt reads an es_file_t and its path, which is absolute, or empty where the kernel could
// not tell it.
func (m *message) fileAt(a uint64) (path []byte, f file) {
	b := m.view(a, fileSize)
	if b == nil {
		return nil, file{length: unknownSize}
	}
	path = m.wanted(b[filePath:])
	m.bad = m.bad || len(path) > 0 && path[0] != '/'
	m.truncated = m.truncated || b[fileTruncated] != 0
	f = file{device: int32(u32(b, fileDev)), inode: u64(b, fileIno), length: int64(u64(b, fileLength))}
	f.length = max(f.length, unknownSize)
	return path, f
}

// nanoseconds since the Unix epoch, as far as 64 bits hold them.
func (m *message) nanoseconds(sec uint64, nsec int64) int64 {
	const second = 1_000_000_000
	s := int64(sec)
	if s <= math.MinInt64/second || s >= math.MaxInt64/second || nsec < 0 || nsec >= second {
		m.bad = true
		return 0
	}
	return s*second + nsec
}
