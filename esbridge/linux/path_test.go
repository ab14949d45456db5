package linux

import "testing"

func TestPaths(t *testing.T) {
	for _, c := range []struct {
		names, argument string
		cut             bool
		want            string
	}{
		{"", "", false, "/"},
		{"c\x00b\x00a\x00", "", false, "/a/b/c"},
		{"b\x00a\x00", "x", false, "/a/b/x"},
		{"b\x00a\x00", "./x//y/", false, "/a/b/x/y"},
		{"b\x00a\x00", "../x", false, "/a/x"},
		{"b\x00a\x00", "../../../..", false, "/"},
		{"b\x00a\x00", "../../../../x", false, "/x"},
		{"b\x00a\x00", "/x/./y/..", false, "/x"},
		{"b\x00a\x00", "/", false, "/"},
		{"b\x00a\x00", ".", false, "/a/b"},
		{"b\x00a\x00", "...", false, "/a/b/..."},
		{"b\x00a\x00", "", true, "/[...]/a/b"},
		{"\xff\n\x00", "\xfe", false, "/\xff\n/\xfe"},
	} {
		prefix := []byte("prefix")
		got := rooted(appendArgument(prefix, []byte(c.names), []byte(c.argument), c.cut), len(prefix))
		if string(got) != "prefix"+c.want {
			t.Errorf("%q + %q = %q, want %q", c.names, c.argument, got[len(prefix):], c.want)
		}
	}
}
