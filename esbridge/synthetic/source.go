package synthetic

import (
	"context"
	"fmt"
	"time"

	"summarizer/esbridge"
)

// Config bounds a Source. The zero value runs until it is stopped, as fast as it can.
type Config struct {
	// Rate is how many events a second are delivered; 0 is as many as the consumer takes.
	// Without a rate all times are simulated, Batch.Now too: they begin at Epoch and are the
	// same on every run, so that whatever folds by them is as well.
	Rate uint64
	// Events ends the stream after so many; 0 is no bound.
	Events uint64
	// Duration ends the stream after so much time, simulated without a rate; 0 is no bound.
	Duration time.Duration
}

// Validate says what is wrong with c.
func (c Config) Validate() error {
	if c.Rate > maxRate {
		return fmt.Errorf("rate of %d events a second: use at most %d, or 0 for as many as possible", c.Rate, uint64(maxRate))
	}
	if c.Duration < 0 {
		return fmt.Errorf("duration of %v: use a positive one, or 0 for no bound", c.Duration)
	}
	return nil
}

// maxRate is above what any consumer takes and keeps the arithmetic of pacing within 64 bits.
const maxRate = 1_000_000_000

// Source delivers a scenario as if it happened now. It implements esbridge.Source.
type Source struct {
	scenario  *Scenario
	c         Config
	delivered uint64
}

// NewSource returns a Source of the scenario. c is valid.
func NewSource(s *Scenario, c Config) *Source { return &Source{scenario: s, c: c} }

// Info implements esbridge.Source.
func (s *Source) Info() esbridge.Info {
	return esbridge.Info{Name: "synthetic:" + s.scenario.Name(), Live: true}
}

// Delivered is how many events were handed over. It is known when Run has returned.
func (s *Source) Delivered() uint64 { return s.delivered }

// Run implements esbridge.Source. Each run starts the scenario over.
func (s *Source) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	s.delivered = 0
	g := s.scenario.generator(s.c.Events)
	if s.c.Rate == 0 {
		return s.simulate(ctx, g, deliver)
	}
	return s.pace(ctx, g, deliver)
}

// left is how many of n events may still be delivered.
func (s *Source) left(n uint64) int {
	if s.c.Events > 0 {
		n = min(n, s.c.Events-s.delivered)
	}
	return int(min(n, BatchSize))
}

// simulate delivers without waiting. A batch covers at most a tenth of a simulated second.
func (s *Source) simulate(ctx context.Context, g *generator, deliver func(*esbridge.Batch) error) error {
	most, end := max(int64(100*time.Millisecond)/g.step, 1), ^uint64(0)
	if s.c.Duration > 0 {
		end = uint64((int64(s.c.Duration) + g.step - 1) / g.step)
	}
	var b esbridge.Batch
	for ctx.Err() == nil {
		n := s.left(min(uint64(most), end-s.delivered))
		if n == 0 {
			return nil
		}
		b.Events = g.fill(n, Epoch)
		for i := range b.Events {
			b.Events[i].Arrival = b.Events[i].Last
		}
		b.Now = b.Events[n-1].Last
		if err := s.handOver(&b, deliver); err != nil {
			return err
		}
	}
	return nil
}

func (s *Source) handOver(b *esbridge.Batch, deliver func(*esbridge.Batch) error) error {
	if err := deliver(b); err != nil {
		return err
	}
	s.delivered += uint64(len(b.Events))
	return nil
}

const (
	idle    = 500 * time.Millisecond // the longest wait: time has to pass for the consumer too
	breathe = time.Millisecond       // the shortest, so that high rates come in batches
)

// pace delivers what is due by the clock, then waits for more to be.
func (s *Source) pace(ctx context.Context, g *generator, deliver func(*esbridge.Batch) error) error {
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var b esbridge.Batch
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		elapsed := time.Since(start)
		over := s.c.Duration > 0 && elapsed >= s.c.Duration
		if over {
			elapsed = s.c.Duration
		}
		due := s.due(elapsed) - s.delivered
		n := s.left(due)
		b.Now = time.Now().UnixNano()
		b.Events = g.fill(n, b.Now)
		stamp(b.Events, b.Now)
		if err := s.handOver(&b, deliver); err != nil {
			return err
		}
		if s.left(1) == 0 || over && uint64(n) == due {
			return nil
		}
		timer.Reset(s.wait(uint64(n) < due, time.Since(start)))
	}
}

// due is how many events belong to the first elapsed time.
func (s *Source) due(elapsed time.Duration) uint64 {
	seconds, rest := uint64(elapsed/time.Second), uint64(elapsed%time.Second)
	return seconds*s.c.Rate + rest*s.c.Rate/uint64(time.Second)
}

// wait is how long until the next batch: not at all while events are due.
func (s *Source) wait(behind bool, elapsed time.Duration) time.Duration {
	if behind {
		return 0
	}
	seconds, rest := (s.delivered+1)/s.c.Rate, (s.delivered+1)%s.c.Rate
	next := time.Duration(seconds)*time.Second + time.Duration((rest*uint64(time.Second)+s.c.Rate-1)/s.c.Rate)
	wait := min(max(next-elapsed, breathe), idle)
	if s.c.Duration > 0 {
		wait = min(wait, max(s.c.Duration-elapsed, 0))
	}
	return wait
}

// stamp gives the events the time at which they are handed over.
func stamp(events []esbridge.Event, now int64) {
	for i := range events {
		events[i].First, events[i].Last, events[i].Arrival = now, now, now
	}
}
