package xpc

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"summarizer/summaries"
)

// Config is one end of connections.
type Config struct {
	// Service is the name of the Mach service.
	Service string
	// Requirement is what the code signature of the other end must fulfil, in the language of
	// csreq(1), such as
	//
	//	anchor apple generic and identifier "org.example.host" and certificate leaf[subject.OU] = "TEAMID"
	Requirement string
	FrameSize   int // bytes of a message at most; 0: 64 KiB
}

// validate puts the default in the place of zero.
func (c Config) validate() (Config, error) {
	c.FrameSize = cmp.Or(c.FrameSize, summaries.DefaultFrameSize)
	switch {
	case c.Service == "" || strings.ContainsRune(c.Service, 0):
		return c, errors.New("no name of a Mach service: give the one that launchd knows")
	case strings.TrimSpace(c.Requirement) == "" || strings.ContainsRune(c.Requirement, 0):
		return c, fmt.Errorf("service %s: no requirement of the code signature of peers: without one anybody could connect; give one in the language of csreq(1)", c.Service)
	}
	return c, summaries.CheckFrameSize(c.FrameSize)
}

// address names one end.
type address string

func (address) Network() string  { return "xpc" }
func (a address) String() string { return string(a) }
