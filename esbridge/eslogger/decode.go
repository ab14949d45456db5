package eslogger

import (
	"bytes"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"summarizer/esbridge"
)

// maxText is the longest string literal, in bytes as written, that is read into a field.
// Endpoint Security cuts paths at 16 KiB, and a byte is written in at most six.
const maxText = 128 << 10

// A text is a string member; ok is false where it was missing or null. Its buffer is made
// once, of maxText bytes.
type text struct {
	b  []byte
	ok bool
}

// A number is an integer member, a boolean a truth value; ok is false where it was missing
// or null.
type (
	number struct {
		v  uint64
		ok bool
	}
	boolean struct{ v, ok bool }
)

// decoder pulls the wanted members out of a line and skips the others, whose syntax is
// checked all the same. It allocates nothing for a line that is JSON.
//
// Whatever goes wrong, it reads on: only at the end is it known whether the line is JSON at
// all, and a line that is not has no fields worth judging.
type decoder struct {
	json    jsontext.Decoder
	options []jsontext.Options
	input   bytes.Buffer // jsontext parses a bytes.Buffer in place, without a copy
	key     []byte       // the name of the current member
	keyText []byte       // backs key where it was escaped
	syntax  bool         // not JSON; nothing more is read
	bad     bool         // a member of the wrong type or out of range
}

func newDecoder() *decoder {
	return &decoder{
		options: []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)},
		keyText: make([]byte, 0, 512),
	}
}

// decode reads a line into m; ok is false, with the reason, for a line that is no JSON
// object, or one with a member of the wrong type.
func (d *decoder) decode(line []byte, m *message) (reason esbridge.Reason, ok bool) {
	m.reset()
	d.input = *bytes.NewBuffer(line)
	d.json.Reset(&d.input, d.options...)
	d.syntax, d.bad = false, false
	d.message(m)
	if !d.syntax {
		_, err := d.json.ReadToken()
		d.syntax = err != io.EOF
	}
	switch {
	case d.syntax:
		return esbridge.BadJSON, false
	case d.bad:
		return esbridge.BadField, false
	}
	return 0, true
}

// enter opens the next value if it is an object, whose members then follow. Any other value
// is read over; null says that it was one, anything else is bad.
func (d *decoder) enter() (opened, null bool) {
	switch d.json.PeekKind() {
	case '{':
		_, err := d.json.ReadToken()
		d.syntax = d.syntax || err != nil
		return err == nil, false
	case 'n':
		d.skip()
		return false, true
	}
	d.mismatch()
	return false, false
}

// member moves to the next member of the open object and puts its name into d.key, which is
// valid until its value is touched. It is false after the last one, when the object has been
// closed.
func (d *decoder) member() bool {
	if d.syntax {
		return false
	}
	if d.json.PeekKind() == '}' {
		_, err := d.json.ReadToken()
		d.syntax = err != nil
		return false
	}
	v, err := d.json.ReadValue()
	if err != nil {
		d.syntax = true
		return false
	}
	d.key = v[1 : len(v)-1]
	if bytes.IndexByte(v, '\\') >= 0 && len(v) <= cap(d.keyText) {
		d.keyText = appendUnquoted(d.keyText[:0], v)
		d.key = d.keyText
	}
	return true
}

// skip reads over the next value.
func (d *decoder) skip() {
	// ReadValue walks a nested value in one call; SkipValue would go token by token.
	if _, err := d.json.ReadValue(); err != nil {
		d.syntax = true
	}
}

// mismatch reads over a value that is not of the type wanted.
func (d *decoder) mismatch() {
	d.bad = true
	d.skip()
}

// scalar reads the next value if it is of the kind wanted. A null leaves ok false and is not
// bad.
func (d *decoder) scalar(want jsontext.Kind) (v jsontext.Value, ok bool) {
	switch d.json.PeekKind() {
	case want:
		v, err := d.json.ReadValue()
		d.syntax = d.syntax || err != nil
		return v, err == nil
	case 'n':
		d.skip()
	default:
		d.mismatch()
	}
	return nil, false
}

func (d *decoder) text(t *text) {
	v, ok := d.scalar('"')
	t.ok = ok
	if !ok {
		return
	}
	if len(v) > cap(t.b) {
		d.bad = true
		return
	}
	t.b = appendUnquoted(t.b[:0], v)
}

// number reads an integer from 0 to max, written without fraction or exponent.
func (d *decoder) number(n *number, max uint64) {
	v, ok := d.scalar('0')
	n.ok = ok
	if !ok {
		return
	}
	// Longer ones are out of range, and the conversion to string would allocate.
	if len(v) <= len("18446744073709551615") {
		var err error
		n.v, err = strconv.ParseUint(string(v), 10, 64)
		ok = err == nil && n.v <= max
	} else {
		ok = false
	}
	d.bad = d.bad || !ok
}

// pid reads a process id, which eslogger may write signed or as the 32 bits that an audit
// token holds. It is kept as those bits: above MaxInt32 there is no process.
func (d *decoder) pid(n *number) {
	v, ok := d.scalar('0')
	n.ok = ok
	if !ok {
		return
	}
	if len(v) > len("-2147483648") {
		d.bad = true
		return
	}
	i, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || i < -1<<31 || i > 1<<32-1 {
		d.bad = true
		return
	}
	n.v = uint64(uint32(i))
}

func (d *decoder) boolean(b *boolean) {
	switch d.json.PeekKind() {
	case 't', 'f':
		t, err := d.json.ReadToken()
		d.syntax = d.syntax || err != nil
		b.ok = err == nil
		b.v = b.ok && t.Bool()
	case 'n':
		d.skip()
		b.ok = false
	default:
		d.mismatch()
	}
}
