package native

import "summarizer/esbridge/endpointsecurity"

// New makes the source of this Mac's events, as far as they are selected; its own writes
// never are. The clients are made by its Run, whose error says what is missing.
func New(c endpointsecurity.Config, s endpointsecurity.Selection) (*endpointsecurity.Source, error) {
	var err error
	if s.Self, err = ownToken(); err != nil {
		return nil, err
	}
	if c.Plan, err = s.Plan(); err != nil {
		return nil, err
	}
	return newSource(c, openClients), nil
}
