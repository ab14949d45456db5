package aggregator

import (
	"slices"

	"summarizer/summaries"
)

// Bounds of the rules that a head lists, so that it always fits into its frame: how many may
// be in force, and of the bytes of a frame a quarter for these, an eighth for those that went
// away while the window was open.
const (
	maxRules      = 64
	maxRuleLength = 512 // bytes
	ruleOverhead  = 24  // bytes that a rule takes in a frame beside its text
)

// forceRoom is what the rules in force may take in a frame, in bytes, and ruleRoom what all
// that are listed may.
func forceRoom(frameSize int) int { return frameSize / 4 }
func ruleRoom(frameSize int) int  { return frameSize / 8 * 3 }

// goneRules stands for the rules that are no longer in force and have no room of their own.
const goneRules = "rules that are no longer in force"

// muted is what a pane counts of the events that rules left out.
type muted struct {
	set      *muteSet
	counts   [maxRules]uint64     // by rule of the set
	bySource uint64               // what the source muted by rules of its own
	retired  []summaries.MuteRule // counts of rules that were replaced while the pane was open
}

func (m *muted) reset() {
	*m = muted{set: m.set, retired: m.retired[:0]}
}

func (m *muted) copyTo(dst *muted) {
	retired := append(dst.retired[:0], m.retired...)
	*dst = *m
	dst.retired = retired
}

// adopt begins to count for other rules and keeps what the old ones counted.
func (m *muted) adopt(set *muteSet, frameSize int) {
	if m.set == set {
		return
	}
	var old []summaries.MuteRule
	for _, r := range m.inForce() {
		if r.Events > 0 {
			old = append(old, r)
		}
	}
	m.retired = unite(ruleRoom(frameSize)-forceRoom(frameSize), m.retired, old)
	m.set, m.counts = set, [maxRules]uint64{}
}

// inForce are the rules of the set with what each muted.
func (m *muted) inForce() (rules []summaries.MuteRule) {
	for i := range m.set.rules {
		rules = append(rules, summaries.MuteRule{Rule: m.set.rules[i].String(), Events: m.counts[i], Counted: true})
	}
	return rules
}

// rules are all that a summary tells of muting: the source's own rules, those in force here,
// and those that were.
func (p *pane) rules() []summaries.MuteRule {
	source := slices.Clone(p.cfg.Muted)
	if i := slices.IndexFunc(source, func(r summaries.MuteRule) bool { return r.Counted }); i >= 0 {
		source[i].Events = p.muted.bySource
	}
	return unite(ruleRoom(p.cfg.FrameSize), source, p.muted.inForce(), p.muted.retired)
}

// unite adds up rules of the same text. Those beyond room bytes become one row: no count is
// lost, whatever comes and goes.
func unite(room int, lists ...[]summaries.MuteRule) (rules []summaries.MuteRule) {
	room -= len(goneRules) + ruleOverhead
	gone := summaries.MuteRule{Rule: goneRules, Counted: true}
	left := false
	for _, list := range lists {
		for _, r := range list {
			if r.Rule == goneRules {
				gone.Events, left = gone.Events+r.Events, true
				continue
			}
			i := slices.IndexFunc(rules, func(have summaries.MuteRule) bool { return have.Rule == r.Rule && have.Counted == r.Counted })
			if i >= 0 {
				rules[i].Events += r.Events
				continue
			}
			if room -= len(r.Rule) + ruleOverhead; room >= 0 {
				rules = append(rules, r)
				continue
			}
			room += len(r.Rule) + ruleOverhead
			gone.Events, left = gone.Events+r.Events, true
		}
	}
	if left {
		rules = append(rules, gone)
	}
	return rules
}
