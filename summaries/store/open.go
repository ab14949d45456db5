package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// prepare makes sure that path is a store: one of ours that looks whole, or a new one where
// there is nothing. It never takes the place of a file.
func prepare(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(ctx, path)
	}
	if err != nil {
		return fmt.Errorf("opening the store: %w: let this user reach it", err)
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return foreign(path, "is a symbolic link")
	case !info.Mode().IsRegular():
		return foreign(path, "is not a regular file")
	}
	return inspect(path)
}

// create makes an empty store beside path and moves it there when it is whole, so that no
// crash leaves half of one.
func create(ctx context.Context, path string) error {
	if info, err := os.Lstat(path + "-wal"); err == nil && info.Size() > 0 {
		return damaged(path, errors.New("the file is gone, but its log "+path+"-wal is there"))
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("creating the store: %w: make its directory, writable for this user", err)
	}
	fresh := f.Name()
	f.Close()
	if err := initialize(ctx, fresh); err != nil {
		return errors.Join(fmt.Errorf("creating the store: %w", explain(path, err)), removeAll(fresh))
	}
	if err := os.Link(fresh, path); err != nil { // unlike a rename it fails where something is
		return errors.Join(fmt.Errorf("creating the store: %w", err), removeAll(fresh))
	}
	return removeAll(fresh)
}

// initialize writes the marks and the schema. The journal is not a WAL yet: the marks must
// be in the file itself, where inspect finds them.
func initialize(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		"_auto_vacuum": {"incremental"}, // the driver sets it before all else: later it would do nothing
		"_pragma":      {"application_id=" + strconv.Itoa(applicationID), "synchronous=full"},
	}))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(migrate(ctx, db, path), db.Close())
}

// removeAll removes a database and the files beside it.
func removeAll(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Offsets in the header of a SQLite file, https://sqlite.org/fileformat2.html section 1.3.
const (
	headerSize     = 100
	atPageSize     = 16
	atPages        = 28
	atApplication  = 68
	sqliteMagic    = "SQLite format 3\x00"
	largestPage    = 64 << 10
	largestPageAs1 = 1 // how the header writes it
)

// inspect reads the header of the file: a foreign one must not even be opened as a
// database, and one that was cut or emptied must not pass for a new store.
func inspect(path string) error {
	f, err := openFile(path)
	if err != nil {
		return fmt.Errorf("opening the store: %w: let this user read and write it", err)
	}
	defer f.Close()
	var header [headerSize]byte
	if n, err := io.ReadFull(f, header[:]); n == 0 && errors.Is(err, io.EOF) {
		return damaged(path, errors.New("the file is empty"))
	} else if err != nil || string(header[:len(sqliteMagic)]) != sqliteMagic {
		return foreign(path, "is not a SQLite database")
	}
	if id := binary.BigEndian.Uint32(header[atApplication:]); id != applicationID {
		return foreign(path, "is the database of another program")
	}
	pageSize := int64(binary.BigEndian.Uint16(header[atPageSize:]))
	if pageSize == largestPageAs1 {
		pageSize = largestPage
	}
	want := pageSize * int64(binary.BigEndian.Uint32(header[atPages:]))
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return nil // the log may hold the pages that the file lacks
	}
	if info, err := f.Stat(); err == nil && info.Size() < want {
		return damaged(path, fmt.Errorf("the file has %d bytes of %d", info.Size(), want))
	}
	return nil
}

// connect opens the database for one writer, or for readers.
func connect(path string, busy time.Duration, writer bool) (*sql.DB, error) {
	q := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout=%d", busy.Milliseconds()),
		"foreign_keys=on", "trusted_schema=off", "temp_store=memory", "cell_size_check=on",
	}}
	if writer {
		q.Set("_txlock", "immediate")
		q["_pragma"] = append(q["_pragma"], "journal_mode=wal", "synchronous=full", fmt.Sprintf("journal_size_limit=%d", walLimit))
	} else {
		q["_pragma"] = append(q["_pragma"], "query_only=on")
	}
	return sql.Open("sqlite", dsn(path, q))
}

// dsn names a database that must exist.
func dsn(path string, q url.Values) string {
	q.Set("mode", "rw")
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}
