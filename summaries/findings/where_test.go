package findings

import (
	"strings"
	"testing"

	"summarizer/summaries"
)

func TestWhere(t *testing.T) {
	row := func(path string, n uint64) summaries.Path {
		return summaries.Path{Path: []byte(path), Directory: strings.HasSuffix(path, "/"), Events: n}
	}
	for _, c := range []struct {
		name   string
		rows   []summaries.Path
		want   string
		events uint64
	}{
		{"nothing", nil, "", 0},
		{"one file", []summaries.Path{row("/tmp/x/f", 5)}, "/tmp/x/", 5},
		{"a folded directory", []summaries.Path{row("/tmp/x/", 50), row("/tmp/x/y/f", 10)}, "/tmp/x/", 60},
		{"two halves", []summaries.Path{row("/a/f", 5), row("/b/f", 5)}, "/", 10},
		{"two halves below", []summaries.Path{row("/t/a/f", 5), row("/t/b/f", 5)}, "/t/", 10},
		{"just most", []summaries.Path{row("/a/f", 6), row("/b/f", 4)}, "/a/", 6},
		{"a file at the root", []summaries.Path{row("/f", 9), row("/b/f", 1)}, "/", 10},
		{"folded to the root", []summaries.Path{row("/", 9), row("/b/f", 1)}, "/", 10},
		{"very deep", []summaries.Path{row("/"+strings.Repeat("d/", 400)+"f", 5)}, "/" + strings.Repeat("d/", deepest), 5},
		{"one name begins with the other", []summaries.Path{row("/tmp/f", 5), row("/tmpx/f", 5)}, "/", 10},
	} {
		got, events := Where(c.rows)
		if string(got) != c.want || events != c.events {
			t.Errorf("%s: %s %d, want %s %d", c.name, got, events, c.want, c.events)
		}
		if half, n := Where(c.rows[:len(c.rows)/2], c.rows[len(c.rows)/2:]); string(half) != c.want || n != c.events {
			t.Errorf("%s, in two families: %s %d", c.name, half, n)
		}
	}
}

// What is found of a rate says where, in the words of whoever looks for it.
func TestFindingsSayWhere(t *testing.T) {
	for _, name := range []string{"one-file-flood", "distinct-flood"} {
		attack := windows(t, slower(minutes(t, name, 100_000/slowdown, 10, 60)))
		found := observeAll(t, detector(t, Config{FloodRate: 10_000 / slowdown, SpreadRate: 10_000 / slowdown}), attack...)
		if f := has(found, Flood, "/private/tmp/.cache/evil"); f == nil || !strings.Contains(f.Text, " % in /private/") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
