package dashboard

import (
	"bytes"
	"context"

	"summarizer/summaries"
	"summarizer/summaries/store"
)

// identity is who a page is about: the program, and the process where there is one.
type identity struct {
	Program *store.Program
	Process *store.ProcessInfo
	// Told is the process as the newest window of the range tells it, with what rows do not
	// keep; nil where that window has it no more.
	Told *summaries.Process
}

// identify fills in the process of a table that the filter left only one of.
func (s *Server) identify(ctx context.Context, id *identity, rows []store.Row) error {
	if len(rows) == 0 {
		return nil
	}
	id.Process = rows[0].Process
	w, err := s.cfg.Store.WindowAt(ctx, rows[0].Last)
	if err != nil {
		return nil //nolint:nilerr // rolled up meanwhile: what the row says is enough
	}
	frame, err := s.cfg.Store.Frame(ctx, w.ID)
	if err != nil {
		return nil //nolint:nilerr // the same
	}
	sum, err := summaries.DecodeFrame(frame)
	if err != nil {
		return err
	}
	id.Told = find(sum, rows[0].Program, id.Process)
	return nil
}

// find looks for a process in a summary.
func find(sum *summaries.Summary, g *store.Program, p *store.ProcessInfo) *summaries.Process {
	for i := range sum.Origins {
		o := &sum.Origins[i]
		for j := range o.Programs {
			if g == nil || o.Name != g.Origin || !bytes.Equal(o.Programs[j].Path, g.Path) {
				continue
			}
			for k := range o.Programs[j].Processes {
				q := &o.Programs[j].Processes[k]
				if q.PID == p.PID && q.Version == p.Version && q.Start == p.Start {
					return q
				}
			}
		}
	}
	return nil
}
