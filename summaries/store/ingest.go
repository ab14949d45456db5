package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"summarizer/summaries"
)

// Ingest stores a tile: the summary, and the frame that it was decoded from, which is kept
// as it is. It returns when both are on the disk. added is false for a tile that is there
// already, or was until it grew old.
//
// An error that wraps ErrInvalid (no tile, or one that no agent writes) or ErrOverlap (its
// numbers overlap those of another tile without being the same) comes again whenever the
// tile does: count it and take the next one. After any other error nothing was stored, and
// the same tile can be offered again.
func (s *Store) Ingest(ctx context.Context, sum *summaries.Summary, frame []byte) (added bool, err error) {
	began := time.Now()
	o, err := s.offerOf(sum, frame)
	if err == nil {
		err = s.change(ctx, func(tx *sql.Tx) error {
			added, err = o.store(ctx, tx)
			return err
		})
	}
	if errors.Is(err, ErrOverlap) {
		err = errors.Join(err, s.refused(ctx, sourceOf(&sum.Machine)))
	}
	s.countIngest(added && err == nil, err, time.Since(began))
	if err != nil {
		return false, fmt.Errorf("storing window %d to %d of machine %.80q: %w", sum.FirstSeq, sum.Seq, sum.Machine.ID, err)
	}
	return added, nil
}

// offer is a tile that is ready to be stored.
type offer struct {
	summary *summaries.Summary
	window  *window
	packed  []byte
}

func (s *Store) offerOf(sum *summaries.Summary, frame []byte) (*offer, error) {
	if !sum.Window.Tile {
		return nil, fmt.Errorf("%w: it is a refresh: only tiles are history", ErrInvalid)
	}
	packed, payload, err := s.packer.pack(frame)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	w, err := newWindow(Raw, sum, payload)
	return &offer{sum, w, packed}, err
}

func (o *offer) store(ctx context.Context, tx *sql.Tx) (added bool, err error) {
	if o.window.source, err = sourceID(ctx, tx, sourceOf(&o.summary.Machine)); err != nil {
		return false, err
	}
	known, err := claim(ctx, tx, o.window)
	if known || err != nil {
		return false, err
	}
	return true, insert(ctx, tx, o.window, o.summary, o.packed)
}

// refused counts a tile that overlaps.
func (s *Store) refused(ctx context.Context, from source) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		id, err := sourceID(ctx, tx, from)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE sources SET refused = refused + 1 WHERE id = ?", id)
		return err
	})
}
