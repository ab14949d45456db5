package aggregator

import (
	"context"
	"iter"
	"time"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
)

// floods are the scenarios of an attack, and zipf for whom it would hide.
var floods = []string{
	"one-file-flood", "many-process-flood", "distinct-flood", "one-dir-per-file", "deep-paths",
	"fork-storm", "executable-storm", "hidden-heavy-hitter", "attack-mix", "zipf",
}

// storm is every flood at once, event by event in turn: a live source that brings as much as
// is taken, or one batch per pause.
type storm struct {
	pause   time.Duration // between batches; 0: none
	batches uint64        // after which it ends; 0: when it is told to
	events  uint64        // delivered
	streams []func() (*esbridge.Event, bool)
	stops   []func()
}

func (s *storm) Info() esbridge.Info { return esbridge.Info{Name: "storm", Live: true} }

// start makes the generators; Run does so where nobody did.
func (s *storm) start() error {
	for i, name := range floods {
		scenario, err := synthetic.Lookup(name, uint64(i))
		if err != nil {
			return err
		}
		next, stop := iter.Pull(func(yield func(*esbridge.Event) bool) { scenario.Generate(1<<62, yield) })
		next()
		s.streams, s.stops = append(s.streams, next), append(s.stops, stop)
	}
	return nil
}

func (s *storm) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	if s.streams == nil {
		if err := s.start(); err != nil {
			return err
		}
	}
	defer func() {
		for _, stop := range s.stops {
			stop()
		}
	}()
	var b esbridge.Batch
	for n := uint64(0); (s.batches == 0 || n < s.batches) && ctx.Err() == nil; n++ {
		time.Sleep(s.pause)
		b.Now = time.Now().UnixNano()
		b.Events = b.Events[:0]
		for _, next := range s.streams {
			e, _ := next()
			b.Events = append(b.Events, *e)
			last := &b.Events[len(b.Events)-1]
			last.First, last.Last, last.Arrival = b.Now, b.Now, b.Now
		}
		if err := deliver(&b); err != nil {
			return err
		}
		s.events += uint64(len(b.Events))
	}
	return nil
}
