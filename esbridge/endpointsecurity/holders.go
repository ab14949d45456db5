package endpointsecurity

import "encoding/binary"

// holders are the processes that hold the slots of a lane.
type holders struct {
	byID    map[execution]uint32
	ids     []execution
	used    []uint64 // when the slot was last asked for
	waiting []int    // bytes of records in the buffer that is being filled
	lost    [][numKinds]uint64
	losers  []bool // lost is not all 0
	now     uint64
	hand    uint32
}

// execution is what tells processes apart: a comparable form of process, without its names.
type execution struct {
	token             [8]uint32
	ppid, responsible int32
	start             int64
	cdhash            [cdhashSize]byte
	platform, adhoc   bool
}

func (p *process) execution() execution {
	id := execution{p.token, p.id.PPID, p.id.ResponsiblePID, p.id.Start, [cdhashSize]byte{}, p.platform, p.adhoc}
	copy(id.cdhash[:], p.id.CDHash)
	return id
}

func newHolders(slots int) holders {
	return holders{
		byID: make(map[execution]uint32, slots), ids: make([]execution, slots), used: make([]uint64, slots),
		waiting: make([]int, slots), lost: make([][numKinds]uint64, slots), losers: make([]bool, slots),
	}
}

func (h *holders) find(id *execution) (slot uint32, ok bool) {
	h.now++
	if slot, ok = h.byID[*id]; ok {
		h.used[slot] = h.now
	}
	return slot, ok
}

// vacate is a slot that may be given away: of a few, the one that was not asked for longest. A
// slot whose records wait, or whose losses, is not among them.
func (h *holders) vacate() (slot uint32, ok bool) {
	const few = 16
	for range few {
		i := h.hand
		h.hand = (h.hand + 1) % uint32(len(h.ids))
		if idle := h.waiting[i] == 0 && !h.losers[i]; idle && (!ok || h.used[i] < h.used[slot]) {
			slot, ok = i, true
		}
	}
	return slot, ok
}

func (h *holders) give(slot uint32, id *execution) {
	if h.used[slot] > 0 {
		delete(h.byID, h.ids[slot])
	}
	h.byID[*id], h.ids[slot], h.used[slot] = slot, *id, h.now
}

// swap lets the consumer have what has come, and what was lost meanwhile.
func (l *collected) swap() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.in, l.outBase, l.out = l.outBase, l.in[:0], l.in
	l.loss = l.lossBase
	clear(l.recent)
	h := &l.holders
	clear(h.waiting)
	for slot, loses := range h.losers {
		if !loses {
			continue
		}
		at := len(l.loss)
		l.loss = appendRecord(l.loss, recordLost, uint32(slot), recLostSize)
		for kind, n := range h.lost[slot] {
			binary.LittleEndian.PutUint64(l.loss[at+recCounts+8*kind:], n)
		}
		h.lost[slot], h.losers[slot] = [numKinds]uint64{}, false
	}
}
