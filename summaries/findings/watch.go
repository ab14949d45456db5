package findings

import (
	"bytes"
	"strings"
)

// isWatched tells whether an absolute path lies under one of the prefixes, component by
// component; "*" in a prefix is any one.
func isWatched(prefixes []string, path []byte) bool {
	for _, p := range prefixes {
		if underPrefix(strings.Trim(p, "/"), bytes.Trim(path, "/")) {
			return true
		}
	}
	return false
}

func underPrefix(prefix string, path []byte) bool {
	if prefix == "" {
		return false
	}
	for want := range strings.SplitSeq(prefix, "/") {
		if want == "" {
			continue
		}
		have, rest, _ := bytes.Cut(path, []byte("/"))
		if len(have) == 0 || want != "*" && want != string(have) {
			return false
		}
		path = rest
	}
	return true
}
