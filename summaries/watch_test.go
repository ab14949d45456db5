package summaries

import "testing"

func TestWatchList(t *testing.T) {
	w := newWatchList([]string{"/etc", "/Users/*/.ssh/", "/Users/root/Library", "/*/cron", "/", ""})
	for path, want := range map[string]bool{
		"/etc": true, "/etc/": true, "/etc/passwd": true, "/etcetera": false, "/et": false, "/": false, "/x/etc": false,
		"/Users/a/.ssh": true, "/Users/a/.ssh/id": true, "/Users/a/b/.ssh": false, "/Users/.ssh": false, "/Users/a/.sshx": false,
		"/Users/root/Library/x": true, "/Users/root/.ssh/x": true, "/Users/a/Library": false,
		"/var/cron/x": true, "/Users/cron": true, "//etc": false, "/Users//.ssh": true,
	} {
		if got := w.match([]byte(path)); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	if newWatchList(nil).match([]byte("/etc")) {
		t.Error("an empty list matches")
	}
	w = newWatchList(DefaultWatch)
	for _, path := range []string{"/Users/a/Library/LaunchAgents/x.plist", "/etc/sudoers.d/x", "/root/.ssh/authorized_keys", "/private/var/at/tabs/root"} {
		if !w.match([]byte(path)) {
			t.Errorf("%s is not watched by default", path)
		}
	}
}
