//go:build linux && (amd64 || arm64)

package linux

import "github.com/cilium/ebpf/ringbuf"

// names holds the records of one window and finds them by id. It is as large as the ring.
// The indexes hold the number of a record, the first being 1: zero is none.
type names struct {
	record    ringbuf.Record
	bytes     []byte // the records, one behind the other
	ends      []int  // record i is bytes[ends[i-1]:ends[i]]
	files     []int32
	processes []int32
	events    []int32 // the records that are events themselves
	decoded   record
}

func newNames(c Config) names {
	const smallest = recordHeader + 8
	return names{
		bytes: make([]byte, 0, c.RingBytes), ends: make([]int, 1, c.RingBytes/smallest+1),
		files: make([]int32, c.MaxFiles+2), processes: make([]int32, c.MaxProcesses+1),
		events: make([]int32, 0, c.RingBytes/smallest),
	}
}

func (n *names) reset() {
	n.bytes, n.ends, n.events = n.bytes[:0], n.ends[:1], n.events[:0]
	clear(n.files)
	clear(n.processes)
}

// add keeps a record; one that cannot be read or placed is left out.
func (n *names) add(b []byte) {
	r, err := decodeRecord(b)
	if err != nil || len(n.bytes)+len(b) > cap(n.bytes) || len(n.ends) == cap(n.ends) {
		return
	}
	n.bytes = append(n.bytes, b...)
	n.ends = append(n.ends, len(n.bytes))
	number := int32(len(n.ends) - 1)
	switch {
	case r.kind == pathsRecord:
		n.events = append(n.events, number)
	case r.kind == nameRecord && uint64(r.id) < uint64(len(n.files)):
		n.files[r.id] = number
	case r.kind == executableRecord && uint64(r.id) < uint64(len(n.processes)):
		n.processes[r.id] = number
	}
}

// at is record number i; nil for none. It is valid until the next call.
func (n *names) at(i int32) *record {
	if i == 0 {
		return nil
	}
	n.decoded, _ = decodeRecord(n.bytes[n.ends[i-1]:n.ends[i]]) // add has checked it
	return &n.decoded
}

// of is the record of an id; nil where it was lost.
func (n *names) of(index []int32, id uint64) *record {
	if id >= uint64(len(index)) {
		return nil
	}
	return n.at(index[id])
}
