package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"summarizer/aggregator"
	"summarizer/esbridge"
	"summarizer/esbridge/linux"
	"summarizer/summaries"
	"summarizer/summaries/transport"
)

// muteRules are the rules that a source leaves events out by.
func muteRules(source esbridge.Source) (rules []summaries.MuteRule) {
	switch s := source.(type) {
	case *linux.Source:
		rules = append(rules, summaries.MuteRule{Rule: "process: summarizer itself, in the kernel", Counted: true})
	case interface{ MuteRules() []string }: // in the kernel: nobody counts
		for _, rule := range s.MuteRules() {
			rules = append(rules, summaries.MuteRule{Rule: rule})
		}
	}
	return rules
}

// parseMutes reads the rules of --mute.
func parseMutes(texts []string) ([]aggregator.MuteRule, error) {
	rules := make([]aggregator.MuteRule, 0, len(texts))
	for _, text := range texts {
		r, err := aggregator.ParseMute(text)
		if err != nil {
			return nil, usagef("--%s: %w", muteFlag, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// hostRules leave out what hosts of these executables write, connected or not. Anybody may be
// able to run the executable: with a user, given by name or number, only its processes are
// left out.
func hostRules(executables []string, user string) (texts []string, err error) {
	only := ""
	if user != "" {
		id, err := transport.UserID(user)
		if err != nil {
			return nil, usagef("--host-user: %w", err)
		}
		only = fmt.Sprintf(",uid=%d", id)
	}
	escape := strings.NewReplacer(`\`, `\\`, ",", `\,`)
	for _, path := range executables {
		texts = append(texts, "host: exe="+escape.Replace(path)+only)
	}
	return texts, nil
}

const (
	// muteAfter is how long a host stays muted when its connection has ended: the kernel has
	// what it wrote in its last second, and one that ends in good order closes its store.
	muteAfter = 10 * time.Second
	// mostGone is how many such hosts there are at a time; one more ends the muting of the
	// oldest.
	mostGone = 8
)

// hostMutes mutes the hosts that are connected: what they write would come back as events.
type hostMutes struct {
	log zerolog.Logger
	set func([]aggregator.MuteRule) error // Aggregator.SetMute

	mu    sync.Mutex
	peers []transport.Peer
	gone  []*transport.Peer // a moment ago, oldest first
}

// changed is called when a host has connected or gone.
func (h *hostMutes) changed(p transport.Peer, connected bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log.Info().Str("host", p.String()).Str("mode", p.Mode.String()).Bool("connected", connected).Msg("host")
	if connected {
		h.come(p)
	} else {
		h.leave(p)
	}
	h.mute()
}

// come adds a host, which may be one that left a moment ago.
func (h *hostMutes) come(p transport.Peer) {
	h.gone = slices.DeleteFunc(h.gone, func(o *transport.Peer) bool { return o.PID == p.PID })
	h.peers = append(h.peers, p)
}

// leave takes a host off the list, and keeps it in mind for a while.
func (h *hostMutes) leave(p transport.Peer) {
	same := func(o transport.Peer) bool { return o.PID == p.PID && o.PIDVersion == p.PIDVersion && o.Mode == p.Mode }
	if i := slices.IndexFunc(h.peers, same); i >= 0 {
		h.peers = slices.Delete(h.peers, i, i+1)
	}
	if len(h.gone) == mostGone {
		h.gone = slices.Delete(h.gone, 0, 1)
	}
	h.gone = append(h.gone, &p)
	time.AfterFunc(muteAfter, func() { h.forget(&p) })
}

// forget ends the muting of a host that has gone.
func (h *hostMutes) forget(p *transport.Peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.gone)
	h.gone = slices.DeleteFunc(h.gone, func(o *transport.Peer) bool { return o == p })
	if len(h.gone) < before {
		h.mute()
	}
}

// mute leaves out what the hosts write that are connected, or were a moment ago. Where that
// is too much the connected ones come first.
func (h *hostMutes) mute() {
	if h.set(h.rules(h.gone)) == nil {
		return
	}
	h.gone = nil
	if err := h.set(h.rules(nil)); err != nil {
		h.log.Error().Err(err).Msg("muting the hosts: what they write is counted")
	}
}

// rules are one for each process that is connected, or has gone.
func (h *hostMutes) rules(gone []*transport.Peer) (rules []aggregator.MuteRule) {
	seen := map[int32]bool{0: true} // 0 is one that the kernel did not name
	add := func(p *transport.Peer) {
		if seen[p.PID] {
			return
		}
		seen[p.PID] = true
		rule, err := aggregator.ParseMute(fmt.Sprintf("host: pid=%d", p.PID))
		if err != nil {
			panic(err) // a pid is a number
		}
		rules = append(rules, rule)
	}
	for i := range h.peers {
		add(&h.peers[i])
	}
	for _, p := range gone {
		add(p)
	}
	return rules
}
