package terminal

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/charmbracelet/x/ansi"

	"summarizer/summaries"
)

const (
	// rememberFound is how long a finding stays on the screen after it was made.
	rememberFound = 10 * time.Minute
	lately        = "10 minutes"
	// maxFound is how many findings are remembered.
	maxFound = 50
)

// told is a finding and the end of the window that it was made in.
type told struct {
	at int64
	summaries.Finding
}

// severities from the worst down.
var severities = []string{"high", "medium", "low"}

// findings are what was concluded of the last minutes, the worst first; of equals the newest.
type findings []told

// add takes what was found in a tile; what is found again replaces what it was. Of too many
// the oldest of the least severe are forgotten.
func (f findings) add(s *summaries.Summary) findings {
	if !s.Window.Tile {
		return f
	}
	f = slices.DeleteFunc(f, func(t told) bool {
		again := func(n summaries.Finding) bool { return n.Kind == t.Kind && bytes.Equal(n.Program, t.Program) }
		return s.Window.End-t.at > int64(rememberFound) || slices.ContainsFunc(s.Findings, again)
	})
	for _, n := range s.Findings {
		f = slices.Insert(f, 0, told{s.Window.End, n})
	}
	slices.SortStableFunc(f, func(a, b told) int {
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
	return f[:min(len(f), maxFound)]
}

// line is the worst finding, and how many there are.
func (f findings) line() string {
	if len(f) == 0 {
		return "found nothing in " + lately
	}
	return fmt.Sprintf("found %d (f lists them): %s", len(f), f[0])
}

func (t told) String() string {
	return Escape(t.Severity) + " " + Escape(t.Kind) + ": " + Escape(t.Text)
}

// foundLines are all findings in full.
func (m *model) foundLines() []string {
	lines := []string{bold + m.fit("What was found in the last "+lately) + plain, ""}
	if len(m.shown) == 0 {
		lines = append(lines, m.fit("nothing"))
	}
	for _, t := range m.shown {
		at := time.Unix(0, t.at).UTC().Format("15:04:05 ")
		for line := range bytes.Lines([]byte(ansi.Wrap(at+m.style.name(t.String()), max(m.width, 1), ""))) {
			lines = append(lines, m.fit(string(bytes.TrimSuffix(line, []byte("\n")))))
		}
	}
	return lines
}
