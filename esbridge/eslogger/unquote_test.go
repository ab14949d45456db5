package eslogger

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestUnquoteOracle builds literals out of pieces that have tripped decoders and compares
// with encoding/json wherever that keeps what the literal says.
func TestUnquoteOracle(t *testing.T) {
	pieces := []string{
		"a", "/", `\/`, `\\`, `\"`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0000`, `\u002f`, `\u00e9`, `\u20AC`, `\uFFFD`,
		`\ud83d\ude00`, `\uD83D`, `\uDE00`, `\ud83dx`, `\ud83d\n`, `\ud83d\u0041`, `\ude00\ud83d`, "é", "日", "😀", "\u007f",
	}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 20000 {
		var b strings.Builder
		b.WriteByte('"')
		for range rng.IntN(12) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		b.WriteByte('"')
		var want string
		if err := json.Unmarshal([]byte(b.String()), &want); err != nil {
			t.Fatalf("seed %d: the piece list makes invalid JSON: %v", seed, err)
		}
		got := string(appendUnquoted(nil, []byte(b.String())))
		if got != want {
			t.Fatalf("seed %d: %s: got %q, want %q", seed, b.String(), got, want)
		}
		if len(got) > b.Len() {
			t.Fatalf("seed %d: %s grew to %d bytes", seed, b.String(), len(got))
		}
	}
}

// TestUnquoteKeepsBytes: two paths that differ in bytes that are no UTF-8 stay two.
func TestUnquoteKeepsBytes(t *testing.T) {
	for _, c := range []struct{ literal, want string }{
		{"\"/tmp/\xff\"", "/tmp/\xff"},
		{"\"\xc3\\/\xfe\"", "\xc3/\xfe"},
		{"\"\xed\xa0\x80\"", "\xed\xa0\x80"},
	} {
		got := string(appendUnquoted(nil, []byte(c.literal)))
		if got != c.want || utf8.ValidString(got) {
			t.Errorf("%q: got %q, want %q", c.literal, got, c.want)
		}
	}
}
