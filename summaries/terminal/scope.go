package terminal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// scope is what the live view looks at: the machine, a program, or a process of one. It names
// them by their identity, so that it finds them again in the next summary.
type scope struct {
	program programKey
	process processKey
	depth   int // 0 machine, 1 program, 2 process
}

type programKey struct {
	origin, path, cdhash string
	device, inode        uint64
	folded               bool // what the origin folded up
}

type processKey struct {
	pid     int32
	version uint64
	start   int64
	folded  bool // what the program folded up
}

// line is a row that the user can stand on, and what is beneath it.
type line struct {
	tableRow
	into *scope // nil: nothing
}

// members are the rows of the scope: programs of the machine, processes of a program; of a
// process its paths.
func (sc *scope) members(s *summaries.Summary) (lines []line) {
	switch sc.depth {
	case 0:
		for _, p := range programRows(s) {
			lines = append(lines, line{p.row, &scope{program: p.key, depth: 1}})
		}
		return lines
	case 1:
		return sc.processes(s)
	}
	return sc.paths(s)
}

// paths are the paths of everything in the scope, those of different owners added up.
func (sc *scope) paths(s *summaries.Summary) (lines []line) {
	sums := pathSums{rows: map[pathKey]*pathSum{}}
	for _, p := range programRows(s) {
		if sc.depth == 0 || p.key == sc.program {
			p.addPaths(&sums, sc)
		}
	}
	for _, row := range sums.sorted() {
		row.what = strings.TrimSpace(row.what)
		row.name = strings.TrimPrefix(row.name, "  ")
		lines = append(lines, line{row, nil})
	}
	return lines
}

// addPaths adds the paths of the program's processes as far as they are in the scope.
func (p *programRow) addPaths(sums *pathSums, sc *scope) {
	if sc.depth < 2 || sc.process.folded {
		sums.add(p.other.Paths, p.other.PathsUnlistedMax)
	}
	if p.program == nil {
		return
	}
	for i := range p.program.Processes {
		if x := &p.program.Processes[i]; sc.depth < 2 || keyOf(x) == sc.process {
			sums.add(x.Paths, x.UnlistedMax)
		}
	}
}

func keyOf(p *summaries.Process) processKey {
	return processKey{pid: p.PID, version: p.Version, start: p.Start}
}

func (sc *scope) processes(s *summaries.Summary) (lines []line) {
	p := sc.find(s)
	if p == nil {
		return nil
	}
	below := func(k processKey) *scope { return &scope{program: sc.program, process: k, depth: 2} }
	if p.program != nil {
		for i := range p.program.Processes {
			x := &p.program.Processes[i]
			lines = append(lines, line{tableRow{
				events: x.Events, missed: x.MissedMax, members: x.Seen.Estimate, about: sign(&x.Seen), lowerBound: x.LowerBound,
				what: fmt.Sprintf("user %d", x.EUID), name: processName(x),
			}, below(keyOf(x))})
		}
	}
	if p.other.Events > 0 {
		name := "(processes folded up)"
		if p.program == nil {
			name = "(programs folded up)"
		}
		lines = append(lines, line{tableRow{
			events: p.other.Events, members: p.other.Members, lowerBound: p.other.LowerBound, name: name,
		}, below(processKey{folded: true})})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return byEvents(&a.tableRow, &b.tableRow) })
	return lines
}

// find is the program that the scope looks at; nil where the summary does not list it.
func (sc *scope) find(s *summaries.Summary) *programRow {
	for _, p := range programRows(s) {
		if p.key == sc.program {
			return &p
		}
	}
	return nil
}

func processName(p *summaries.Process) string {
	name := fmt.Sprintf("pid %d", p.PID)
	if p.Start > 0 {
		name += "  since " + time.Unix(0, p.Start).UTC().Format("2006-01-02 15:04:05")
	}
	if p.Container != "" {
		name += "  in " + Escape(p.Container)
	}
	return name
}

// title is the way down to the scope.
func (sc *scope) title() string {
	name := Escape(sc.program.path)
	if sc.program.folded {
		name = "other programs of " + Escape(sc.program.origin)
	}
	switch {
	case sc.depth == 0:
		return "all programs"
	case sc.depth == 1:
		return "all programs › " + name
	case sc.process.folded:
		return "all programs › " + name + " › folded up"
	}
	return fmt.Sprintf("all programs › %s › pid %d", name, sc.process.pid)
}

// identity says who the scope's program or process is, and what kinds of events it had.
func (sc *scope) identity(s *summaries.Summary) string {
	if sc.depth == 0 {
		return kindsLine(&s.Kinds)
	}
	p := sc.find(s)
	if p == nil {
		return "not in this window"
	}
	if sc.depth == 2 && p.program != nil {
		for i := range p.program.Processes {
			if x := &p.program.Processes[i]; keyOf(x) == sc.process {
				return fmt.Sprintf("user %d · parent %d · %s", x.EUID, x.PPID, kindsLine(&x.Kinds))
			}
		}
	}
	if p.program == nil || sc.process.folded {
		return kindsLine(&p.other.Kinds)
	}
	words := []string{Escape(sc.program.origin)}
	if p.program.SigningID != "" {
		words = append(words, "signed as "+Escape(p.program.SigningID))
	}
	if len(p.program.CDHash) > 0 {
		words = append(words, fmt.Sprintf("cdhash %x", p.program.CDHash))
	}
	return strings.Join(append(words, kindsLine(&p.program.Kinds)), " · ")
}

func kindsLine(kinds *summaries.Kinds) string {
	var words []string
	for i, n := range kinds {
		if n > 0 {
			words = append(words, Group(n)+" "+esbridge.Kind(i).String())
		}
	}
	return strings.Join(words, ", ")
}
