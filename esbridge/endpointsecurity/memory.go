package endpointsecurity

import "unsafe"

// Memory is where a message lies.
type Memory interface {
	// View returns the n bytes at address a, or nil where not all of them can be read.
	// n is at least 1. The bytes are not written to.
	View(a, n uint64) []byte
}

// Arena is memory whose bounds are known: what points out of it cannot be read.
type Arena struct {
	Base  uint64 // address of the first byte
	Bytes []byte
}

// View implements Memory.
func (m Arena) View(a, n uint64) []byte {
	size := uint64(len(m.Bytes))
	if a < m.Base || a-m.Base > size || n > size-(a-m.Base) {
		return nil
	}
	return m.Bytes[a-m.Base:][:n:n]
}

// OwnMemory is the memory of this process. Only the zero page is known to be unreadable: any
// other bad pointer ends the process, as it would in C.
type OwnMemory struct{}

// View implements Memory.
func (OwnMemory) View(a, n uint64) []byte {
	const zeroPage = 4096
	if a < zeroPage || a+n < a {
		return nil
	}
	// The address comes from memory that Go does not manage: it is a pointer by its bits.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&a)), n)
}
