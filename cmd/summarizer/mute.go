package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"

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

// hostRules leave out what hosts of these executables write before they have connected.
func hostRules(executables []string) (texts []string) {
	escape := strings.NewReplacer(`\`, `\\`, ",", `\,`)
	for _, path := range executables {
		texts = append(texts, "host: exe="+escape.Replace(path))
	}
	return texts
}

// hostMutes mutes the hosts that are connected: what they write would come back as events.
type hostMutes struct {
	log       zerolog.Logger
	collector *collector

	mu    sync.Mutex
	peers []transport.Peer
}

// changed is called when a host has connected or gone.
func (h *hostMutes) changed(p transport.Peer, connected bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	same := func(o transport.Peer) bool { return o.PID == p.PID && o.PIDVersion == p.PIDVersion && o.Mode == p.Mode }
	if connected {
		h.peers = append(h.peers, p)
	} else if i := slices.IndexFunc(h.peers, same); i >= 0 {
		h.peers = slices.Delete(h.peers, i, i+1)
	}
	h.log.Info().Str("host", p.String()).Str("mode", p.Mode.String()).Bool("connected", connected).Msg("host")
	if err := h.mute(); err != nil {
		h.log.Error().Err(err).Msg("muting the hosts: what they write is counted")
	}
}

// mute leaves out what the connected hosts write.
func (h *hostMutes) mute() error {
	var texts []string
	for i := range h.peers {
		text := fmt.Sprintf("host: pid=%d", h.peers[i].PID)
		if h.peers[i].PID != 0 && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	rules, err := parseMutes(texts)
	if err != nil {
		return err
	}
	return h.collector.agg.SetMute(rules)
}
