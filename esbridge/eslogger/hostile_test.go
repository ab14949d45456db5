package eslogger

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"summarizer/esbridge"
)

// writeLine is a line with a path of the given literal, and members added to the envelope.
func writeLine(pathLiteral, added string) []byte {
	return []byte(`{"time":"2026-01-02T03:04:05.000000006Z","seq_num":0,"global_seq_num":0,"event":{"write":{"target":{"path":` + pathLiteral +
		`}}},"process":{"audit_token":{"pid":1,"pidversion":2,"euid":3},"executable":{"path":"\/bin\/x"}}` + added + `}`)
}

// TestHostileLines: each of these counts once, as told, and in time that grows with its
// length and nothing else.
func TestHostileLines(t *testing.T) {
	const mib = 1 << 20
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	objects := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	cases := []struct {
		name string
		line []byte
		want string // a reason, or "" for an event
	}{
		{"usual", writeLine(`"\/a"`, ``), ""},
		{"quotes", writeLine(`"\/a"`, `,"args":["`+strings.Repeat(`\"`, mib/2)+`"]`), ""},
		{"open quotes", writeLine(`"\/a"`, `,"args":["`+strings.Repeat(`\"`, mib/2)), "bad_json"},
		{"backslashes", writeLine(`"\/a"`, `,"args":["`+strings.Repeat(`\\`, mib/2)+`"]`), ""},
		{"braces in a string", writeLine(`"\/a"`, `,"args":["`+strings.Repeat(`}{`, mib/2)+`"]`), ""},
		{"many members", writeLine(`"\/a"`, strings.Repeat(`,"x":1`, mib/6)), ""},
		{"same member again and again", writeLine(`"\/a"`, strings.Repeat(`,"time":"2026-01-02T03:04:05Z"`, mib/32)), ""},
		{"long member name", writeLine(`"\/a"`, `,"`+strings.Repeat("n", mib)+`":1`), ""},
		{"long escaped member name", writeLine(`"\/a"`, `,"`+strings.Repeat(`\u0074`, mib/6)+`":1`), ""},
		{"nested 9,000 deep", writeLine(`"\/a"`, `,"args":`+nested(9000)), ""},
		{"nested 100,000 deep", writeLine(`"\/a"`, `,"args":`+nested(100_000)), "bad_json"},
		{"objects 100,000 deep", writeLine(`"\/a"`, `,"args":`+objects(100_000)), "bad_json"},
		{"nested and cut off", writeLine(`"\/a"`, `,"args":`+strings.Repeat("[", 5000)), "bad_json"},
		{"NUL in a path", writeLine(`"\/a\u0000b"`, ``), ""},
		{"raw NUL in a path", writeLine("\"/a\x00b\"", ``), "bad_json"},
		{"path of 100 KiB", writeLine(`"\/`+strings.Repeat("p", 100<<10)+`"`, ``), ""},
		{"path of 1 MiB", writeLine(`"\/`+strings.Repeat("p", mib)+`"`, ``), "bad_field"},
		{"number of 1 MiB", writeLine(`"\/a"`, `,"seq_num":`+strings.Repeat("9", mib)), "bad_field"},
		{"number beyond 64 bits", writeLine(`"\/a"`, `,"global_seq_num":18446744073709551616`), "bad_field"},
		{"unwanted number of 1 MiB", writeLine(`"\/a"`, `,"x":-`+strings.Repeat("9", mib)+`e999`), ""},
		{"event name of 1 MiB", writeLine(`"\/a"`, `,"event":{"`+strings.Repeat("e", mib)+`":{}}`), "bad_field"},
		{"two events", writeLine(`"\/a"`, `,"event":{"unlink":{}}`), "bad_field"},
		{"relative path", writeLine(`"a"`, ``), "bad_field"},
		{"no object", []byte(`[1,2]`), "bad_field"},
		{"null", []byte(`null`), "bad_field"},
		{"empty object", []byte(`{}`), "missing_field"},
		{"null event", []byte(`{"event":{"write":null}}`), "missing_field"},
		{"two objects", append(writeLine(`"\/a"`, ``), `{}`...), "bad_json"},
		{"trailing brace", append(writeLine(`"\/a"`, ``), '}'), "bad_json"},
		{"byte order mark", append([]byte("\ufeff"), writeLine(`"\/a"`, ``)...), "bad_json"},
		{"garbage", []byte("\x00\xff\x7fELF"), "bad_json"},
		{"a message of the tool", []byte("eslogger: Failed to create client"), "bad_json"},
	}
	s := NewReader("hostile", nil, false)
	for _, c := range cases {
		if got := account(t, s, c.line).Malformed; got != c.want {
			t.Errorf("%s: counted as %q, want %q", c.name, got, c.want)
		}
		if (c.want == "bad_json") == json.Valid(c.line) {
			t.Errorf("%s: encoding/json does not agree that it is JSON, or not", c.name)
		}
	}
	if n := cap(s.message.event.target.path.b); n != maxText {
		t.Errorf("a buffer grew to %d bytes", n)
	}
}

// TestDepthLimit: the decoder gives up where encoding/json does, and not before.
func TestDepthLimit(t *testing.T) {
	s := NewReader("depth", nil, false)
	for depth := 9990; depth < 10010; depth++ {
		line := writeLine(`"\/a"`, `,"args":`+strings.Repeat("[", depth)+strings.Repeat("]", depth))
		if accepted := account(t, s, line).Malformed == ""; accepted && !json.Valid(line) || !accepted && depth < 9999 {
			t.Errorf("%d levels: accepted %v, encoding/json %v", depth, accepted, json.Valid(line))
		}
	}
}

// TestLongLines: a line of 16 MiB is read, one more byte is not, and the lines around them
// are not touched.
func TestLongLines(t *testing.T) {
	pad := func(size int) []byte {
		line := writeLine(`"\/a"`, `,"args":[""]`)
		at := bytes.LastIndexByte(line, '"')
		return append(append(bytes.Clone(line[:at]), bytes.Repeat([]byte("x"), size-len(line))...), line[at:]...)
	}
	usual := writeLine(`"\/usual"`, ``)
	input := bytes.Join([][]byte{usual, pad(maxLine), usual, pad(maxLine + 1), usual, pad(maxLine + 100_000), usual, nil}, []byte("\n"))
	text, tally := collect(t, NewReader("long", bytes.NewReader(input), false))
	if n := strings.Count(text, `"/usual"`); n != 4 || strings.Count(text, ` write `) != 5 {
		t.Errorf("%d usual lines of 4 came through:\n%s", n, text)
	}
	want := esbridge.Tally{}
	want.Malformed[esbridge.TooLong] = 2
	if tally != want {
		t.Errorf("tally %+v, want %+v", tally, want)
	}
}

// TestKeepsRawBytes: a path that is no UTF-8 is kept byte by byte.
func TestKeepsRawBytes(t *testing.T) {
	s := NewReader("raw", nil, false)
	for _, name := range []string{"\xff", "\xfe", "caf\xe9", "\xed\xa0\x80", "ok\u00e9"} {
		v := account(t, s, writeLine(`"\/tmp\/`+name+`"`, ``))
		if v.Event == nil || string(v.Event.Path) != "/tmp/"+name {
			t.Errorf("%q: %+v", name, v)
		}
	}
}
