package native

import (
	"errors"
	"fmt"

	"summarizer/esbridge/endpointsecurity"
)

var (
	errSubscribe = errors.New("subscribing to Endpoint Security events: refused; check that this macOS is 13 or later")
	errDelete    = errors.New("deleting the Endpoint Security clients: refused; end this process to be rid of them")
)

// clients is a transport and the calls that Endpoint Security takes for it.
type clients interface {
	endpointsecurity.Transport
	// do makes a call and returns its result (es_return_t), 0 for success.
	do(endpointsecurity.Call) uint32
}

// newSource makes the source of what open opens. The hosts of the plan are muted as they
// appear.
func newSource(c endpointsecurity.Config, open func(endpointsecurity.Config) (clients, error)) *endpointsecurity.Source {
	var opened clients
	c.OnProcess = endpointsecurity.OnHosts(c.Plan.Hosts, func(token [8]uint32) error {
		return carryOut([]endpointsecurity.Call{{Op: endpointsecurity.MuteProcess, Token: token}}, opened.do)
	}, c.OnProcess)
	return endpointsecurity.NewSource(c, func() (endpointsecurity.Transport, error) {
		var err error
		if opened, err = open(c); err != nil {
			return nil, err
		}
		return opened, nil
	})
}

// carryOut makes the calls of a plan, up to the first that is refused.
func carryOut(calls []endpointsecurity.Call, do func(endpointsecurity.Call) uint32) error {
	for _, c := range calls {
		if do(c) == 0 {
			continue
		}
		switch c.Op {
		case endpointsecurity.MuteProcess:
			return fmt.Errorf("muting process %d: refused by Endpoint Security; check that it still runs", c.Token[5])
		case endpointsecurity.MutePath:
			return fmt.Errorf("muting %q: refused by Endpoint Security; check that it is an absolute path without symbolic links", c.Path)
		default:
			return errors.New("selecting paths: refused by Endpoint Security; check that this macOS is 13 or later")
		}
	}
	return nil
}
