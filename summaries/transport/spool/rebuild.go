package spool

import (
	"errors"
	"os"

	"summarizer/summaries"
)

// ensureFile makes sure that the file is where it should be, and makes a new one with what
// the ring holds if it was deleted or resized.
func (r *Ring) ensureFile() error {
	if r.disk == nil {
		return nil
	}
	err := r.disk.health(r.geo.size())
	if errors.Is(err, errDeleted) || errors.Is(err, errResized) {
		r.count(err)
		return r.rebuild(r.geo)
	}
	return err
}

// rebuild moves the ring into a new file of geometry geo, which takes the place of the old
// one in one step. Where it fails all is as before.
func (r *Ring) rebuild(geo geometry) error {
	d, err := createDisk(r.path, geo.size())
	if err != nil {
		return err
	}
	st := r.st
	st.Put = r.taken // once all is copied
	next := newVolume(d, geo, st)
	next.written = r.written
	tiles, err := r.copyTo(&next)
	for range numHeads {
		if err == nil {
			err = next.writeHead(false)
		}
	}
	if err == nil {
		err = d.publish(r.disk)
	}
	if err != nil {
		return errors.Join(err, d.discard())
	}
	if r.disk != nil {
		r.disk.Close()
	}
	r.volume, r.disk, r.tiles = next, d, tiles
	r.free, r.retired, r.replaced = r.free[:0], r.retired[:0], r.replaced[:0]
	for i := len(tiles); i < geo.places(); i++ {
		r.free = append(r.free, i)
	}
	return nil
}

// copyTo writes the tiles that wait into the first slots of next.
func (r *Ring) copyTo(next *volume) (tiles []tile, err error) {
	var frame []byte
	for i := 0; i < len(r.tiles); {
		t := r.tiles[i]
		if frame, err = r.frame(&t, frame); err != nil {
			if !r.lost(i, err) {
				return nil, err
			}
			continue
		}
		if next.geo.frameSize != r.geo.frameSize {
			if frame, err = r.resize(frame, next.geo.frameSize); err != nil {
				return nil, err
			}
		}
		if err := t.keep(frame); err != nil {
			return nil, err
		}
		if err := next.write(kindSlot, i, false, &t, t.frame); err != nil {
			return nil, err
		}
		t.place, t.frame = i, nil
		tiles = append(tiles, t)
		i++
	}
	return tiles, nil
}

// resize fits a frame into another size.
func (r *Ring) resize(frame []byte, size int) ([]byte, error) {
	s, err := decode(frame)
	if err != nil {
		return nil, err
	}
	if s, err = summaries.Merge(r.cfg.Key, size, s); err != nil {
		return nil, err
	}
	return summaries.AppendFrame(nil, s, size)
}

// fillWithZeros is how a file gets its blocks where the system cannot allocate them.
func fillWithZeros(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for off := int64(0); off < size; off += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-off)], off); err != nil {
			return err
		}
	}
	return nil
}
