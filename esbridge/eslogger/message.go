package eslogger

import (
	"bytes"
	"math"
)

// message is what is wanted of a line: the form of es_message_t that eslogger writes. A
// member that comes twice counts as it was last; members of an object that comes twice count
// each as they were last, which is what encoding/json makes of them. A null takes back what
// came before.
type message struct {
	time      text
	eventType number
	seq       number
	global    number
	auth      number // action.result.result.auth: 1 where an AUTH client denied the operation
	process   process
	event     event
}

// process is es_process_t.
type process struct {
	token       token
	parent      token
	responsible token
	ppid        number
	flags       number // codesigning_flags
	platform    boolean
	executable  file
	cdhash      text
	signingID   text
	teamID      text
	start       text

	hashBytes   [20]byte // what cdhash says
	originBytes []byte   // the trust group
}

// token is audit_token_t, as far as wanted.
type token struct{ pid, version, euid number }

// file is es_file_t, as far as wanted.
type file struct {
	path text
	size number
}

// event is the member of "event", with the members of all the bodies in one.
type event struct {
	name text
	kind kind
	many bool // two different names
	body bool // the body was there and not null

	target, source, file1, file2 file
	existing                     file // destination.existing_file
	newDir                       file // destination.new_path.dir
	newName                      text // destination.new_path.filename
	targetDir                    file
	targetName                   text // target_filename (link), target_name (clone, copyfile)
	modified, mapped             boolean
}

func newMessage() *message {
	m := &message{process: process{originBytes: make([]byte, 0, len("team:")+maxText)}}
	e, p := &m.event, &m.process
	for _, t := range []*text{
		&m.time, &p.executable.path, &p.cdhash, &p.signingID, &p.teamID, &p.start,
		&e.name, &e.target.path, &e.source.path, &e.file1.path, &e.file2.path, &e.existing.path,
		&e.newDir.path, &e.newName, &e.targetDir.path, &e.targetName,
	} {
		t.b = make([]byte, 0, maxText)
	}
	return m
}

func (m *message) reset() {
	m.time.ok, m.eventType.ok, m.seq.ok, m.global.ok, m.auth.ok = false, false, false, false, false
	m.process.reset()
	m.event.reset()
}

func (p *process) reset() {
	p.token, p.parent, p.responsible = token{}, token{}, token{}
	p.ppid.ok, p.flags.ok, p.platform.ok = false, false, false
	p.executable.reset()
	p.cdhash.ok, p.signingID.ok, p.teamID.ok, p.start.ok = false, false, false, false
}

func (f *file) reset() { f.path.ok, f.size.ok = false, false }

func (e *event) reset() {
	e.name.ok, e.many = false, false
	e.resetBody()
}

func (e *event) resetBody() {
	e.body = false
	for _, f := range [...]*file{&e.target, &e.source, &e.file1, &e.file2, &e.targetDir} {
		f.reset()
	}
	e.targetName.ok, e.modified.ok, e.mapped.ok = false, false, false
	e.resetDestination()
}

func (e *event) resetDestination() {
	e.existing.reset()
	e.resetNewPath()
}

func (e *event) resetNewPath() {
	e.newDir.reset()
	e.newName.ok = false
}

func (d *decoder) message(m *message) {
	opened, null := d.enter()
	d.bad = d.bad || null
	for opened && d.member() {
		switch string(d.key) {
		case "time":
			d.text(&m.time)
		case "event_type":
			d.number(&m.eventType, math.MaxInt32)
		case "seq_num":
			d.number(&m.seq, math.MaxUint64)
		case "global_seq_num":
			d.number(&m.global, math.MaxUint64)
		case "action":
			d.action(&m.auth, 2)
		case "process":
			d.process(&m.process)
		case "event":
			d.event(&m.event)
		default:
			d.skip()
		}
	}
}

// action reads "auth" inside of depth members named "result".
func (d *decoder) action(auth *number, depth int) {
	opened, null := d.enter()
	if null {
		auth.ok = false
	}
	for opened && d.member() {
		switch {
		case depth > 0 && string(d.key) == "result":
			d.action(auth, depth-1)
		case depth == 0 && string(d.key) == "auth":
			d.number(auth, math.MaxUint32)
		default:
			d.skip()
		}
	}
}

func (d *decoder) process(p *process) {
	opened, null := d.enter()
	if null {
		p.reset()
	}
	for opened && d.member() {
		switch string(d.key) {
		case "audit_token":
			d.token(&p.token)
		case "parent_audit_token":
			d.token(&p.parent)
		case "responsible_audit_token":
			d.token(&p.responsible)
		case "ppid":
			d.pid(&p.ppid)
		case "codesigning_flags":
			d.number(&p.flags, math.MaxUint32)
		case "is_platform_binary":
			d.boolean(&p.platform)
		case "executable":
			d.file(&p.executable)
		case "cdhash":
			d.text(&p.cdhash)
		case "signing_id":
			d.text(&p.signingID)
		case "team_id":
			d.text(&p.teamID)
		case "start_time":
			d.text(&p.start)
		default:
			d.skip()
		}
	}
}

func (d *decoder) file(f *file) {
	opened, null := d.enter()
	if null {
		f.reset()
	}
	for opened && d.member() {
		switch string(d.key) {
		case "path":
			d.text(&f.path)
		case "stat":
			d.stat(&f.size)
		default:
			d.skip()
		}
	}
}

func (d *decoder) stat(size *number) {
	opened, null := d.enter()
	if null {
		size.ok = false
	}
	for opened && d.member() {
		if string(d.key) == "st_size" {
			d.number(size, math.MaxInt64)
		} else {
			d.skip()
		}
	}
}

func (d *decoder) event(e *event) {
	opened, null := d.enter()
	if null {
		e.reset()
	}
	for opened && d.member() {
		if !e.name.ok {
			e.name.ok = true
			e.name.b = append(e.name.b[:0], d.key[:min(len(d.key), cap(e.name.b))]...)
			e.kind = kinds[string(d.key)]
		}
		switch {
		case !bytes.Equal(e.name.b, d.key):
			e.many = true
			d.skip()
		case e.kind.shape == ignored || e.kind.shape == lifecycle:
			e.body = d.json.PeekKind() != 'n'
			d.skip()
		default:
			d.body(e)
		}
	}
}
