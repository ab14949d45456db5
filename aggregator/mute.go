package aggregator

import (
	"bytes"
	"strings"

	"summarizer/esbridge"
)

// MuteRule leaves events out of the tree and counts them instead. ParseMute makes one of its
// text:
//
//	[name: ]condition,condition…
//
//	exe=/path            the executable is this file
//	exe-prefix=/path     the executable lies under this directory
//	signing-id=ID        what the code signature says; whoever signed
//	team-id=ID           who signed
//	path=/prefix         the file written is this one or lies under it; of an event with two
//	                     paths (a rename) both
//	kind=write|create    what was done, one of these
//	pid=N                one execution: the first one seen under this pid, no later one
//	uid=N                the effective user id
//
// All conditions of a rule must hold. Prefixes match whole components, and a * stands for
// exactly one: path=/home/*/.cache. A comma or backslash within a value follows a backslash.
// The name, of letters, digits and '-', says whose rule it is and decides nothing.
//
// A signing or team identifier counts only where the system vouches for it, in an origin
// other than "unsigned": anybody can write any identifier into an ad hoc signature. A path
// with "." or ".." components lies under no prefix, since it may lead elsewhere.
//
// A muted path is a blind spot: every summary lists the rules in force and what they muted.
type MuteRule struct {
	text string

	exe, signingID, teamID []byte // empty: not asked
	exePrefix, path        prefix
	kinds                  uint16 // bits by esbridge.Kind; 0: not asked
	pid, uid               int64  // -1: not asked
}

// String is the text that ParseMute makes the same rule of.
func (r MuteRule) String() string { return r.text }

// matchesProcess tells whether the conditions on the process hold, but for which execution of
// a pid is meant.
func (r *MuteRule) matchesProcess(p *esbridge.Process) bool {
	switch {
	case r.pid >= 0 && int64(p.PID) != r.pid, r.uid >= 0 && int64(p.EUID) != r.uid:
		return false
	case len(r.exe) > 0 && !bytes.Equal(r.exe, p.Executable):
		return false
	case len(r.exePrefix) > 0 && !r.exePrefix.match(p.Executable):
		return false
	case len(r.signingID) > 0 && !bytes.Equal(r.signingID, p.SigningID), len(r.teamID) > 0 && !bytes.Equal(r.teamID, p.TeamID):
		return false
	}
	return len(r.signingID) == 0 && len(r.teamID) == 0 || string(p.Origin) != "unsigned"
}

// matchesFile tells whether the conditions on what was done to which file hold.
func (r *MuteRule) matchesFile(e *esbridge.Event) bool {
	if r.kinds != 0 && r.kinds>>e.Kind&1 == 0 {
		return false
	}
	if len(r.path) == 0 {
		return true
	}
	return r.path.match(e.Path) && (len(e.SourcePath) == 0 || r.path.match(e.SourcePath))
}

// prefix is the components of a path; "*" is any one.
type prefix []string

func newPrefix(path string) (p prefix) {
	for component := range strings.SplitSeq(path, "/") {
		if component != "" {
			p = append(p, component)
		}
	}
	return p
}

// match tells whether an absolute path is the prefix or lies under it, and says so as it is
// written.
func (p prefix) match(path []byte) bool {
	rest := path
	for _, want := range p {
		if len(rest) < 2 || rest[0] != '/' {
			return false
		}
		component := rest[1:]
		if i := bytes.IndexByte(component, '/'); i >= 0 {
			component = component[:i]
		}
		if want != "*" && string(component) != want || len(component) == 0 {
			return false
		}
		rest = rest[1+len(component):]
	}
	return plain(path)
}

// plain tells that no component of a path is "." or "..".
func plain(path []byte) bool {
	for rest := path; ; {
		i := bytes.Index(rest, []byte("/."))
		if i < 0 {
			return true
		}
		rest = rest[i+2:]
		after := bytes.TrimPrefix(rest, []byte("."))
		if len(after) == 0 || after[0] == '/' {
			return false
		}
	}
}
