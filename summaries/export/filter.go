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
	// Machine is the id of a machine.
	Machine string
	// Program is the path of an executable, or what stands behind its last '/'.
	Program string
	// Origin is the name of a trust group.
	Origin string
	// IsProgram and IsProcess choose for a caller that knows one of each by more than a name;
	// nil is all.
	IsProgram func(origin string, p *summaries.Program) bool
	IsProcess func(m *summaries.Machine, p *summaries.Process) bool
	// PathPrefix is a directory with all that is below it, or a file; it begins with '/'.
	PathPrefix string
	// PathBegins is how a path begins, byte for byte, as in store.Filter.
	PathBegins string
	// Kinds are names of kinds of events: of rows, only these events remain. None is all.
	Kinds []string
}

// Validate says what is wrong with f.
func (f *Filter) Validate() error {
	for _, prefix := range []string{f.PathPrefix, f.PathBegins} {
		if prefix != "" && prefix[0] != '/' {
			return fmt.Errorf("path prefix %q: begin it with '/'", prefix)
		}
	}
	for _, name := range f.Kinds {
		if _, ok := esbridge.KindByName(name); !ok {
			var names []string
			for k := range esbridge.NumKinds {
				names = append(names, esbridge.Kind(k).String())
			}
			return fmt.Errorf("no kind of events %q: use one of %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

func (f *Filter) empty() bool {
	return f.Machine+f.Program+f.Origin+f.PathPrefix+f.PathBegins == "" && f.IsProgram == nil && f.IsProcess == nil && len(f.Kinds) == 0
}

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

func (f *Filter) program(origin string, p *summaries.Program) verdict {
	named := f.Program == "" || f.Program == string(p.Path) || f.Program == string(lastPart(p.Path))
	if named && (f.IsProgram == nil || f.IsProgram(origin, p)) {
		return yes
	}
	return no
}

// programOthers is what can be said of programs that were folded up.
func (f *Filter) programOthers() verdict {
	if f.Program == "" && f.IsProgram == nil {
		return f.processOthers()
	}
	return unsure
}

func (f *Filter) process(m *summaries.Machine, p *summaries.Process) verdict {
	if f.IsProcess == nil || f.IsProcess(m, p) {
		return yes
	}
	return no
}

// processOthers is what can be said of processes that were folded up.
func (f *Filter) processOthers() verdict {
	if f.IsProcess == nil {
		return yes
	}
	return unsure
}

func (f *Filter) path(p *summaries.Path) verdict {
	return min(f.below(p), f.begins(p))
}

// below compares with PathPrefix, component by component.
func (f *Filter) below(p *summaries.Path) verdict {
	prefix := strings.TrimRight(f.PathPrefix, "/")
	switch {
	case under(p.Path, prefix):
		return yes
	case p.Directory && under([]byte(prefix), string(p.Path[:len(p.Path)-1])):
		return unsure
	}
	return elided(p, prefix)
}

// begins compares with PathBegins, byte for byte.
func (f *Filter) begins(p *summaries.Path) verdict {
	switch {
	case strings.HasPrefix(string(p.Path), f.PathBegins):
		return yes
	case p.Directory && strings.HasPrefix(f.PathBegins, string(p.Path)):
		return unsure
	}
	return elided(p, f.PathBegins)
}

// elided is what can be said of a path that does not match as far as it is shown.
func elided(p *summaries.Path, prefix string) verdict {
	if p.PathLen > len(p.Path) && strings.HasPrefix(prefix, string(headOf(p.Path))) {
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

// restrict is the row with the events of the asked kinds alone. How many bytes these changed
// nobody knows unless the row has no others.
func (f *Filter) restrict(p summaries.Path) summaries.Path {
	if len(f.Kinds) == 0 {
		return p
	}
	var kept summaries.Kinds
	for _, name := range f.Kinds {
		if kind, ok := esbridge.KindByName(name); ok {
			kept[kind] = p.Kinds[kind]
		}
	}
	if kept == p.Kinds {
		return p
	}
	p.Events, p.Kinds = kept.Sum(), kept
	p.Bytes, p.HasBytes = 0, false
	p.SizeFirst, p.SizeLast, p.HasSize = 0, 0, false
	return p
}
