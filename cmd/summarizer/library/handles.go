package main

import "sync/atomic"

// maxOpen is how many summarizers are open at a time.
const maxOpen = 16

// handles are the open summarizers. C knows them by a number: an index here, and above it a
// generation that is not used again, so that the number of one that was closed is not taken
// for another. It is a variable of the package because C has nowhere to keep it.
var handles handleTable

type handleTable struct {
	generation atomic.Uint64
	slots      [maxOpen]atomic.Pointer[handle]
}

// handle is an open summarizer.
type handle struct {
	*engine
	number uint64
	// calling tells whether the calling thread is in the callback of this summarizer.
	calling func() bool
	// free gives back the memory that the host saw frames in.
	free func()
}

// add finds a place for h and gives it its number. It is false where there is none.
func (t *handleTable) add(h *handle) bool {
	generation := t.generation.Add(1)
	for i := range t.slots {
		h.number = generation*maxOpen + uint64(i)
		if t.slots[i].CompareAndSwap(nil, h) {
			return true
		}
	}
	return false
}

// get is the open summarizer of a number, or nil.
func (t *handleTable) get(number uint64) *handle {
	if h := t.slots[number%maxOpen].Load(); h != nil && h.number == number {
		return h
	}
	return nil
}

// remove ends the time of a number.
func (t *handleTable) remove(h *handle) { t.slots[h.number%maxOpen].CompareAndSwap(h, nil) }
