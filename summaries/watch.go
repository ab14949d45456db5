package summaries

import "bytes"

// watchList holds the path prefixes whose rows fold last within their family: places where
// one write matters. A prefix matches whole components: /etc matches /etc and /etc/passwd
// and not /etcetera. A "*" stands for exactly one component.
type watchList struct {
	rules [][][]byte // components of each rule
	heads [256]bool  // first byte of a rule's first component: most paths fail here
}

func newWatchList(prefixes []string) watchList {
	var w watchList
	for _, p := range prefixes {
		rule := bytes.Split(bytes.Trim([]byte(p), "/"), []byte("/"))
		if len(rule[0]) == 0 {
			continue
		}
		w.rules = append(w.rules, rule)
		w.heads[rule[0][0]] = true
	}
	return w
}

func (w *watchList) match(path []byte) bool {
	if len(path) < 2 || !w.heads[path[1]] && !w.heads['*'] {
		return false
	}
	for _, rule := range w.rules {
		if matchRule(rule, path) {
			return true
		}
	}
	return false
}

func matchRule(rule [][]byte, path []byte) bool {
	for _, component := range rule {
		if len(path) == 0 || path[0] != '/' {
			return false
		}
		path = path[1:]
		n := bytes.IndexByte(path, '/')
		if n < 0 {
			n = len(path)
		}
		if !bytes.Equal(component, []byte("*")) && !bytes.Equal(component, path[:n]) {
			return false
		}
		path = path[n:]
	}
	return true
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
