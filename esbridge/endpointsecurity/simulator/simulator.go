// Package simulator builds Endpoint Security messages in memory, byte for byte as macOS lays
// them out, of every kind and of every message version from 2 to 11. Tests hand them to the
// decoder, and to the simulated libEndpointSecurity of package native.
//
// It shares no offset with the decoder: what both got wrong the same way would not be seen.
package simulator

import (
	"encoding/binary"
	"math/rand/v2"
)

// Versions of messages that there are.
const (
	FirstVersion = 2
	LastVersion  = 11
)

// Message is what a message says. Members that its event does not have are left out of it.
type Message struct {
	Version         uint32
	Type            uint32 // es_event_type_t
	Sec, Nsec       int64
	Seq, Global     uint64
	Denied          bool // by an AUTH client
	Process         Process
	Target          File   // or the existing file, or file2
	Source          File   // or file1
	Dir             File   // where the name is
	Name            String // where there is no existing file
	Destination     uint32 // create, rename: 0 Target, 1 Dir and Name
	Modified        bool
	MappedWritable  bool
	Subject         Process // exec: the new image; fork: the child
	WithoutProcess  bool    // a NULL pointer where one ought to be
	WithoutTarget   bool
	AbsurdPathBytes uint64 // if not 0, the length that the path of Target claims to have
}

// Process is es_process_t.
type Process struct {
	PID, PPID, ParentPID, ResponsiblePID int32
	Version, EUID                        uint32
	Flags                                uint32
	Platform                             bool
	CDHash                               [20]byte
	SigningID, TeamID                    String
	Executable                           File
	StartSec                             int64
	StartUsec                            int32
}

// File is es_file_t.
type File struct {
	Path      String
	Truncated bool
	Device    int32
	Inode     uint64
	Size      int64
}

// String is es_string_token_t: bytes, or NULL.
type String struct {
	Bytes []byte
	Null  bool
}

// Text is the String of s.
func Text(s string) String { return String{Bytes: []byte(s)} }

// Image is a message in memory. At each of the offsets Pointers it has 8 bytes, an offset into
// itself where an address belongs.
type Image struct {
	Bytes    []byte
	Pointers []uint32
}

// At is the memory of the image if it lies at an address.
func (im Image) At(base uint64) []byte {
	b := append([]byte{}, im.Bytes...)
	for _, at := range im.Pointers {
		binary.LittleEndian.PutUint64(b[at:], binary.LittleEndian.Uint64(b[at:])+base)
	}
	return b
}

// junk fills what a version does not have and what nobody reads.
const junk = 0xA5

// block takes n bytes of junk and returns where they are.
func (im *Image) block(n int) int {
	for len(im.Bytes)%8 != 0 {
		im.Bytes = append(im.Bytes, junk)
	}
	at := len(im.Bytes)
	for range n {
		im.Bytes = append(im.Bytes, junk)
	}
	return at
}

func (im *Image) put8(at int, v bool) {
	im.Bytes[at] = 0
	if v {
		im.Bytes[at] = 1
	}
}

func (im *Image) put32(at int, v uint32) { binary.LittleEndian.PutUint32(im.Bytes[at:], v) }
func (im *Image) put64(at int, v uint64) { binary.LittleEndian.PutUint64(im.Bytes[at:], v) }

func (im *Image) point(at, to int) {
	im.put64(at, uint64(to))
	im.Pointers = append(im.Pointers, uint32(at))
}

func (im *Image) putString(at int, s String) {
	im.put64(at, uint64(len(s.Bytes)))
	im.put64(at+8, 0)
	if !s.Null {
		to := len(im.Bytes)
		im.Bytes = append(im.Bytes, s.Bytes...)
		im.Bytes = append(im.Bytes, junk) // there is no NUL behind it
		im.point(at+8, to)
	}
}

func (im *Image) putFile(at int, f File) {
	to := im.block(168)
	im.put8(to+16, f.Truncated)
	im.put32(to+24, uint32(f.Device))
	im.put64(to+32, f.Inode)
	im.put64(to+120, uint64(f.Size))
	im.putString(to, f.Path)
	im.point(at, to)
}

func (im *Image) putToken(at int, pid int32, version, euid uint32) {
	for i, v := range [...]uint32{501, euid, 20, 501, 20, uint32(pid), 100, version} {
		im.put32(at+4*i, v)
	}
}

func (im *Image) putProcess(at int, p Process, version uint32) {
	to := im.block(processSize(version))
	im.putToken(to, p.PID, p.Version, p.EUID)
	im.put32(to+32, uint32(p.PPID))
	im.put32(to+48, p.Flags)
	im.put8(to+52, p.Platform)
	copy(im.Bytes[to+54:], p.CDHash[:])
	if version >= 3 {
		im.put64(to+128, uint64(p.StartSec))
		im.put32(to+136, uint32(p.StartUsec))
	}
	if version >= 4 {
		im.putToken(to+144, p.ResponsiblePID, 3, 501)
		im.putToken(to+176, p.ParentPID, 4, 501)
	}
	im.putString(to+80, p.SigningID)
	im.putString(to+96, p.TeamID)
	im.putFile(to+112, p.Executable)
	im.point(at, to)
}

