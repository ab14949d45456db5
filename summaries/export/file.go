package export

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"summarizer/summaries"
)

// File writes all summaries to the file of the given name, which is whole or not there: they
// go to a temporary file beside it that is synced and then renamed, and removed on any error,
// an interrupted sequence among them. What was there under the name before is replaced, or
// stays as it was. Only the owner may read the file: it tells what everybody wrote.
func File(name string, all iter.Seq2[*summaries.Summary, error], cfg Config) (stats Stats, err error) {
	if err := cfg.Validate(); err != nil {
		return stats, err
	}
	if err := replaceable(name); err != nil {
		return stats, err
	}
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, ".export-*.tmp") // of mode 0600
	if err != nil {
		return stats, fmt.Errorf("exporting to %s: %w", name, err)
	}
	whole := false
	defer func() { // after a panic, too
		if !whole {
			f.Close()
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if stats, err = Write(f, all, cfg); err != nil {
		return stats, fmt.Errorf("exporting to %s: %w", name, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return stats, fmt.Errorf("exporting to %s: %w", name, err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return stats, fmt.Errorf("exporting to %s: %w", name, err)
	}
	whole = true
	return stats, syncDir(dir)
}

// replaceable refuses what a rename would replace though nobody means it: a device such as
// /dev/stdout, a directory, a link.
func replaceable(name string) error {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("exporting to %s: %w", name, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("exporting to %s: it is there and not a file; name another one, or write to standard output", name)
	}
	return nil
}

// syncDir makes a rename in a directory last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	return nil
}
