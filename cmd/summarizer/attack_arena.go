package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// arena is the directory that an attack writes in: created by it, reached only through open
// directories, so that no link planted meanwhile leads a write or a removal elsewhere.
type arena struct {
	path   string   // absolute, as far as names can be trusted: for the report
	parent *os.Root // the directory that the user named
	name   string
	dir    *os.File // the arena itself
}

func newArena(dir string) (*arena, error) {
	if dir == "" {
		return nil, usagef("--dir: name an existing directory, the attack creates one of its own in it")
	}
	dir = filepath.Clean(dir) // a slash at the end would look through a link
	parent, err := openPlain(dir)
	if err != nil {
		return nil, usagef("--dir: %w", err)
	}
	a := &arena{parent: parent, name: "summarizer-attack-" + rand.Text()[:12]}
	if err := a.create(); err != nil {
		return nil, errors.Join(fmt.Errorf("creating a directory in %s: %w: name one that you can write to", dir, err), parent.Close())
	}
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("resolving %s: %w", dir, err), a.remove())
	}
	a.path = filepath.Join(real, a.name)
	return a, nil
}

// openPlain opens a directory that is one itself, not a link to one.
func openPlain(dir string) (*os.Root, error) {
	named, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if named.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("%s is a symbolic link: name the directory itself", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	opened, err := root.Stat(".")
	if err != nil || !os.SameFile(named, opened) {
		return nil, errors.Join(fmt.Errorf("%s was replaced while it was opened", dir), err, root.Close())
	}
	return root, nil
}

func (a *arena) create() error {
	if err := a.parent.Mkdir(a.name, 0o700); err != nil {
		return err
	}
	made, err := a.parent.Lstat(a.name)
	if err != nil {
		return err
	}
	if a.dir, err = a.parent.Open(a.name); err != nil {
		return err
	}
	opened, err := a.dir.Stat()
	if err != nil || !made.IsDir() || !os.SameFile(made, opened) {
		return errors.Join(fmt.Errorf("%s was replaced while it was opened", a.name), err, a.dir.Close())
	}
	return nil
}

// remove deletes the arena and all that is in it.
func (a *arena) remove() error {
	err := errors.Join(a.dir.Close(), a.parent.RemoveAll(a.name), a.parent.Close())
	if err != nil {
		return fmt.Errorf("removing %s: %w: remove it yourself", a.path, err)
	}
	return nil
}
