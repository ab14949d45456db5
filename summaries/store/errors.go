package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of a store. What is returned wraps one of them, says what was found, and ends with
// what to do about it.
var (
	ErrForeign = errors.New("not a store of the summarizer")
	ErrNewer   = errors.New("store of a newer release")
	ErrDamaged = errors.New("damaged store")
	ErrLocked  = errors.New("store in use by another writer")
	ErrFull    = errors.New("no room for the store")
	// ErrOverlap and ErrInvalid are about one window: offering it again cannot succeed, so
	// whoever delivers windows counts it and goes on.
	ErrOverlap = errors.New("window whose numbers overlap those of another")
	ErrInvalid = errors.New("window that cannot be stored")
	// ErrUnknown says that a query names what history does not hold (any more).
	ErrUnknown = errors.New("not in this history")
)

// explain adds to an error of SQLite which of the errors above it is, and the remedy.
func explain(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w: stop the other program that writes to %s, or give this one a store of its own", ErrLocked, err, path)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged(path, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w: free space where %s is, or lower the store's size limit; nothing was stored by halves, and what is offered again will be taken", ErrFull, err, path)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("%w: %w: the disk that holds %s is full or failing; make room or repair it, what is offered again will be taken", ErrFull, err, path)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH:
		return fmt.Errorf("%w: let this user write %s and its directory", err, path)
	}
	return err
}

// damaged is ErrDamaged for a reason, with the way out.
func damaged(path string, reason error) error {
	return fmt.Errorf("%w: %w: see what is left with `summarizer check %s`; to start over move %s and the files beside it that begin with its name away", ErrDamaged, reason, path, path)
}

// foreign is ErrForeign for a reason, with the way out.
func foreign(path, reason string) error {
	return fmt.Errorf("%w: %s %s: give the store another path, or move that file away", ErrForeign, path, reason)
}
