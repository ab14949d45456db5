package spool

import (
	"errors"
	"fmt"
	"io/fs"
)

// Open opens the spool at path, or creates it, and locks it. What waits in it waits on.
//
// A file of other slots or frames than configured is moved into a new one, which then takes its
// place: the tiles that wait are merged down to the new number of slots, and encoded again
// where the frame size differs. Should that fail, the file stays as it was.
//
// The error wraps ErrLocked if another agent has it, ErrForeign if the file is no spool (it is not
// touched), or says what the system said. An agent goes on with Memory.
func Open(path string, cfg Config) (*Ring, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r, err := open(path, cfg.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("opening the spool %s: %w", path, err)
	}
	return r, nil
}

func open(path string, cfg Config) (*Ring, error) {
	d, err := openDisk(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path, cfg, nil)
	}
	if err != nil {
		return nil, err
	}
	size := d.info.Size()
	if size == 0 {
		return create(path, cfg, d)
	}
	r, err := recoverRing(d, size, cfg)
	if err == nil {
		r.path, r.disk = path, d
		err = d.keepPrivate()
	}
	if err == nil {
		if r.geo != cfg.geometry() || size != r.geo.size() {
			err = r.rebuild(cfg.geometry())
		}
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return r, nil
}

// create makes a spool where none is, or in place of an empty file.
func create(path string, cfg Config, empty *disk) (*Ring, error) {
	r := &Ring{cfg: cfg, volume: volume{geo: cfg.geometry(), st: newState()}, disk: empty, path: path}
	if err := r.rebuild(cfg.geometry()); err != nil {
		if empty != nil {
			empty.Close()
		}
		return nil, err
	}
	return r, nil
}

// recoverRing makes a ring of what a file of size bytes holds. It writes only to a file
// that is a spool.
func recoverRing(f storage, size int64, cfg Config) (*Ring, error) {
	img, err := scan(f, size)
	if err != nil {
		return nil, err
	}
	r := &Ring{cfg: cfg, volume: newVolume(f, img.geo, img.st), tiles: img.tiles}
	r.head, r.taken = img.head, img.st.Put
	taken := make([]bool, img.geo.places())
	for _, t := range img.tiles {
		taken[t.place] = true
	}
	for i := range taken {
		if !taken[i] {
			r.free = append(r.free, i)
		}
	}
	r.stats.BadSlots = uint64(len(img.problems))
	return r, r.begin(img)
}

// begin makes a tile of the open window that the last agent left, skips a number after an
// unclean end, and takes the clean marker off.
func (r *Ring) begin(img *image) error {
	for len(r.tiles) > r.cfg.Slots { // one at a time, for what is merged is in memory until it is flushed
		r.mergeDown(len(r.tiles) - 1)
		if err := r.flush(); err != nil {
			return err
		}
	}
	if c := img.checkpoint; c != nil {
		if err := c.tile.keep(c.frame); err != nil {
			return err
		}
		r.add(c.tile)
		r.stats.Recovered++
		if err := r.flush(); err != nil {
			return err
		}
	}
	if !img.clean {
		r.taken++
	}
	return r.flushHead()
}
