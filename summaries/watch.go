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

// Watch answers for one path after the other: of the files of one directory it looks through
// the list for the first only.
type Watch struct {
	list    *watchList
	prefix  []byte // what decided about the last path
	watched bool
}

// NewWatch makes a Watch of absolute path prefixes. A prefix holds for the path itself and
// for all below it, component by component; "*" stands for one component, and an empty prefix
// for nothing. A Watch belongs to one goroutine.
func NewWatch(prefixes []string) Watch {
	return Watch{list: newWatchList(prefixes), prefix: make([]byte, 0, maxRowPath)}
}

// Match tells whether an absolute path lies under a prefix. It allocates nothing.
func (w *Watch) Match(path []byte) bool {
	if len(w.prefix) > 0 && bytes.HasPrefix(path, w.prefix) {
		return w.watched
	}
	watched, decided := w.list.match(path)
	if decided > len(path) {
		decided = 0
	}
	w.watched, w.prefix = watched, append(w.prefix[:0], path[:decided]...)
	return watched
}

// uniform tells whether what Match just said of a path it says of all that begin with it.
func (w *Watch) uniform() bool { return len(w.prefix) > 0 }

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

// match tells whether an absolute path lies under a prefix, and how many bytes of it decided:
// the answer is the same for all that begins with these. It is one more than the path has
// where its end decided.
func (w *watchList) match(path []byte) (watched bool, decided int) {
	at := 0
	for !w.watched {
		if at == len(path) {
			return false, at + 1
		}
		at++
		next, n := w.first(path[at:])
		if w.any != nil {
			component := path[at : componentEnd(path, at)-1]
			if next == nil {
				next, n = w.any, len(component)
			} else if watched, more := w.any.match(path[at+n:]); watched {
				return true, at + n + more
			} else {
				decided = max(decided, at+n+more)
			}
		}
		if next == nil {
			return false, max(decided, componentEnd(path, at))
		}
		w, at = next, at+n
	}
	return true, at + 1
}

// componentEnd is where the component that begins at ends, its '/' included; one more than
// the path has where there is none.
func componentEnd(path []byte, at int) int {
	if i := bytes.IndexByte(path[at:], '/'); i >= 0 {
		return at + i + 1
	}
	return len(path) + 1
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
