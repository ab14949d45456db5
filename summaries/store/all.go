package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"summarizer/summaries"
)

// Summaries are the summaries that cover a range, in as fine a detail as is there, oldest
// first: each event once, so that they add up to Totals of the same range. They are read one
// after the other within one view of the store, which ends with the loop; a long export keeps
// the log beside the file from shrinking meanwhile. An error ends the sequence.
func (s *Store) Summaries(ctx context.Context, r Range) iter.Seq2[*summaries.Summary, error] {
	return func(yield func(*summaries.Summary, error) bool) {
		err := s.view(ctx, func(tx *sql.Tx) error {
			list, _, err := heads(ctx, tx, &Query{Range: r}, Raw)
			if err != nil {
				return err
			}
			return s.scan(ctx, tx, list, func(_ *window, sum *summaries.Summary) error {
				if !yield(sum, nil) {
					return errLeft
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, errLeft) {
			yield(nil, fmt.Errorf("reading windows: %w", err))
		}
	}
}

// CountSummaries is how many summaries Summaries yields of a range.
func (s *Store) CountSummaries(ctx context.Context, r Range) (n int, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		list, _, err := heads(ctx, tx, &Query{Range: r}, Raw)
		n = len(list)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("counting windows: %w", err)
	}
	return n, nil
}

// errLeft ends a scan whose reader has seen enough.
var errLeft = errors.New("the reader left")
