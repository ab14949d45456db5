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
const headLines = 7

// Attributes of ECMA-48. Bubble Tea leaves colours out where NO_COLOR or the terminal say so.
const (
	bold, reverse, red, dim, plain = "\x1b[1m", "\x1b[7m", "\x1b[31;1m", "\x1b[2m", "\x1b[0m"
)

const keys = "↑↓ move  enter open  esc back  tab paths  f found  s sort  space pause  ? help  q quit"

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
	case m.listing:
		lines = append(m.foundLines(), "")
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
		lossesStyle + m.fit(m.longest(losses(s))) + plain,
		m.foundStyle() + m.fit(m.shown.line()) + plain,
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
	at := time.Unix(0, w.Start).UTC()
	length := fmt.Sprintf(" +%v%s", time.Duration(w.End-w.Start).Round(time.Millisecond), state)
	host, day := Escape(m.last.Machine.Hostname), at.Format("2006-01-02 15:04:05")+length
	return m.fit(m.longest([]string{
		host + "  " + Escape(m.last.Machine.Source) + "  " + day, host + "  " + day, day, at.Format("15:04:05") + state, state,
	}))
}

// foundStyle makes what is bad stand out, and nothing recede.
func (m *model) foundStyle() string {
	switch {
	case len(m.shown) == 0:
		return dim
	case m.shown[0].Severity == severities[0]:
		return red
	}
	return bold
}

// longest is the longest of the forms of a line that fits: half a number says another one.
func (m *model) longest(forms []string) string {
	for _, f := range forms {
		if uniseg.StringWidth(m.style.text(f)) <= m.width {
			return f
		}
	}
	return forms[len(forms)-1]
}

// busy is the rate, how the last seconds went, and how many members there were.
func (m *model) busy() string {
	s := m.last
	bound := ""
	if s.LowerBound {
		bound = "≥"
	}
	rate := fmt.Sprintf("%s%s events/s", bound, Group(perSecond(s.Events, time.Duration(s.Window.End-s.Window.Start))))
	programs, paths, processes := distinct(&s.Programs)+" programs", distinct(&s.Paths)+" paths", distinct(&s.Procs)+" processes"
	line := m.style.text(m.longest([]string{
		rate + "  " + paths + "  " + processes + "  " + programs, rate + "  " + paths + "  " + programs, rate + "  " + paths, rate,
	}))
	if room := min(m.width-uniseg.StringWidth(line)-16, 60); room >= 10 {
		spark, most := m.activity.spark(room, m.style)
		line += "  " + spark + " " + Group(most) + "/s"
	}
	return clip(line, m.width)
}

// losses says zero as plainly as any number, in forms for ever narrower terminals.
func losses(s *summaries.Summary) []string {
	l := &s.Ledger
	all, muted, late := "lost "+Group(lost(l)), "muted "+Group(l.Muted), "late "+Group(l.Late)
	folded := "folded up " + Group(l.FoldedUp.Paths+l.FoldedUp.Processes+l.FoldedUp.Programs+l.FoldedUp.Origins)
	by := fmt.Sprintf("%s: kernel %s, queue %s, malformed %s", all, Group(l.KernelDropped), Group(l.QueueDropped), Group(malformed(l)))
	return []string{
		strings.Join([]string{by, muted, late, folded}, " · "), strings.Join([]string{by, muted, folded}, " · "),
		strings.Join([]string{all, muted, folded}, " · "), all + " · " + muted, all,
	}
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
		if strings.HasPrefix(missed, "+") { // there is no room to say how many
			events += "+"
		} else {
			events += " "
		}
		return fmt.Sprintf("%12s %s", events, name)
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
		"  EVENTS   surely counted; ≥ where the source cannot count exactly, + where some may be missing",
		"  MISSED   what may be missing from EVENTS at most",
		"  MEMBERS  processes of a program, files of a process, files that a directory stands for",
		"  WHAT     origin of a program, user of a process; file, or directory for what was folded up",
		"",
		"What the keys do",
		"",
		"  up down pgup pgdn home end   move          s       sort by events, missed, members, name",
		"  enter, right                 go into       space   pause; counting goes on",
		"  esc, left                    go back up    q       leave",
		"  tab                          all paths        f       what was found lately",
	} {
		lines = append(lines, m.fit(l))
	}
	return lines
}
