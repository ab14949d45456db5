package export

import (
	"bytes"
	"fmt"
	"strings"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// Filter chooses rows; every part that is set has to match. The zero value is everything.
//
// What was folded up cannot be told apart any more: a program that was folded into the
// others of its origin, or a file folded into a directory above the prefix, is not found.
// Stats.Unsure says how many events that can concern at most.
type Filter struct {
	// Program is the path of an executable, or what stands behind its last '/'.
	Program string
	// Origin is the name of a trust group.
	Origin string
	// PathPrefix is a directory with all that is below it, or a file; it begins with '/'.
	PathPrefix string
	// Kind is the name of a kind of events: of rows, only these events remain.
	Kind string
}

// Validate says what is wrong with f.
func (f *Filter) Validate() error {
	if f.PathPrefix != "" && f.PathPrefix[0] != '/' {
		return fmt.Errorf("path prefix %q: begin it with '/'", f.PathPrefix)
	}
	if _, ok := esbridge.KindByName(f.Kind); f.Kind != "" && !ok {
		var names []string
		for k := range esbridge.NumKinds {
			names = append(names, esbridge.Kind(k).String())
		}
		return fmt.Errorf("no kind of events %q: use one of %s", f.Kind, strings.Join(names, ", "))
	}
	return nil
}

func (f *Filter) empty() bool { return *f == Filter{} }

// verdict is what can be said of a row.
type verdict uint8

const (
	no     verdict = iota
	unsure         // it stands for several, and some of them may match
	yes
)

// othersName is the origin that stands for origins that were folded.
const othersName = "other"

func (f *Filter) origin(o *summaries.Origin) verdict {
	switch {
	case f.Origin == "" || f.Origin == o.Name:
		return yes
	case o.Name == othersName:
		return unsure
	}
	return no
}

func (f *Filter) program(p *summaries.Program) verdict {
	if f.Program == "" || f.Program == string(p.Path) || f.Program == string(lastPart(p.Path)) {
		return yes
	}
	return no
}

// programOthers is what can be said of programs that were folded up.
func (f *Filter) programOthers() verdict {
	if f.Program == "" {
		return yes
	}
	return unsure
}

func (f *Filter) path(p *summaries.Path) verdict {
	prefix := strings.TrimRight(f.PathPrefix, "/")
	switch {
	case under(p.Path, prefix):
		return yes
	case p.Directory && under([]byte(prefix), string(p.Path[:len(p.Path)-1])):
		return unsure
	case p.PathLen > len(p.Path) && strings.HasPrefix(prefix, string(headOf(p.Path))):
		return unsure
	}
	return no
}

// under tells whether path is prefix or lies below it; prefix does not end in '/'.
func under(path []byte, prefix string) bool {
	rest, ok := bytes.CutPrefix(path, []byte(prefix))
	return ok && (len(rest) == 0 || rest[0] == '/')
}

// headOf is what is sure to be the beginning of a path whose middle was left out.
func headOf(path []byte) []byte {
	if cut := bytes.Index(path, []byte("…")); cut >= 0 {
		return path[:cut]
	}
	return path
}

// lastPart is the name behind the last '/' of a path; of a directory, its name without it.
// The root is "/".
func lastPart(path []byte) []byte {
	if len(path) <= 1 {
		return path
	}
	trimmed := bytes.TrimSuffix(path, []byte("/"))
	return trimmed[bytes.LastIndexByte(trimmed, '/')+1:]
}

// restrict is the row with the events of the asked kind alone. How many bytes these changed
// nobody knows unless the row has no others.
func (f *Filter) restrict(p summaries.Path) summaries.Path {
	kind, ok := esbridge.KindByName(f.Kind)
	if !ok || p.Kinds[kind] == p.Events {
		return p
	}
	p.Events = p.Kinds[kind]
	p.Kinds = summaries.Kinds{}
	p.Kinds[kind] = p.Events
	p.Bytes, p.HasBytes = 0, false
	p.SizeFirst, p.SizeLast, p.HasSize = 0, 0, false
	return p
}
