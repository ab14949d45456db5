package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"summarizer/summaries"
)

// ProgramID names a program within its origin: 32 hexadecimal digits, the first half of the
// SHA-256 of origin, path, code directory hash, device and inode, so that it is the same in
// every window and every store.
type ProgramID string

// programKey is a ProgramID as it is stored.
type programKey [sha256.Size / 2]byte

func keyOf(origin string, p *summaries.Program) (k programKey) {
	var b []byte
	for _, field := range [][]byte{[]byte(origin), p.Path, p.CDHash} {
		b = binary.AppendUvarint(b, uint64(len(field)))
		b = append(b, field...)
	}
	b = binary.LittleEndian.AppendUint64(b, p.Device)
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(b, p.Inode))
	copy(k[:], sum[:])
	return k
}

// ProgramOf is the id of a program that a summary lists in an origin.
func ProgramOf(origin string, p *summaries.Program) ProgramID { return keyOf(origin, p).id() }

func (k programKey) id() ProgramID { return ProgramID(hex.EncodeToString(k[:])) }

// key is the inverse of programKey.id.
func (id ProgramID) key() (k programKey, err error) {
	b, err := hex.DecodeString(string(id))
	if err != nil || len(b) != len(k) {
		return k, fmt.Errorf("program %.40q: %w: choose one that a query has listed", id, ErrUnknown)
	}
	copy(k[:], b)
	return k, nil
}

// Program is an executable as history knows it.
type Program struct {
	ID            ProgramID
	Origin        string
	Path          []byte
	PathLen       int // more than len(Path) where the middle was elided
	CDHash        []byte
	SigningID     string
	TeamID        string
	Device, Inode uint64
}

func programOf(origin string, p *summaries.Program) Program {
	return Program{
		ID: keyOf(origin, p).id(), Origin: origin, Path: p.Path, PathLen: p.PathLen, CDHash: p.CDHash,
		SigningID: p.SigningID, TeamID: p.TeamID, Device: p.Device, Inode: p.Inode,
	}
}
