package eslogger

// A path is a file or, where it has a name, the file of that name in dir.
type path struct{ dir, name []byte }

// unknownSize is the size of a file that the event does not tell.
const unknownSize = -1

// valid says that the path is absolute, or empty: what Endpoint Security writes where the
// kernel could not tell it.
func (p path) valid() bool { return len(p.dir) == 0 || p.dir[0] == '/' }

// join copies a path to the arena. A name in a directory that nobody knows is no path.
func (b *batch) join(p path) []byte {
	switch {
	case len(p.dir) == 0:
		return nil
	case len(p.name) == 0:
		return b.keep(p.dir)
	case p.dir[len(p.dir)-1] == '/':
		return b.keep(p.dir, p.name)
	}
	return b.keep(p.dir, []byte("/"), p.name)
}

// paths are where the event happened, the other path of a two-path event, and the size of
// the file that is now at the first. ok is false where a member is missing.
func (e *event) paths() (to, from path, size int64, ok bool) {
	switch e.kind.shape {
	case onTarget:
		return e.target.whole(), path{}, e.target.length(), e.target.path.ok
	case onClose:
		return e.target.whole(), path{}, e.target.length(), e.target.path.ok && e.modified.ok
	case onCreate:
		to, size, ok = e.destination()
		return to, path{}, size, ok
	case onRename:
		// An existing file is the victim, and so is its size: the file that has the name
		// from now on is the source.
		to, _, ok = e.destination()
	case onNewName:
		to, ok = within(&e.targetDir, &e.targetName)
	case onExchange:
		// Nobody says whether the sizes are those before or after the exchange.
		return e.file2.whole(), e.file1.whole(), unknownSize, e.file1.path.ok && e.file2.path.ok
	}
	return to, e.source.whole(), e.source.length(), ok && e.source.path.ok
}

// destination is the existing file, or the path that would have been a new one: creates tell
// that only where they were denied, renames where nothing was in the way.
func (e *event) destination() (to path, size int64, ok bool) {
	if e.existing.path.ok {
		return e.existing.whole(), e.existing.length(), true
	}
	to, ok = within(&e.newDir, &e.newName)
	return to, unknownSize, ok
}

func within(dir *file, name *text) (p path, ok bool) {
	return path{dir.path.b, name.b}, dir.path.ok && name.ok && len(name.b) > 0
}

func (f *file) whole() path { return path{dir: f.path.b} }

func (f *file) length() int64 {
	if !f.size.ok {
		return unknownSize
	}
	return int64(f.size.v)
}
