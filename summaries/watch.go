package summaries

import (
	"bytes"
	"strings"
)

// watchList holds the path prefixes whose rows fold last within their family: places where
// one write matters. A prefix matches whole components: /etc matches /etc and /etc/passwd
// and not /etcetera. A "*" stands for exactly one component. It is a trie of components: the
// zero value matches nothing.
type watchList struct {
	watched  bool // a prefix ends here
	children []watchChild
	any      *watchList // what follows "*"
}

type watchChild struct {
	component []byte
	list      *watchList
}

func newWatchList(prefixes []string) *watchList {
	root := &watchList{}
	for _, p := range prefixes {
		node := root
		for component := range strings.SplitSeq(strings.Trim(p, "/"), "/") {
			if component != "" {
				node = node.child(component)
			}
		}
		node.watched = node != root
	}
	return root
}

// child finds or makes what follows a component.
func (w *watchList) child(component string) *watchList {
	if component == "*" {
		if w.any == nil {
			w.any = &watchList{}
		}
		return w.any
	}
	if next := w.next([]byte(component)); next != nil {
		return next
	}
	next := &watchList{}
	w.children = append(w.children, watchChild{[]byte(component), next})
	return next
}

func (w *watchList) next(component []byte) *watchList {
	for i := range w.children {
		if c := &w.children[i]; bytes.Equal(c.component, component) {
			return c.list
		}
	}
	return nil
}

// match tells whether an absolute path lies under a prefix.
func (w *watchList) match(path []byte) bool {
	for !w.watched {
		if len(path) == 0 {
			return false
		}
		path = path[1:]
		next, n := w.first(path)
		if w.any != nil {
			any := len(path)
			if i := bytes.IndexByte(path, '/'); i >= 0 {
				any = i
			}
			if next == nil {
				next, n = w.any, any
			} else if w.any.match(path[any:]) {
				return true
			}
		}
		if next == nil {
			return false
		}
		w, path = next, path[n:]
	}
	return true
}

// first finds what follows the first component of path, and where that ends. Most paths end
// at the first byte of the first few components.
func (w *watchList) first(path []byte) (*watchList, int) {
	if len(path) == 0 {
		return nil, 0
	}
	for i := range w.children {
		c := w.children[i].component
		if c[0] == path[0] && bytes.HasPrefix(path, c) && (len(path) == len(c) || path[len(c)] == '/') {
			return w.children[i].list, len(c)
		}
	}
	return nil, 0
}

// DefaultWatch are the places that persistence and tampering need: what starts by itself,
// who may become whom, and who may read what. Sources: MITRE ATT&CK T1543, T1053, T1098.004,
// T1548; launchd.plist(5), crontab(5), sudoers(5), sshd(8).
var DefaultWatch = []string{
	"/Library/LaunchAgents", "/Library/LaunchDaemons", "/Users/*/Library/LaunchAgents",
	"/System/Library/LaunchAgents", "/System/Library/LaunchDaemons",
	"/Library/StartupItems", "/Library/Application Support/com.apple.TCC",
	"/Users/*/Library/Application Support/com.apple.TCC", "/Library/Security",
	"/private/etc", "/private/var/at", "/private/var/db/launchd.db", "/Users/*/.ssh", "/private/var/root/.ssh",
	"/Users/*/.zshenv", "/Users/*/.zshrc", "/Users/*/.zprofile", "/Users/*/.bash_profile",
	"/etc", "/root/.ssh", "/home/*/.ssh", "/var/spool/cron", "/boot", "/lib/systemd", "/usr/lib/systemd",
	"/root/.config/systemd", "/home/*/.config/systemd", "/home/*/.config/autostart",
	"/root/.bashrc", "/root/.profile", "/home/*/.bashrc", "/home/*/.profile",
}
