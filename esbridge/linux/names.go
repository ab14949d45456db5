//go:build linux && (amd64 || arm64)

package linux

// names finds the records of one window by id, where they are in the ring. The indexes hold
// the offset of a record and 1 more: zero is none.
type names struct {
	records   []byte // of the ring, while the window is read
	files     []uint32
	processes []uint32
	event     record // that events hands over
}

func newNames(c Config) names {
	return names{files: make([]uint32, c.MaxFiles+2), processes: make([]uint32, c.MaxProcesses+1)}
}

// index takes in the records of a ring. One that cannot be read or placed is left out.
func (n *names) index(records []byte) {
	n.records = records
	clear(n.files)
	clear(n.processes)
	for at := uint32(0); ; {
		b, next := nextRecord(records, at)
		if next == 0 {
			return
		}
		r, err := decodeRecord(b)
		switch {
		case err != nil:
		case r.kind == nameRecord && uint64(r.id) < uint64(len(n.files)):
			n.files[r.id] = at + 1
		case r.kind == executableRecord && uint64(r.id) < uint64(len(n.processes)):
			n.processes[r.id] = at + 1
		}
		at = next
	}
}

// of is the record of an id; false where it was lost.
func (n *names) of(index []uint32, id uint64) (r record, ok bool) {
	if id >= uint64(len(index)) || index[id] == 0 {
		return record{}, false
	}
	b, _ := nextRecord(n.records, index[id]-1)
	r, err := decodeRecord(b)
	return r, err == nil
}

// events hands every record that is an event itself to f, oldest first, until f fails. A record
// is valid until f returns.
func (n *names) events(f func(*record) error) error {
	for at := uint32(0); ; {
		b, next := nextRecord(n.records, at)
		if next == 0 {
			return nil
		}
		var err error
		if n.event, err = decodeRecord(b); err == nil && n.event.kind == pathsRecord {
			err = f(&n.event)
			if err != nil {
				return err
			}
		}
		at = next
	}
}
