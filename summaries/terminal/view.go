package terminal

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/rivo/uniseg"

	"summarizer/summaries"
)

// headLines is how many lines stand above the rows; one more stands below.
const headLines = 6

// Attributes of ECMA-48. Bubble Tea leaves colours out where NO_COLOR or the terminal say so.
const (
	bold, reverse, red, dim, plain = "\x1b[1m", "\x1b[7m", "\x1b[31;1m", "\x1b[2m", "\x1b[0m"
)

const keys = "↑↓ move  enter open  esc back  tab paths  s sort  space pause  ? help  q quit"

// View draws the whole screen, as many lines as the terminal has at most.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	v.WindowTitle = "summarizer"
	return v
}

func (m *model) screen() []string {
	var lines []string
	switch {
	case m.help:
		lines = append(m.helpLines(), "")
	case m.last == nil:
		lines = []string{m.fit("waiting for the first window"), ""}
	default:
		lines = append(m.head(), m.rows()...)
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	return append(lines[:max(min(len(lines), m.height-1), 0)], dim+m.fit(keys)+plain)[:max(min(len(lines)+1, m.height), 1)]
}

// head is what stands above the rows: when, how busy, what was lost, where the user is.
func (m *model) head() []string {
	s := m.last
	lossesStyle := ""
	if lost(&s.Ledger) > 0 || s.LowerBound {
		lossesStyle = red
	}
	return []string{
		m.clock(),
		bold + m.busy() + plain,
		lossesStyle + m.fit(losses(s)) + plain,
		bold + m.style.elide(m.style.name(m.style.text(m.here().title())), m.width) + plain,
		dim + m.fit(m.here().identity(s)) + plain,
		reverse + m.pad(m.columns()) + plain,
	}
}

func (m *model) clock() string {
	w := &m.last.Window
	state := ""
	if m.paused {
		state = "  PAUSED"
	}
	return m.fit(fmt.Sprintf("%s  %s  %s +%v%s", Escape(m.last.Machine.Hostname), Escape(m.last.Machine.Source),
		time.Unix(0, w.Start).UTC().Format("2006-01-02 15:04:05"), time.Duration(w.End-w.Start).Round(time.Millisecond), state))
}

// busy is the rate, how the last seconds went, and how many members there were.
func (m *model) busy() string {
	s := m.last
	bound := ""
	if s.LowerBound {
		bound = "≥"
	}
	rate := fmt.Sprintf("%s%s events/s", bound, Group(perSecond(s.Events, time.Duration(s.Window.End-s.Window.Start))))
	members := fmt.Sprintf("%s paths  %s processes  %s programs", distinct(&s.Paths), distinct(&s.Procs), distinct(&s.Programs))
	line := m.style.text(rate + "  " + members)
	if room := min(m.width-uniseg.StringWidth(line)-16, 60); room >= 10 {
		spark, most := m.activity.spark(room, m.style)
		line += "  " + spark + " " + Group(most) + "/s"
	}
	return clip(line, m.width)
}

// losses says zero as plainly as any number.
func losses(s *summaries.Summary) string {
	l := &s.Ledger
	return fmt.Sprintf("lost %s: kernel %s, queue %s, malformed %s · muted %s · late %s · folded up %s", Group(lost(l)),
		Group(l.KernelDropped), Group(l.QueueDropped), Group(malformed(l)), Group(l.Muted), Group(l.Late),
		Group(l.FoldedUp.Paths+l.FoldedUp.Processes+l.FoldedUp.Programs+l.FoldedUp.Origins))
}

func (m *model) columns() string {
	names := []string{"EVENTS", "MISSED", "MEMBERS", "NAME"}
	mark := "▼"
	if m.order == byName {
		mark = "▲"
	}
	names[m.order] = mark + names[m.order]
	return m.style.text(m.layout(names[0], names[1], names[2], "WHAT", names[3]))
}

// layout puts the columns side by side; a narrow terminal has no room for all.
func (m *model) layout(events, missed, members, what, name string) string {
	switch {
	case m.width < 50:
		return fmt.Sprintf("%11s %s", events, name)
	case m.width < 80:
		return fmt.Sprintf("%14s %9s  %s", events, missed, name)
	}
	return fmt.Sprintf("%14s %9s %11s  %-10s %s", events, missed, members, what, name)
}

func (m *model) rows() []string {
	if len(m.lines) == 0 {
		return []string{m.fit("nothing in this window")}
	}
	var out []string
	for i := m.top; i < min(m.top+m.room(), len(m.lines)); i++ {
		text := m.row(&m.lines[i].tableRow)
		if i == m.cursor {
			text = reverse + m.pad(text) + plain
		}
		out = append(out, text)
	}
	return out
}

func (m *model) row(r *tableRow) string {
	events, missed, members := r.numbers()
	line := m.layout(events, missed, members, m.style.elide(m.style.name(r.what), 10), "")
	name := m.style.elide(m.style.name(r.name), max(m.width-uniseg.StringWidth(line), 1))
	return clip(m.style.text(line)+name, m.width)
}

// fit is a line of ours, in signs that the terminal knows and cut to its width.
func (m *model) fit(line string) string {
	return clip(m.style.name(m.style.text(line)), m.width)
}

// pad fills a line up to the width of the terminal, so that its background is a bar.
func (m *model) pad(line string) string {
	line = clip(line, m.width)
	return line + strings.Repeat(" ", max(m.width-uniseg.StringWidth(line), 0))
}

func (m *model) helpLines() []string {
	var lines []string
	for _, l := range []string{
		"What the columns say",
		"",
		"  EVENTS   what was surely counted; ≥ where the source cannot count exactly",
		"  MISSED   what may be missing from EVENTS at most",
		"  MEMBERS  processes of a program, files of a process, files that a directory stands for",
		"  WHAT     origin of a program, user of a process; file, or directory for what was folded up",
		"",
		"What the keys do",
		"",
		"  up down pgup pgdn home end   move          s       sort by events, missed, members, name",
		"  enter, right                 go into       space   pause; counting goes on",
		"  esc, left                    go back up    q       leave",
		"  tab                          paths of all that is in sight, and back",
	} {
		lines = append(lines, m.fit(l))
	}
	return lines
}
