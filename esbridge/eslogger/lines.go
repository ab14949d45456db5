package eslogger

import "bytes"

// maxLine is the longest line that is read, in bytes without its newline. An exec carries
// its arguments and environment, up to ARG_MAX (1 MiB), each byte escaped in up to six.
const maxLine = 16 << 20

// lines cuts chunks of input into lines. It holds at most one line that is not complete,
// in a buffer sized at start; pages of it that no line needs are never touched.
type lines struct {
	part     []byte // the beginning of a line; its capacity is the limit
	skipping bool   // inside a line that was too long
}

func newLines(limit int) lines { return lines{part: make([]byte, 0, limit)} }

type lineState uint8

const (
	lineNone    lineState = iota // the chunk is used up
	lineWhole                    // a line, without its newline
	lineTooLong                  // a line beyond the limit begins to be discarded; told once
)

// next takes the bytes of a line off the front of chunk. The line is valid until the next
// call, and as long as the chunk.
func (l *lines) next(chunk *[]byte) ([]byte, lineState) {
	if l.skipping && !l.skip(chunk) {
		return nil, lineNone
	}
	c := *chunk
	end := bytes.IndexByte(c, '\n')
	body, rest := c, []byte(nil)
	if end >= 0 {
		body, rest = c[:end], c[end+1:]
	}
	*chunk = rest
	if len(l.part)+len(body) > cap(l.part) {
		l.part = l.part[:0]
		l.skipping = end < 0
		return nil, lineTooLong
	}
	if end < 0 {
		l.part = append(l.part, body...)
		return nil, lineNone
	}
	if len(l.part) == 0 {
		return body, lineWhole
	}
	line := append(l.part, body...)
	l.part = l.part[:0]
	return line, lineWhole
}

// skip takes bytes off the front of chunk to the end of a line that was too long, and says
// whether the end was there.
func (l *lines) skip(chunk *[]byte) bool {
	end := bytes.IndexByte(*chunk, '\n')
	if end < 0 {
		*chunk = nil
		return false
	}
	*chunk = (*chunk)[end+1:]
	l.skipping = false
	return true
}

// rest is what followed the last newline.
func (l *lines) rest() []byte { return l.part }
