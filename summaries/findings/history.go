package findings

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"
)

// usual is the rate that is usual for somebody, in events a second, over the windows in
// which there were any.
//
// Up to a trusted rate it is the mean of what was seen, over Memory at most. Beyond, it is
// learned slowly whatever is seen: a sample counts at most double the usual, and its weight
// is that of its window in Memory, so that usual grows by a factor of e per Memory at most.
// Nobody can make a flood usual in a few windows by beginning small.
type usual struct {
	rate    float64
	seconds float64 // seen, at most Memory; 0: never
}

func (u *usual) learn(rate, seconds, trusted float64, memory time.Duration) {
	u.seconds = min(u.seconds+seconds, max(memory.Seconds(), seconds))
	weight := seconds / u.seconds
	if rate > trusted {
		weight = seconds / max(memory.Seconds(), seconds)
		if u.rate < trusted {
			u.rate = trusted
		}
		rate = min(rate, 2*u.rate)
	}
	// The conversion keeps compilers from fusing the product into the sum: results are the
	// same on every processor.
	u.rate += float64((rate - u.rate) * weight)
}

// entry is what is remembered of a program.
type entry struct {
	key, origin identity
	used        bool
	usual       usual
	// windows counts the windows in which the program did something; halved every day, it
	// says how much there is to lose by forgetting it.
	windows    uint32
	born       uint64 // order of admission
	touched    bool   // it changed something under a watched path
	lowerBound bool   // it could not be counted exactly, and that was told
}

func (e *entry) seen() {
	if e.windows < math.MaxUint32 {
		e.windows++
	}
}

// identity is a hash of what a program is: its origin, path and code directory hash. It is
// of a cryptographic hash function, so that nobody can make two of the same.
type identity [16]byte

// identify is the identity of a program, or of an origin where there is no path.
func identify(origin string, path, cdhash []byte) (id identity) {
	var b []byte
	for _, part := range [][]byte{[]byte(origin), path, cdhash} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	copy(id[:], sum[:])
	return id
}

// history is a table of programs of fixed size. When it is full, an origin that has its
// share of it or more forgets one of its own programs for each new one; an origin with less
// takes the place of one of the largest. Of an origin, the program that was active in the
// fewest windows goes, and the youngest of equals: a storm of programs that come once
// replaces itself.
type history struct {
	entries []entry
	index   map[identity]int32
	members map[identity]int32 // by origin
	born    uint64
	seconds float64 // since windows were halved
}

func newHistory(n int) *history {
	return &history{
		entries: make([]entry, 0, n), index: make(map[identity]int32, n), members: make(map[identity]int32),
	}
}

// find returns what is known of a program, nil for nothing; valid until the next admit.
func (h *history) find(key identity) *entry {
	if i, ok := h.index[key]; ok {
		return &h.entries[i]
	}
	return nil
}

// admit makes room for a program that is not in the table.
func (h *history) admit(key, origin identity) *entry {
	i := len(h.entries)
	if i < cap(h.entries) {
		h.entries = h.entries[:i+1]
	} else {
		i = h.victim(h.family(origin))
		h.forget(i)
	}
	h.born++
	h.entries[i] = entry{key: key, origin: origin, used: true, born: h.born}
	h.index[key] = int32(i)
	h.members[origin]++
	return &h.entries[i]
}

func (h *history) forget(i int) {
	e := &h.entries[i]
	delete(h.index, e.key)
	if h.members[e.origin]--; h.members[e.origin] == 0 {
		delete(h.members, e.origin)
	}
}

// family is the origin that has to forget a program so that one of origin can come in.
func (h *history) family(origin identity) identity {
	own, families := h.members[origin], len(h.members)
	if own == 0 {
		families++
	}
	if own > 0 && int(own) >= cap(h.entries)/families {
		return origin
	}
	largest := h.entries[0].origin
	for i := range h.entries { // not over the map: its order is not the same twice
		if o := h.entries[i].origin; h.members[o] > h.members[largest] {
			largest = o
		}
	}
	return largest
}

// victim is the program that an origin forgets.
func (h *history) victim(origin identity) int {
	worst := -1
	for i := range h.entries {
		e := &h.entries[i]
		if e.origin != origin {
			continue
		}
		if worst < 0 || e.windows < h.entries[worst].windows || e.windows == h.entries[worst].windows && e.born > h.entries[worst].born {
			worst = i
		}
	}
	return worst
}

const day = 24 * 60 * 60

// age lets time pass.
func (h *history) age(seconds float64) {
	h.seconds += seconds
	for ; h.seconds >= day; h.seconds -= day {
		for i := range h.entries {
			h.entries[i].windows /= 2
		}
	}
}
