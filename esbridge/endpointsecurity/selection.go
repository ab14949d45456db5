package endpointsecurity

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"summarizer/esbridge"
)

// Selection is which file events are wanted. The zero value is all, but for our own.
//
// What Endpoint Security mutes is never sent, so it costs nothing and cannot be counted: it is
// a blind spot, which Plan.Blind names. Only the client for files mutes. The steps of
// processes come from all of them, or the exec of a muted host would be missed.
type Selection struct {
	// Only are files and directories, as absolute paths: nothing that happens elsewhere is
	// sent. An event with two paths is sent where one of them lies there. Another hard link to a
	// file there is elsewhere. nil: everywhere.
	Only []string
	// Rules are texts of aggregator.MuteRule. Those that Endpoint Security can tell are muted
	// by it; all of them belong into the fold too, which leaves out and counts what still
	// comes: what a rule of several conditions says, and events of types that Endpoint
	// Security does not mute by path. The name "host" says that an executable is to be muted
	// by its executions, as they appear, instead of by its path.
	Rules []string
	// Self is the audit token of this process; zero where its events are wanted.
	Self [8]uint32
}

// Op is what a Call does.
type Op uint8

// The calls, in the order in which a Plan has them.
const (
	MuteProcess  Op = iota // es_mute_process of Token
	UnmuteTarget           // es_unmute_all_target_paths: the system's own set would be selected too
	InvertTarget           // es_invert_muting of target paths, unless es_muting_inverted says it is
	MutePath               // es_mute_path of Path and Type
)

// PathType is what a path mutes; the values are those of es_mute_path_type_t.
type PathType uint32

// Prefixes are bytes to Endpoint Security: "/a" is one of "/ab".
const (
	ExecutablePrefix PathType = iota
	ExecutableLiteral
	TargetPrefix
	TargetLiteral
)

// Call is one call of Endpoint Security, on the client for files, before it subscribes.
type Call struct {
	Op    Op
	Token [8]uint32 // MuteProcess
	Type  PathType  // MutePath
	Path  string    // MutePath
}

// Plan is how a Selection is carried out.
type Plan struct {
	Calls []Call
	Hosts []string // executables whose executions are muted as they appear
	Blind []string // what the kernel leaves out and nobody counts, for people
	Fold  []string // rules that the kernel has no part in
}

// mostRulePath is the longest path that is muted, in bytes: MAXPATHLEN of <sys/param.h>,
// without its NUL.
const mostRulePath = 1023

// Plan says which calls carry the selection out. It mutes nothing that the selection wants. The
// error is of a path that is none.
func (s Selection) Plan() (Plan, error) {
	var p Plan
	if s.Self != [8]uint32{} {
		p.Calls = append(p.Calls, Call{Op: MuteProcess, Token: s.Self})
		p.Blind = append(p.Blind, "process: summarizer itself, in the kernel")
	}
	if err := p.only(s.Only); err != nil {
		return Plan{}, err
	}
	for _, rule := range s.Rules {
		if !p.rule(rule, len(s.Only) > 0) {
			p.Fold = append(p.Fold, rule)
		}
	}
	return p, nil
}

// only selects paths: the muted ones, once muting is inverted. What is selected already when
// it is inverted must be gone first, and inverting again would turn all around.
func (p *Plan) only(paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	p.Calls = append(p.Calls, Call{Op: UnmuteTarget}, Call{Op: InvertTarget})
	for _, path := range paths {
		place, ok := cleanPath(path)
		if !ok {
			return fmt.Errorf("selecting %q: no place; give an absolute path below / without a component . or .., of at most %d bytes", path, mostRulePath)
		}
		p.path(TargetPrefix, TargetLiteral, place)
	}
	p.Blind = append(p.Blind, "all but path="+strings.Join(paths, ",path=")+", in the kernel")
	return nil
}

// path mutes a place and all below it.
func (p *Plan) path(prefix, literal PathType, place string) {
	for _, c := range [...]Call{{Op: MutePath, Type: prefix, Path: place + "/"}, {Op: MutePath, Type: literal, Path: place}} {
		if !slices.Contains(p.Calls, c) {
			p.Calls = append(p.Calls, c)
		}
	}
}

// rule plans what the kernel does for a rule. It is false where that is nothing: kinds of
// muting add up there, so a rule of two conditions would hide what only one of them holds
// for; and what one name in any place is called (*), who signed, a user and a pid it does not
// know. With inverted selects, a muted target path would be one that is wanted.
func (p *Plan) rule(text string, inverted bool) bool {
	name, key, value, ok := singleCondition(text)
	if !ok {
		return false
	}
	place, clean := cleanPath(value)
	switch {
	case key == "exe" && clean && place == value && name == "host":
		p.Hosts = append(p.Hosts, value)
	case key == "exe" && clean && place == value:
		p.Calls = append(p.Calls, Call{Op: MutePath, Type: ExecutableLiteral, Path: value})
	case key == "exe-prefix" && clean && !strings.Contains(place, "*"):
		p.path(ExecutablePrefix, ExecutableLiteral, place)
	case key == "path" && clean && !strings.Contains(place, "*") && !inverted:
		p.path(TargetPrefix, TargetLiteral, place)
	default:
		return false
	}
	p.Blind = append(p.Blind, text+", in the kernel")
	return true
}

// singleCondition reads a rule that has one condition; see aggregator.ParseMute.
func singleCondition(text string) (name, key, value string, ok bool) {
	condition := strings.TrimSpace(text)
	if before, after, found := strings.Cut(condition, ": "); found && !strings.ContainsAny(before, "=/,\\") {
		name, condition = before, strings.TrimSpace(after)
	}
	var plain strings.Builder
	for i := 0; i < len(condition); i++ {
		switch c := condition[i]; {
		case c == ',':
			return "", "", "", false
		case c == '\\' && i+1 < len(condition) && (condition[i+1] == ',' || condition[i+1] == '\\'):
			i++
			plain.WriteByte(condition[i])
		default:
			plain.WriteByte(c)
		}
	}
	key, value, ok = strings.Cut(plain.String(), "=")
	return name, key, value, ok
}

// cleanPath is a path as the kernel writes it: no empty component, none of "." and "..".
func cleanPath(path string) (string, bool) {
	if !strings.HasPrefix(path, "/") || len(path) > mostRulePath || strings.ContainsRune(path, 0) {
		return "", false
	}
	var b strings.Builder
	for component := range strings.SplitSeq(path, "/") {
		switch component {
		case "":
		case ".", "..":
			return "", false
		default:
			b.WriteByte('/')
			b.WriteString(component)
		}
	}
	return b.String(), b.Len() > 0
}

// OnHosts is an OnProcess that mutes the executions of hosts (Plan.Hosts): the ones that run,
// with their first event, and later ones when they begin. mute is es_mute_process; where it
// fails, the process has ended, or the fold's rule leaves out what it does. next, if not nil,
// is called after it.
func OnHosts(hosts []string, mute func(token [8]uint32) error, next func(*esbridge.Process, [8]uint32)) func(*esbridge.Process, [8]uint32) {
	if len(hosts) == 0 {
		return next
	}
	return func(p *esbridge.Process, token [8]uint32) {
		if slices.ContainsFunc(hosts, func(h string) bool { return bytes.Equal(p.Executable, []byte(h)) }) {
			_ = mute(token) // see above
		}
		if next != nil {
			next(p, token)
		}
	}
}
