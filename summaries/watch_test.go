package summaries

import (
	"math/rand/v2"
	"testing"
)

func TestWatchList(t *testing.T) {
	w := newWatchList([]string{"/etc", "/Users/*/.ssh/", "/Users/root/Library", "/*/cron", "/", ""})
	for path, want := range map[string]bool{
		"/etc": true, "/etc/": true, "/etc/passwd": true, "/etcetera": false, "/et": false, "/": false, "/x/etc": false,
		"/Users/a/.ssh": true, "/Users/a/.ssh/id": true, "/Users/a/b/.ssh": false, "/Users/.ssh": false, "/Users/a/.sshx": false,
		"/Users/root/Library/x": true, "/Users/root/.ssh/x": true, "/Users/a/Library": false,
		"/var/cron/x": true, "/Users/cron": true, "//etc": false, "/Users//.ssh": true,
	} {
		if got, _ := w.match([]byte(path)); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	if got, _ := newWatchList(nil).match([]byte("/etc")); got {
		t.Error("an empty list matches")
	}
	w = newWatchList(DefaultWatch)
	for _, path := range []string{"/Users/a/Library/LaunchAgents/x.plist", "/etc/sudoers.d/x", "/root/.ssh/authorized_keys", "/private/var/at/tabs/root"} {
		if got, _ := w.match([]byte(path)); !got {
			t.Errorf("%s is not watched by default", path)
		}
	}
}

// TestWatchRemembers: what decided about the last path decides rightly about the next.
func TestWatchRemembers(t *testing.T) {
	prefixes := []string{"/etc", "/a/*/b/c", "/a/b", "/*/c/a", "/c/*/*/a", "/b/a/*"}
	list, w := newWatchList(prefixes), NewWatch(prefixes)
	rng := rand.New(rand.NewPCG(1, 1))
	remembered := 0
	for range 100000 {
		path := []byte("/etc"[:4*rng.IntN(2)])
		for range rng.IntN(5) {
			path = append(path, '/', "abcd"[rng.IntN(4)])
			path = append(path, "xx/"[:rng.IntN(4)]...)
		}
		if len(path) == 0 {
			continue
		}
		if len(w.prefix) > 0 && len(w.prefix) < len(path) && string(path[:len(w.prefix)]) == string(w.prefix) {
			remembered++
		}
		want, _ := list.match(path)
		if got := w.Match(path); got != want {
			t.Fatalf("%s: %v, want %v", path, got, want)
		}
	}
	if remembered < 1000 {
		t.Errorf("only %d paths began as the one before", remembered)
	}
}

func TestWatchPrefixes(t *testing.T) {
	for path, want := range map[string]bool{
		"/etc": true, "/etc/": true, "/etc/passwd": true, "/etcetera": false, "/": false, "/Users/x/.ssh/id": true, "/Users/.ssh": false,
		"/Users/x/y/.ssh": false, "/a/b": true, "/a": false, "/private/etc": false,
	} {
		w := NewWatch([]string{"/etc", "/Users/*/.ssh/", "/a//b"})
		if w.Match([]byte(path)) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
	if w := NewWatch([]string{"", "/"}); w.Match([]byte("/x")) {
		t.Error("an empty prefix watches everything")
	}
}
