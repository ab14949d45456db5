package terminal

import (
	"cmp"
	"slices"

	tea "charm.land/bubbletea/v2"

	"summarizer/summaries"
)

// order is what rows are sorted by.
type order uint8

const (
	mostEvents order = iota
	mostMissed
	mostMembers
	byName
	numOrders
)

// model is the state of the live view: what it shows, and where the user is. It changes in
// Update alone.
type model struct {
	style         style
	width, height int
	last          *summaries.Summary // shown; nil before the first one
	waiting       *summaries.Summary // the newest that came while paused
	activity      activity
	found         findings // of all windows
	shown         findings // on the screen, which a pause holds
	paused, help  bool
	listing       bool // the findings in full
	paths         bool // paths instead of members
	order         order
	scopes        []scope // the way down; the first is the machine
	lines         []line  // of the last scope, in order
	cursor, top   int     // the line the user stands on, and the first one drawn
}

func newModel(st style) *model {
	return &model{style: st, width: 80, height: 24, scopes: []scope{{}}}
}

// Init has nothing to wait for: summaries come as messages.
func (m *model) Init() tea.Cmd { return nil }

// Update takes a key, the size of the terminal or a summary.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case *summaries.Summary:
		m.take(msg)
	case tea.KeyPressMsg:
		return m, m.press(msg.String())
	}
	m.scroll()
	return m, nil
}

// take shows a summary, or keeps it for later.
func (m *model) take(s *summaries.Summary) {
	m.activity.add(s)
	m.found = m.found.add(s)
	if m.paused {
		m.waiting = s
		return
	}
	m.last, m.shown = s, slices.Clone(m.found)
	m.refresh()
}

// press does what a key asks for.
func (m *model) press(key string) tea.Cmd {
	switch key {
	case "q", "ctrl+c":
		return tea.Quit
	case "?", "h", "f1":
		m.help, m.listing = !m.help, false
	case "f":
		m.listing, m.help = !m.listing, false
	case "space", "p":
		m.pause()
	case "s":
		m.order = (m.order + 1) % numOrders
		m.refresh()
	case "tab":
		m.paths = !m.paths
		m.home()
	case "enter", "right", "l":
		m.descend()
	case "esc", "backspace", "left":
		m.ascend()
	default:
		m.move(key)
	}
	m.scroll()
	return nil
}

// move changes the line that the user stands on.
func (m *model) move(key string) {
	switch key {
	case "up", "k":
		m.cursor--
	case "down", "j":
		m.cursor++
	case "pgup":
		m.cursor -= m.room()
	case "pgdown":
		m.cursor += m.room()
	case "home", "g":
		m.cursor = 0
	case "end", "G":
		m.cursor = len(m.lines) - 1
	}
}

func (m *model) pause() {
	m.paused = !m.paused
	if !m.paused && m.waiting != nil {
		m.last, m.waiting = m.waiting, nil
		m.shown = slices.Clone(m.found)
		m.refresh()
	}
}

// descend goes into what the user stands on.
func (m *model) descend() {
	if m.help || m.listing || m.cursor >= len(m.lines) || m.lines[m.cursor].into == nil {
		return
	}
	m.scopes = append(m.scopes, *m.lines[m.cursor].into)
	m.paths = false
	m.home()
}

// ascend leaves the help or the findings, or goes back up.
func (m *model) ascend() {
	switch {
	case m.help, m.listing:
		m.help, m.listing = false, false
	case len(m.scopes) > 1:
		left := m.here()
		m.scopes = m.scopes[:len(m.scopes)-1]
		m.paths = false
		m.home()
		m.cursor = max(slices.IndexFunc(m.lines, func(l line) bool { return l.into != nil && *l.into == *left }), 0)
	}
}

func (m *model) here() *scope { return &m.scopes[len(m.scopes)-1] }

func (m *model) home() {
	m.cursor, m.top = 0, 0
	m.lines = nil
	m.refresh()
}

// refresh makes the lines anew. The user stays on the row of the same name.
func (m *model) refresh() {
	if m.last == nil {
		return
	}
	var on tableRow
	if m.cursor < len(m.lines) {
		on = m.lines[m.cursor].tableRow
	}
	if m.paths {
		m.lines = m.here().paths(m.last)
	} else {
		m.lines = m.here().members(m.last)
	}
	slices.SortStableFunc(m.lines, m.order.compare)
	if m.cursor > 0 { // whoever stands on top watches the top
		if i := slices.IndexFunc(m.lines, func(l line) bool { return l.name == on.name && l.what == on.what }); i >= 0 {
			m.cursor = i
		}
	}
}

func (o order) compare(a, b line) int {
	switch o {
	case mostMissed:
		return cmp.Compare(b.missed, a.missed)
	case mostMembers:
		return cmp.Compare(b.members, a.members)
	case byName:
		return cmp.Compare(a.name, b.name)
	}
	return cmp.Compare(b.events, a.events)
}

// scroll keeps the line that the user stands on in sight.
func (m *model) scroll() {
	m.cursor = max(min(m.cursor, len(m.lines)-1), 0)
	m.top = max(min(m.top, m.cursor), m.cursor-m.room()+1, 0)
}

// room is how many rows the terminal has for lines.
func (m *model) room() int { return max(m.height-headLines-1, 1) }
