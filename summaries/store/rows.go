package store

import (
	"context"
	"database/sql"
	"fmt"

	"summarizer/summaries"
)

// originRow and programRow are the rows of the tables of these names for one window.
type originRow struct {
	name     string
	count    uint64
	kinds    summaries.Kinds
	unlisted uint64
}

type programRow struct {
	program Program
	count   uint64
	kinds   summaries.Kinds
	missed  uint64
}

// rowsOf are the rows that a summary stands for. Rows of the same member, which no agent
// of ours writes, become one.
func rowsOf(s *summaries.Summary) (origins []originRow, programs []programRow) {
	originAt, programAt := map[string]int{}, map[ProgramID]int{}
	for i := range s.Origins {
		o := &s.Origins[i]
		at, seen := originAt[o.Name]
		if !seen {
			at = len(origins)
			originAt[o.Name] = at
			origins = append(origins, originRow{name: o.Name})
		}
		r := &origins[at]
		r.count, r.unlisted = plus(r.count, o.Events), plus(r.unlisted, o.Other.UnlistedMax)
		addAll(r.kinds[:], o.Kinds[:])
		for j := range o.Programs {
			p := programOf(o.Name, &o.Programs[j])
			at, seen := programAt[p.ID]
			if !seen {
				at = len(programs)
				programAt[p.ID] = at
				programs = append(programs, programRow{program: p})
			}
			r := &programs[at]
			r.count, r.missed = plus(r.count, o.Programs[j].Events), plus(r.missed, o.Programs[j].MissedMax)
			addAll(r.kinds[:], o.Programs[j].Kinds[:])
		}
	}
	return origins, programs
}

const nextIDQuery = "SELECT coalesce(max(id), 0) + 1 FROM windows"

// insert stores w, the summary that it is of, and its packed frame. w has a source; an id of
// 0 becomes the next one.
func insert(ctx context.Context, tx *sql.Tx, w *window, s *summaries.Summary, packed []byte) error {
	if w.id == 0 {
		if err := tx.QueryRowContext(ctx, nextIDQuery).Scan(&w.id); err != nil {
			return fmt.Errorf("numbering a window: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO windows (level, start_ns, id, end_ns, source, first_seq, last_seq, children, huge,
		end_reason, lower_bound, payload, events, kinds, ledger) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		w.level, w.start, w.id, w.end, w.source, int64(w.first), int64(w.seq), w.children, w.huge,
		w.endReason, w.lowerBound, w.payload, int64(w.events), appendCounts([]byte{}, w.kinds[:]), packLedger(&w.ledger)); err != nil {
		return fmt.Errorf("storing a window: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO frames (window, packed) VALUES (?,?)", w.id, packed); err != nil {
		return fmt.Errorf("storing a frame: %w", err)
	}
	if err := insertRows(ctx, tx, w, s); err != nil {
		return fmt.Errorf("storing the rows of a window: %w", err)
	}
	return nil
}

func insertRows(ctx context.Context, tx *sql.Tx, w *window, s *summaries.Summary) error {
	origins, programs := rowsOf(s)
	originIDs := map[string]int64{}
	for i := range origins {
		r := &origins[i]
		id, err := originID(ctx, tx, r.name)
		if err != nil {
			return err
		}
		originIDs[r.name] = id
		if _, err := tx.ExecContext(ctx, "INSERT INTO origin_rows (level, start_ns, window, origin, events, kinds, unlisted_max) VALUES (?,?,?,?,?,?,?)",
			w.level, w.start, w.id, id, int64(r.count), appendCounts([]byte{}, r.kinds[:]), int64(r.unlisted)); err != nil {
			return err
		}
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO program_rows (level, start_ns, window, program, events, kinds, missed_max) VALUES (?,?,?,?,?,?,?)")
	if err != nil {
		return err
	}
	defer release(insert)
	find, err := tx.PrepareContext(ctx, "SELECT id FROM programs WHERE key = ?")
	if err != nil {
		return err
	}
	defer release(find)
	for i := range programs {
		r := &programs[i]
		id, err := programIDOf(ctx, tx, find, &r.program, originIDs[r.program.Origin])
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, w.level, w.start, w.id, id, int64(r.count), appendCounts([]byte{}, r.kinds[:]), int64(r.missed)); err != nil {
			return err
		}
	}
	return nil
}

// The dictionaries: each finds a name, or adds it.

func originID(ctx context.Context, tx *sql.Tx, name string) (int64, error) {
	find := tx.QueryRowContext(ctx, "SELECT id FROM origins WHERE name = ?", []byte(name))
	return findOrAdd(ctx, tx, find, "INSERT INTO origins (name) VALUES (?)", []byte(name))
}

func programIDOf(ctx context.Context, tx *sql.Tx, find *sql.Stmt, p *Program, origin int64) (int64, error) {
	key, err := p.ID.key()
	if err != nil {
		return 0, err
	}
	return findOrAdd(ctx, tx, find.QueryRowContext(ctx, key[:]),
		"INSERT INTO programs (key, origin, path, path_len, cdhash, signing_id, team_id, device, inode) VALUES (?,?,?,?,?,?,?,?,?)",
		key[:], origin, blob(p.Path), p.PathLen, blob(p.CDHash), []byte(p.SigningID), []byte(p.TeamID), int64(p.Device), int64(p.Inode))
}

func sourceID(ctx context.Context, tx *sql.Tx, s source) (int64, error) {
	names := []any{[]byte(s.machine), []byte(s.boot), []byte(s.session)}
	find := tx.QueryRowContext(ctx, "SELECT id FROM sources WHERE machine = ? AND boot = ? AND session = ?", names...)
	return findOrAdd(ctx, tx, find, "INSERT INTO sources (machine, boot, session) VALUES (?,?,?)", names...)
}

// findOrAdd is the id that find has, or else that of the row that it adds.
func findOrAdd(ctx context.Context, tx *sql.Tx, find *sql.Row, add string, row ...any) (id int64, err error) {
	err = find.Scan(&id)
	if err != sql.ErrNoRows {
		return id, err
	}
	result, err := tx.ExecContext(ctx, add, row...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// blob is b as a value that is not NULL: an empty name is a name.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
