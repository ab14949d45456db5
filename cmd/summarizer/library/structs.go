//go:build cgo

package main

/*
#include <stdlib.h>
#include "summarizer.h"
*/
import "C"

import (
	"unsafe"

	"summarizer/esbridge"
)

// kindOf is the kind of an event, or none where the event says something that nobody here knows:
// then it is refused.
func kindOf(event *C.struct_summarizer_event) esbridge.Kind {
	if event.kind >= esbridge.NumKinds || event.reserved != 0 || event.flags&^(C.SUMMARIZER_HAS_BYTES|C.SUMMARIZER_HAS_SIZE) != 0 {
		return esbridge.NumKinds
	}
	return esbridge.Kind(event.kind)
}

func processOf(p *C.struct_summarizer_process) esbridge.Process {
	return esbridge.Process{
		PID: int32(p.pid), PPID: int32(p.ppid), ResponsiblePID: int32(p.responsible_pid), EUID: uint32(p.euid),
		Version: uint64(p.version), Start: int64(p.start), LowerBound: p.lower_bound != 0,
		Executable: bytesOf(&p.executable), CDHash: bytesOf(&p.cdhash), SigningID: bytesOf(&p.signing_id),
		TeamID: bytesOf(&p.team_id), Origin: bytesOf(&p.origin),
	}
}

// tooLong stands for a text that is longer than any may be: nobody looks at it.
var tooLong = make([]byte, maxPath+1)

// bytesOf is a text where it lies.
func bytesOf(b *C.struct_summarizer_bytes) []byte {
	switch {
	case b.length == 0:
		return nil
	case b.length > maxPath || b.data == nil:
		return tooLong
	}
	return unsafe.Slice((*byte)(b.data), int(b.length))
}

// maxStruct is the greatest size that a structure may grow to.
const maxStruct = 4096

// sized tells whether a structure of size bytes at p can be read as one of known bytes: it has
// these, and nothing beyond that would have to be understood.
func sized(p unsafe.Pointer, size C.uint32_t, known int) bool {
	if int(size) == known {
		return true
	}
	if int(size) < known || size > maxStruct {
		return false
	}
	for _, b := range unsafe.Slice((*byte)(p), int(size))[known:] {
		if b != 0 {
			return false
		}
	}
	return true
}

// textOf is s as C has it, to be freed with free(3); nil where there is no memory.
func textOf(s string) *C.char {
	p := C.calloc(1, C.size_t(len(s)+1))
	if p != nil {
		copy(unsafe.Slice((*byte)(p), len(s)), s)
	}
	return (*C.char)(p)
}
