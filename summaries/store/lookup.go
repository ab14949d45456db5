package store

import (
	"context"
	"database/sql"
	"fmt"

	"summarizer/summaries"
)

// WindowInfo is the head of a stored window.
type WindowInfo struct {
	ID         int64 // within this store
	Level      Level
	Start, End int64
	Machine    string
	Boot       string // without the session
	Session    string // empty for roll-ups
	FirstSeq   uint64
	Seq        uint64
	EndReason  summaries.EndReason
	Events     uint64
	Kinds      summaries.Kinds
	Ledger     summaries.Ledger
	LowerBound bool
}

const windowColumns = `SELECT w.id, w.level, w.start_ns, w.end_ns, s.machine, s.boot, s.session, w.first_seq, w.last_seq, w.end_reason,
w.events, w.kinds, w.ledger, w.lower_bound FROM windows AS w CROSS JOIN sources AS s ON s.id = w.source `

// Windows lists the windows of a level that start in the range, oldest first, at most limit;
// 0: 1,000.
func (s *Store) Windows(ctx context.Context, r Range, l Level, limit int) (list []WindowInfo, err error) {
	if limit <= 0 {
		limit = 1000
	}
	return s.windows(ctx, windowColumns+"WHERE w.level = ? AND w.start_ns >= ? AND w.start_ns < ? ORDER BY w.start_ns, w.id LIMIT ?",
		l, r.From, r.To, limit)
}

// LatestWindows lists the last ones of those that Windows lists, newest first.
func (s *Store) LatestWindows(ctx context.Context, r Range, l Level, limit int) (list []WindowInfo, err error) {
	return s.windows(ctx, windowColumns+"WHERE w.level = ? AND w.start_ns >= ? AND w.start_ns < ? ORDER BY w.start_ns DESC, w.id DESC LIMIT ?",
		l, r.From, r.To, limit)
}

// WindowAt is the finest window there that began last before or at a time, of those that
// had not ended; ErrUnknown where there is none.
func (s *Store) WindowAt(ctx context.Context, at int64) (*WindowInfo, error) {
	for l := Raw; l < NumLevels; l++ {
		// A window may be longer than its bucket: look at a few that began before.
		list, err := s.windows(ctx, windowColumns+"WHERE w.level = ? AND w.start_ns <= ? ORDER BY w.start_ns DESC, w.id DESC LIMIT 16", l, at)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].End > at {
				return &list[i], nil
			}
		}
	}
	return nil, fmt.Errorf("window at %d ns: %w: choose a time that a series has", at, ErrUnknown)
}

func (s *Store) windows(ctx context.Context, query string, args ...any) (list []WindowInfo, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer release(rows)
		for rows.Next() {
			w, err := scanInfo(rows)
			if err != nil {
				return err
			}
			list = append(list, w)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("listing windows: %w", err)
	}
	return list, nil
}

func scanInfo(rows *sql.Rows) (w WindowInfo, err error) {
	var machine, boot, session, kinds, ledger []byte
	var first, seq, events int64
	if err := rows.Scan(&w.ID, &w.Level, &w.Start, &w.End, &machine, &boot, &session, &first, &seq, &w.EndReason,
		&events, &kinds, &ledger, &w.LowerBound); err != nil {
		return w, err
	}
	w.Machine, w.Boot, w.Session = string(machine), string(boot), string(session)
	w.FirstSeq, w.Seq, w.Events = uint64(first), uint64(seq), uint64(events)
	if err := readCounts(w.Kinds[:], kinds); err != nil {
		return w, err
	}
	w.Ledger, err = unpackLedger(ledger)
	return w, err
}

// Frame is the frame of a window, byte for byte as it came, or as the roll-up made it;
// ErrUnknown where the window is not there. summaries.DecodeFrame reads it.
func (s *Store) Frame(ctx context.Context, id int64) (frame []byte, err error) {
	var packed []byte
	err = s.reader.QueryRowContext(ctx, "SELECT packed FROM frames WHERE window = ?", id).Scan(&packed)
	if err == sql.ErrNoRows {
		return nil, fmt.Errorf("window %d: %w: it was deleted or rolled up, list the windows again", id, ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the frame of window %d: %w", id, explain(s.path, err))
	}
	if frame, err = s.packer.unpack(packed); err != nil {
		return nil, s.unreadable(id, err)
	}
	return frame, nil
}

const programColumns = `SELECT p.key, o.name, p.path, p.path_len, p.cdhash, p.signing_id, p.team_id, p.device, p.inode
FROM programs AS p CROSS JOIN origins AS o ON o.id = p.origin `

// Program is what history knows of a program; ErrUnknown where that is nothing.
func (s *Store) Program(ctx context.Context, id ProgramID) (*Program, error) {
	key, err := id.key()
	if err != nil {
		return nil, err
	}
	list, err := s.programs(ctx, programColumns+"WHERE p.key = ?", key[:])
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("program %s: %w: choose one that a query has listed", id, ErrUnknown)
	}
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

// ProgramsAt are the programs whose executable is at a path, at most 1,000: one path may
// have had several files.
func (s *Store) ProgramsAt(ctx context.Context, path []byte) ([]Program, error) {
	return s.programs(ctx, programColumns+"WHERE p.path = ? ORDER BY p.id LIMIT 1000", blob(path))
}

func (s *Store) programs(ctx context.Context, query string, args ...any) (list []Program, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer release(rows)
		for rows.Next() {
			var p Program
			var k, origin, signing, team []byte
			var device, inode int64
			if err := rows.Scan(&k, &origin, &p.Path, &p.PathLen, &p.CDHash, &signing, &team, &device, &inode); err != nil {
				return err
			}
			if len(k) != len(programKey{}) {
				return fmt.Errorf("program key of %d bytes", len(k))
			}
			p.ID, p.Origin, p.SigningID, p.TeamID = programKey(k).id(), string(origin), string(signing), string(team)
			p.Device, p.Inode = uint64(device), uint64(inode)
			list = append(list, p)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("looking for programs: %w", err)
	}
	return list, nil
}

// Machines are the ids of the machines whose windows are there.
func (s *Store) Machines(ctx context.Context) (ids []string, err error) {
	err = s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT DISTINCT machine FROM sources ORDER BY machine")
		if err != nil {
			return err
		}
		defer release(rows)
		for rows.Next() {
			var id []byte
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, string(id))
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("listing machines: %w", err)
	}
	return ids, nil
}
