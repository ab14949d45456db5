package endpointsecurity

// body reads the event of a message, and the process, if they are to be folded.
func (m *message) body(head []byte) {
	switch m.kind.shape {
	case ignored:
		return
	case lifecycle:
		if m.kind.target != 0 {
			m.processAt(u64(head, m.kind.target))
		} else {
			m.processAt(u64(head, messageProcess))
		}
		return
	case onTarget:
		m.to.dir, m.file = m.fileAt(u64(head, m.kind.target))
	case onClose:
		m.close(head)
	case onCreate:
		m.file = m.destination(u32(head, createType), head[createDestination:])
	case onRename:
		// An existing file is the victim, and so is its size: the file that has the name
		// from now on is the source.
		m.destination(u32(head, renameType), head[renameDestination:])
		m.from.dir, m.file = m.fileAt(u64(head, renameSource))
	case onNewName:
		m.to = m.within(u64(head, m.kind.target), head[m.kind.target+8:])
		m.from.dir, m.file = m.fileAt(u64(head, linkSource))
	case onExchange:
		// Nobody says whether the sizes are those before or after the exchange.
		m.to.dir, m.file = m.fileAt(u64(head, exchangeFile2))
		m.from.dir, _ = m.fileAt(u64(head, exchangeFile1))
		m.file.length = unknownSize
	}
	m.processAt(u64(head, messageProcess))
	m.bad = m.bad || m.to.size() > maxPath
}

func (m *message) close(head []byte) {
	m.modified = head[closeModified] != 0
	mapped := m.version >= versionMapped && head[closeMapped] != 0
	if m.untouched = !m.modified && !mapped; !m.untouched {
		m.to.dir, m.file = m.fileAt(u64(head, closeTarget))
	}
}

// destination reads the existing file, or the path that would have been a new one: creates tell
// that only where they were denied, renames where nothing was in the way.
func (m *message) destination(kind uint32, b []byte) (f file) {
	f.length = unknownSize
	switch kind {
	case existingFile:
		m.to.dir, f = m.fileAt(u64(b, 0))
	case newPath:
		m.to = m.within(u64(b, newPathDir), b[newPathName:])
	default:
		m.missing = true
	}
	return f
}

// within reads a name in the directory at address a.
func (m *message) within(a uint64, token []byte) path {
	dir, _ := m.fileAt(a)
	name := m.wanted(token)
	m.missing = m.missing || u64(token, 0) == 0
	return path{dir, name}
}

// separator stands between a directory and a name in it.
func (p path) separator() []byte {
	if len(p.name) == 0 || p.dir[len(p.dir)-1] == '/' {
		return nil
	}
	return []byte{'/'}
}

// size is how long the path is. A name in a directory that nobody knows is no path.
func (p path) size() int {
	if len(p.dir) == 0 {
		return 0
	}
	return len(p.dir) + len(p.separator()) + len(p.name)
}
