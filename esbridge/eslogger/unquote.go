package eslogger

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnquoted appends what a JSON string literal stands for, quotes included in the
// literal, which must have been validated. It never appends more bytes than the literal has.
//
// It differs from jsontext.AppendUnquote in one point: bytes that are not UTF-8 are kept
// and not replaced by U+FFFD, so that two files whose names differ in such bytes stay two.
// Half a surrogate pair has no bytes to keep and becomes U+FFFD, as in encoding/json.
func appendUnquoted(dst, literal []byte) []byte {
	s := literal[1 : len(literal)-1]
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		if s[i+1] != 'u' {
			dst = append(dst, unescaped(s[i+1]))
			s = s[i+2:]
			continue
		}
		r, n := escapedRune(s[i:])
		dst = utf8.AppendRune(dst, r)
		s = s[i+n:]
	}
}

// unescaped is what a backslash and c stand for.
func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // '"', '\\', '/'
}

// escapedRune reads \uXXXX, or two of them that are a surrogate pair, at the front of s and
// returns how many bytes it took.
func escapedRune(s []byte) (r rune, n int) {
	r = hex4(s[2:6])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(s[8:12])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(s []byte) (r rune) {
	for _, c := range s[:4] {
		switch {
		case c <= '9':
			c -= '0'
		case c <= 'F':
			c -= 'A' - 10
		default:
			c -= 'a' - 10
		}
		r = r<<4 | rune(c)
	}
	return r
}