// processSize is what a version has of es_process_t.
func processSize(version uint32) int {
	switch {
	case version >= 11:
		return 248
	case version >= 10:
		return 216
	case version >= 4:
		return 208
	case version >= 3:
		return 144
	}
	return 128
}

// Image lays the message out.
func (m *Message) Image() Image {
	var im Image
	size := 208
	if m.Version >= 4 {
		size = 224
	}
	im.block(size)
	im.put32(0, m.Version)
	im.put64(8, uint64(m.Sec))
	im.put64(16, uint64(m.Nsec))
	im.put64(48, m.Seq)
	im.put32(56, 1)
	im.put32(60, 0)
	im.put32(64, 0)
	im.put8(64, m.Denied)
	im.put32(96, m.Type)
	if m.Version >= 4 {
		im.put64(208, 0)
		im.put64(216, m.Global)
	}
	im.put64(40, 0)
	if !m.WithoutProcess {
		im.putProcess(40, m.Process, m.Version)
	}
	im.putEvent(m)
	return im
}

// Random makes a message of one of types, of a version. What it says is valid.
func Random(rng *rand.Rand, version uint32, types []uint32) *Message {
	m := &Message{
		Version: version, Type: types[rng.IntN(len(types))],
		Sec: 1767323040 + rng.Int64N(1000), Nsec: rng.Int64N(1e9), Denied: rng.IntN(20) == 0,
		Process: randomProcess(rng), Subject: randomProcess(rng),
		Target: randomFile(rng), Source: randomFile(rng), Dir: randomFile(rng),
		Name: Text(names[rng.IntN(len(names))]), Destination: uint32(rng.IntN(2)),
		Modified: rng.IntN(3) > 0, MappedWritable: rng.IntN(2) > 0,
	}
	return m
}

// Spoil makes one thing about m wrong, such that it can still be read without knowing the
// bounds of its memory: what is missing is NULL, and what is absurd is beyond every limit.
func Spoil(rng *rand.Rand, m *Message) {
	long := String{Bytes: append([]byte("/"), make([]byte, 33<<10)...)}
	switch rng.IntN(16) {
	case 0:
		m.WithoutProcess = true
	case 1:
		m.WithoutTarget = true
	case 2:
		m.Target.Path.Null = true
	case 3:
		m.Source.Path.Null = true
	case 4:
		m.Dir.Path.Null = true
	case 5:
		m.Name.Null = true
	case 6:
		m.Name.Bytes = nil
	case 7:
		m.Target.Path = Text("relative")
	case 8:
		m.AbsurdPathBytes = 1 << 63
	case 9:
		m.Source.Path = long
	case 10:
		m.Process.Executable.Path = long
	case 11:
		m.Process.TeamID = long
	case 12:
		m.Process.PID, m.Subject.PID = -1, -1
	case 13:
		m.Nsec = -1
	case 14:
		m.Process.StartSec, m.Process.StartUsec = 1<<62, -1
	case 15:
		m.Destination = 7
	}
}

var (
	names = []string{"f", "a b.plist", "日本語", "\xff\xfe not UTF-8", "x.locked"}
	paths = []string{"/", "/private/tmp", "/private/tmp/x", "/Users/u/Library/Application Support/Editor/state.db", "/é/\xff", "/dir/", ""}
)

func randomFile(rng *rand.Rand) File {
	return File{
		Path: Text(paths[rng.IntN(len(paths))]), Truncated: rng.IntN(50) == 0,
		Device: 16777234, Inode: rng.Uint64N(8) + 1152921500312000000, Size: rng.Int64N(1 << 40),
	}
}

func randomProcess(rng *rand.Rand) Process {
	n := rng.Uint32N(50)
	p := Process{
		PID: int32(100 + n), PPID: int32(rng.IntN(3)) - 1, ParentPID: int32(rng.IntN(3)) - 1, ResponsiblePID: int32(rng.IntN(3)) - 1,
		Version: 7 * n, EUID: 500 + n%3, Flags: uint32(rng.IntN(2)) * 2, Platform: n%5 == 0,
		SigningID: Text("com.example.tool"), TeamID: Text("ABCDE12345"),
		Executable: File{Path: Text("/Applications/Tool.app/Contents/MacOS/Tool"), Device: 1, Inode: uint64(n)},
		StartSec:   1767320000 + int64(n), StartUsec: int32(1000 * n),
	}
	if n%4 == 0 {
		p.SigningID, p.TeamID = String{Null: n%8 == 0}, String{Null: n%8 == 0}
	}
	for i := range p.CDHash {
		p.CDHash[i] = byte(n)
	}
	return p
}
