package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"summarizer/summaries"
)

// merge counts a group in a window of level up: in the one that is there, as long as nobody
// counts that one, or in a new one. What cannot be merged goes up by itself, unchanged, and
// a window that cannot be read stays where it is.
func (s *Store) merge(ctx context.Context, up Level, group []member) error {
	into, err := s.openParent(ctx, up, group[0])
	if err != nil {
		return err
	}
	ids := make([]int64, 0, 1+len(group))
	if into != nil {
		ids = append(ids, into.id)
	}
	for _, m := range group {
		ids = append(ids, m.id)
	}
	p, unreadable, err := s.mergeFrames(ctx, up, ids)
	if at := slices.IndexFunc(group, func(m member) bool { return m.id == unreadable }); at >= 0 {
		rest := slices.Delete(slices.Clone(group), at, at+1)
		if len(rest) == 0 {
			return err
		}
		return errors.Join(err, s.merge(ctx, up, rest))
	}
	if err != nil {
		return s.mergeApart(ctx, up, group)
	}
	return s.adopt(ctx, up, p, group, into)
}

// openParent is the window that can take m in: of its bucket and boot, and counted by
// nobody. nil where there is none.
func (s *Store) openParent(ctx context.Context, up Level, m member) (*window, error) {
	if m.huge {
		return nil, nil
	}
	w := window{level: up}
	bucket := up.floor(m.start)
	err := s.reader.QueryRowContext(ctx, parentQuery, up, bucket, bucket+buckets[up],
		[]byte(m.rollUp.machine), []byte(m.rollUp.boot)).Scan(&w.id, &w.start, &w.children)
	if err == sql.ErrNoRows {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for a window to merge into: %w", explain(s.path, err))
	}
	return &w, nil
}

const parentQuery = `SELECT w.id, w.start_ns, w.children FROM windows AS w INDEXED BY windows_open CROSS JOIN sources AS s ON s.id = w.source
WHERE w.level = ? AND w.parent IS NULL AND w.start_ns >= ? AND w.start_ns < ? AND w.huge = 0
AND s.machine = ? AND s.boot = ? AND s.session = x'' LIMIT 1`

// product is what a merge makes, ready to be stored.
type product struct {
	summary *summaries.Summary
	packed  []byte
	payload int
}

// mergeFrames merges the frames of windows. Where one of them cannot be read it says which;
// unreadable is 0 otherwise.
func (s *Store) mergeFrames(ctx context.Context, up Level, ids []int64) (p *product, unreadable int64, err error) {
	packed, err := s.packed(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	var broken error
	merged, err := summaries.MergeSeq(s.cfg.Key, s.cfg.FrameSize[up], func(yield func(*summaries.Summary) bool) {
		for i, frame := range packed {
			sum, err := s.packer.summary(frame)
			if err != nil {
				unreadable, broken = ids[i], s.unreadable(ids[i], err)
				return
			}
			if !yield(sum) {
				return
			}
		}
	})
	if broken != nil {
		return nil, unreadable, broken
	}
	if err != nil {
		return nil, 0, err
	}
	merged.Machine.Boot = sourceOf(&merged.Machine).boot
	frame, err := summaries.AppendFrame(nil, merged, s.cfg.FrameSize[up])
	if err != nil {
		return nil, 0, err
	}
	p = &product{summary: merged}
	p.packed, p.payload, err = s.packer.pack(frame)
	return p, 0, err
}

// unreadable is the error of a frame that was stored and cannot be read.
func (s *Store) unreadable(id int64, err error) error {
	return damaged(s.path, fmt.Errorf("frame of window %d: %w", id, err))
}

// packed reads the packed frames of windows; nil stands for one that is missing.
func (s *Store) packed(ctx context.Context, ids []int64) (frames [][]byte, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			var b []byte
			err := tx.QueryRowContext(ctx, "SELECT packed FROM frames WHERE window = ?", id).Scan(&b)
			if err != nil && err != sql.ErrNoRows {
				return fmt.Errorf("reading a frame: %w", err)
			}
			frames = append(frames, b)
		}
		return nil
	})
	return frames, err
}

// mergeApart gives each window of a group a parent of its own, with the same frame.
func (s *Store) mergeApart(ctx context.Context, up Level, group []member) error {
	var errs []error
	for _, m := range group {
		packed, err := s.packed(ctx, []int64{m.id})
		if err != nil {
			return err
		}
		sum, err := s.packer.summary(packed[0])
		if err != nil {
			errs = append(errs, s.unreadable(m.id, err))
			continue
		}
		errs = append(errs, s.adopt(ctx, up, &product{sum, packed[0], m.payload}, []member{m}, nil))
	}
	return errors.Join(errs...)
}

// errRaced says that the windows to be counted were counted by somebody else meanwhile.
var errRaced = errors.New("another program maintains this store: let one host do it")

// adopt stores a product as a window of level up that counts the members, and what the
// window counted that it takes the place of.
func (s *Store) adopt(ctx context.Context, up Level, p *product, members []member, replaces *window) error {
	w, err := newWindow(up, p.summary, p.payload)
	if err != nil {
		return err
	}
	w.children = int64(len(members))
	err = s.step(ctx, func(tx *sql.Tx) error {
		if w.source, err = sourceID(ctx, tx, members[0].rollUp); err != nil {
			return err
		}
		if replaces != nil {
			w.id = replaces.id
			w.children += replaces.children
			if err := takeOut(ctx, tx, replaces, "AND parent IS NULL"); err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, w, p.summary, p.packed); err != nil {
			return err
		}
		for _, m := range members {
			if err := changeOne(ctx, tx, "UPDATE windows SET parent = ? WHERE level = ? AND start_ns = ? AND id = ? AND parent IS NULL",
				w.id, up-1, m.start, m.id); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.mu.Lock()
		s.stats.Merged[up-1] += uint64(len(members))
		s.mu.Unlock()
	}
	return err
}

// takeOut deletes a window with all that belongs to it, if the condition holds.
func takeOut(ctx context.Context, tx *sql.Tx, w *window, condition string) error {
	if err := changeOne(ctx, tx, "DELETE FROM windows WHERE level = ? AND start_ns = ? AND id = ? "+condition, w.level, w.start, w.id); err != nil {
		return err
	}
	for _, table := range []string{"origin_rows", "program_rows"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE level = ? AND start_ns = ? AND window = ?", w.level, w.start, w.id); err != nil {
			return fmt.Errorf("deleting from %s: %w", table, err)
		}
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM frames WHERE window = ?", w.id); err != nil {
		return fmt.Errorf("deleting a frame: %w", err)
	}
	return nil
}

// changeOne runs a statement that changes one row, or fails with errRaced.
func changeOne(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("changing a window: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errRaced, err)
	}
	return nil
}
