package spool

import (
	"errors"
	"slices"
)

var errNoRoom = errors.New("no free slot in the spool")

// persist brings to the disk what is only in memory, unless the disk failed a moment ago.
func (r *Ring) persist() {
	if r.file == nil || !r.trouble.mayTry() {
		return
	}
	err := r.ensureFile()
	if err == nil {
		err = r.flush()
	}
	r.settle(err)
}

// flush writes all tiles that are only in memory, in as many rounds as there is room for.
func (r *Ring) flush() error {
	for {
		if err := r.flushRound(); err != nil {
			return err
		}
		if r.inMemory() == 0 {
			return nil
		}
	}
}

// flushRound writes as many tiles as there are free slots, oldest first, and syncs. Where it
// fails all is as before, but that what is in free slots is no longer known.
func (r *Ring) flushRound() error {
	n := min(len(r.free), r.inMemory())
	if n == 0 {
		if err := r.flushHead(); err != nil || len(r.free) > 0 {
			return err
		}
		return errNoRoom
	}
	next := 0
	for i := range r.tiles {
		if t := &r.tiles[i]; t.place == inMemory && next < n {
			if err := r.write(kindSlot, r.free[next], false, t, t.frame); err != nil {
				return err
			}
			next++
		}
	}
	if err := r.sync(); err != nil {
		return err
	}
	for i := range r.tiles {
		if t := &r.tiles[i]; t.place == inMemory && n > 0 {
			t.place, t.frame = r.free[0], nil
			r.st.Put = max(r.st.Put, t.last)
			r.free = slices.Delete(r.free, 0, 1)
			n--
		}
	}
	r.release()
	return nil
}

// flushHead brings the numbers to the disk.
func (r *Ring) flushHead() error {
	if r.inMemory() == 0 {
		r.st.Put = r.taken
	}
	if err := r.writeHead(false); err != nil {
		return err
	}
	r.release()
	return nil
}

// release frees the slots whose reason to be kept ended with the sync of a record that has
// the numbers of now.
func (r *Ring) release() {
	r.free = append(r.free, r.retired...)
	r.retired = r.retired[:0]
	if r.inMemory() == 0 {
		r.free = append(r.free, r.replaced...)
		r.replaced = r.replaced[:0]
	}
}

// inMemory is how many tiles are nowhere but in memory.
func (r *Ring) inMemory() (n int) {
	for i := range r.tiles {
		if r.tiles[i].place == inMemory {
			n++
		}
	}
	return n
}
