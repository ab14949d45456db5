//go:build linux && (amd64 || arm64)

package linux

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cilium/ebpf/link"

	"summarizer/esbridge"
)

// Source counts the file changes of this machine in the kernel. It is made by New and runs
// once.
type Source struct {
	config Config
	drain  *drain
	links  []link.Link

	mu      sync.Mutex // guards what follows
	objects *bpfObjects
	self    uint32
}

// New loads the programs into the kernel; they count from the start of Run. It needs CAP_BPF
// and CAP_PERFMON, and says so where they are missing. Whoever does not call Run calls Close.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	cast, err := haveCast()
	if err != nil {
		return nil, explain(err)
	}
	return newSource(c.withDefaults(), cast)
}

func newSource(c Config, cast bool) (*Source, error) {
	o, err := load(c, cast)
	if err != nil {
		return nil, explain(err)
	}
	s := &Source{config: c, objects: o}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Source) prepare() (err error) {
	if s.self, err = kernelPID(s.objects); err != nil {
		return err
	}
	if err := s.Mute(s.config.Mute...); err != nil {
		return err
	}
	s.drain, err = newDrain(s.objects, s.config)
	return err
}

// Info implements esbridge.Source.
func (s *Source) Info() esbridge.Info { return esbridge.Info{Name: "linux-ebpf", Live: true} }

// Mute replaces the list of processes that are not counted: their changes are only counted
// as muted. Our own process is always among them. A process is muted until it ends, whoever
// gets its pid afterwards is not. Pids are those of the initial pid namespace.
func (s *Source) Mute(pids ...int) error {
	if len(pids) > MaxMuted {
		return errTooManyMuted
	}
	var list [1 + MaxMuted]bpfMute
	list[0].Tgid = s.self
	for i, pid := range pids {
		start, err := startTicks(pid)
		if err != nil {
			return fmt.Errorf("muting: %w", err)
		}
		list[1+i] = bpfMute{Tgid: uint32(pid), Start: start}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		return errClosed
	}
	if err := s.objects.Mutes.Set(list); err != nil {
		return fmt.Errorf("muting: %w", err)
	}
	return nil
}

var errClosed = errors.New("linux source: closed; make a new one")

// Close removes the programs from the kernel. Run does so at its end; not to be called while
// it runs.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		return nil
	}
	err := detach(s.links)
	if s.drain != nil {
		err = errors.Join(err, s.drain.close())
	}
	err = errors.Join(err, s.objects.Close())
	s.objects, s.links = nil, nil
	return err
}

// Run implements esbridge.Source: it counts until ctx is done and delivers once per
// Config.Interval, beginning with a batch that says that counting has begun. What was counted until then is delivered before it returns. An error of
// deliver ends it without a further delivery.
func (s *Source) Run(ctx context.Context, deliver func(*esbridge.Batch) error) (err error) {
	s.mu.Lock()
	o := s.objects
	s.mu.Unlock()
	if o == nil {
		return errClosed
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.links, err = attach(o, s.config); err != nil {
		return explain(err)
	}
	// The first batch, before any time has passed, says that counting has begun.
	if err := s.drain.window(deliver); err != nil {
		return err
	}
	if err := s.follow(ctx, deliver); err != nil {
		return err
	}
	err = detach(s.links)
	s.links = nil
	if err != nil {
		return fmt.Errorf("detaching the eBPF programs: %w", err)
	}
	// A program that was running may have begun in either window.
	for range 2 {
		if err := s.drain.window(deliver); err != nil {
			return err
		}
	}
	return nil
}

// follow drains at every multiple of the interval until ctx is done.
func (s *Source) follow(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	for {
		t := time.NewTimer(untilNext(time.Now(), s.config.Interval))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		if err := s.drain.window(deliver); err != nil {
			return err
		}
	}
}

// untilNext is how long it is to the next multiple of interval since the Unix epoch.
func untilNext(t time.Time, interval time.Duration) time.Duration {
	return interval - time.Duration(t.UnixNano()%int64(interval))
}
