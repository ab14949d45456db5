package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Maintain does all that a store needs in the background: it rolls up, deletes what is too
// old or too much, and gives room back. Call it about once a minute. It works in small
// transactions and merges outside of them, so that Ingest waits for milliseconds; what it
// has not done when ctx ends, or when it fails, the next call does.
//
// A window whose frame is damaged stays as it is, is named in the error, and stops nothing
// else.
func (s *Store) Maintain(ctx context.Context) error {
	s.maintaining.Lock()
	defer s.maintaining.Unlock()
	now := s.cfg.Now().UnixNano()
	var errs []error
	for _, part := range []struct {
		name string
		do   func(context.Context, int64) error
	}{
		{"rolling up", s.rollUp},
		{"deleting what is old", s.retain},
		{"keeping to the size limit", s.limit},
		{"forgetting unused names", s.collect},
		{"giving room back", s.shrink},
	} {
		if err := part.do(ctx, now); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part.name, err))
		}
	}
	err := errors.Join(errs...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.stats.MaintainFails++
		return fmt.Errorf("maintaining the store: %w", err)
	}
	s.stats.Maintained++
	return nil
}

// step is change for a part of Maintain: it keeps count of how long others had to wait.
func (s *Store) step(ctx context.Context, f func(*sql.Tx) error) error {
	var began time.Time
	err := s.change(ctx, func(tx *sql.Tx) error {
		began = time.Now()
		return f(tx)
	})
	if !began.IsZero() {
		s.mu.Lock()
		s.stats.LongestStep = max(s.stats.LongestStep, time.Since(began))
		s.mu.Unlock()
	}
	return err
}
