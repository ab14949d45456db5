package aggregator

import (
	"fmt"
	"math/bits"
	"sync/atomic"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// muteSet is the rules in force. It does not change, but for the executions that its rules
// by pid are pinned to.
type muteSet struct {
	rules []MuteRule
	pins  []*pin
}

// pin is the execution that a rule by pid means. Shards share it.
type pin struct{ execution atomic.Pointer[execution] }

// execution is a Process as far as it is told apart from others of its pid.
type execution struct {
	version uint64
	start   int64
}

// newMuteSet is the set of the given rules. Those that old has too stay pinned.
func newMuteSet(rules []MuteRule, old *muteSet) *muteSet {
	pinned := map[string]*pin{}
	for i := range old.rules {
		pinned[old.rules[i].text] = old.pins[i]
	}
	s := &muteSet{rules: rules}
	for i := range rules {
		p := pinned[rules[i].text]
		if p == nil {
			p = new(pin)
		}
		s.pins = append(s.pins, p)
	}
	return s
}

// holds tells whether p is the execution that is pinned, and pins the first one.
func (p *pin) holds(e execution) bool {
	have := p.execution.Load()
	if have == nil {
		p.execution.CompareAndSwap(nil, &e)
		have = p.execution.Load()
	}
	return *have == e
}

// ofProcess are the rules whose conditions on the process hold, as bits.
func (s *muteSet) ofProcess(p *esbridge.Process) (mask uint64) {
	for i := range s.rules {
		r := &s.rules[i]
		if r.matchesProcess(p) && (r.pid < 0 || s.pins[i].holds(execution{p.Version, p.Start})) {
			mask |= 1 << i
		}
	}
	return mask
}

// muter finds the rule that leaves an event out, for one shard. Events in a row are mostly of
// one process, so it remembers what holds for the last one.
type muter struct {
	set  *muteSet
	last *esbridge.Process // of the batch
	mask uint64            // what holds for it
}

// begin forgets the last process: sources use its memory again for the next batch.
func (m *muter) begin() { m.last = nil }

// rule is the first rule that leaves a well-formed event out, or −1.
func (m *muter) rule(e *esbridge.Event) int {
	if len(m.set.rules) == 0 {
		return -1
	}
	if e.Process != m.last {
		m.last, m.mask = e.Process, m.set.ofProcess(e.Process)
	}
	for mask := m.mask; mask != 0; mask &= mask - 1 {
		if i := bits.TrailingZeros64(mask); m.set.rules[i].matchesFile(e) {
			return i
		}
	}
	return -1
}

// checkRules says which rules, beside those of the source, are more than the head of a frame
// can be sure to hold.
func checkRules(rules []MuteRule, source []summaries.MuteRule, frameSize int) error {
	if len(rules) > maxRules {
		return fmt.Errorf("--mute: %d rules: make do with %d, of prefixes for instance", len(rules), maxRules)
	}
	size := 0
	for i := range rules {
		if rules[i].text == "" {
			return fmt.Errorf("--mute: rule %d is empty: give %s", i+1, muteConditions)
		}
		size += len(rules[i].text) + ruleOverhead
	}
	for _, r := range source {
		size += len(r.Rule) + ruleOverhead
	}
	if room := forceRoom(frameSize); size > room {
		return fmt.Errorf("--mute: the rules take %d bytes of every frame, more than a quarter of its %d: use fewer or shorter ones, or a larger --frame-size", size, frameSize)
	}
	return nil
}
