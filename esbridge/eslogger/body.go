package eslogger

import "math"

// token reads an audit token: an object, or, as a beta of macOS 26 wrote it, the eight
// numbers of audit_token_t in their order.
func (d *decoder) token(t *token) {
	if d.json.PeekKind() == '[' {
		*t = token{}
		d.tokenArray(t)
		return
	}
	opened, null := d.enter()
	if null {
		*t = token{}
	}
	for opened && d.member() {
		switch string(d.key) {
		case "pid":
			d.pid(&t.pid)
		case "pidversion":
			d.number(&t.version, math.MaxUint32)
		case "euid":
			d.number(&t.euid, math.MaxUint32)
		default:
			d.skip()
		}
	}
}

// tokenArray reads [auid, euid, egid, ruid, rgid, pid, asid, pidversion].
func (d *decoder) tokenArray(t *token) {
	if _, err := d.json.ReadToken(); err != nil {
		d.syntax = true
		return
	}
	n := 0
	for ; !d.syntax && d.json.PeekKind() != ']'; n++ {
		switch n {
		case 1:
			d.number(&t.euid, math.MaxUint32)
		case 5:
			d.pid(&t.pid)
		case 7:
			d.number(&t.version, math.MaxUint32)
		default:
			d.skip()
		}
	}
	d.bad = d.bad || n != 8
	if _, err := d.json.ReadToken(); err != nil {
		d.syntax = true
	}
}

// body reads the members that any of the file events has; the others are left as they were.
func (d *decoder) body(e *event) {
	opened, null := d.enter()
	if null {
		e.resetBody()
	}
	e.body = e.body || opened
	for opened && d.member() {
		switch string(d.key) {
		case "target":
			d.file(&e.target)
		case "source":
			d.file(&e.source)
		case "file1":
			d.file(&e.file1)
		case "file2":
			d.file(&e.file2)
		case "destination":
			d.destination(e)
		case "target_dir":
			d.file(&e.targetDir)
		case "target_filename", "target_name":
			d.text(&e.targetName)
		case "modified":
			d.boolean(&e.modified)
		case "was_mapped_writable":
			d.boolean(&e.mapped)
		default:
			d.skip()
		}
	}
}

func (d *decoder) destination(e *event) {
	opened, null := d.enter()
	if null {
		e.resetDestination()
	}
	for opened && d.member() {
		switch string(d.key) {
		case "existing_file":
			d.file(&e.existing)
		case "new_path":
			d.newPath(e)
		default:
			d.skip()
		}
	}
}

func (d *decoder) newPath(e *event) {
	opened, null := d.enter()
	if null {
		e.resetNewPath()
	}
	for opened && d.member() {
		switch string(d.key) {
		case "dir":
			d.file(&e.newDir)
		case "filename":
			d.text(&e.newName)
		default:
			d.skip()
		}
	}
}
