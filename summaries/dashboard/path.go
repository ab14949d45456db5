package dashboard

import (
	"strings"
	"unicode/utf8"
)

// label is a name from the outside as a page shows it: text, in two parts, so that what does
// not fit on the line is cut out of the middle (style.css). The first part gives way; the
// last says which file it is.
type label struct{ Head, Tail string }

// longestTail is how many characters of a name are shown at least, if there is room at all.
const longestTail = 28

// labelOf is the label of a path, or of any other name.
func labelOf(name []byte) label {
	s := text(name)
	body := strings.TrimSuffix(s, "/")
	at := strings.LastIndexByte(body, '/') + 1
	for n := utf8.RuneCountInString(s[at:]) - longestTail; n > 0; n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return label{s[:at], s[at:]}
}

// String is the whole name.
func (l label) String() string { return l.Head + l.Tail }
