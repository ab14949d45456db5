package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/transport"
)

// feed lets the process read events from its standard input.
func (p *process) feed() *feeder {
	p.t.Helper()
	w, err := p.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	return &feeder{t: p.t, to: w, pids: map[string]int{}}
}

// feeder writes lines as eslogger(1) does: what is given is known to the event.
type feeder struct {
	t     *testing.T
	to    io.WriteCloser
	pids  map[string]int // by executable
	given int
}

// write gives n writes of a program to a file.
func (f *feeder) write(executable, path string, n int) {
	f.t.Helper()
	if f.pids[executable] == 0 {
		f.pids[executable] = 100 + len(f.pids)
	}
	var b bytes.Buffer
	for range n {
		fmt.Fprintf(&b, `{"version":9,"time":%q,"event_type":33,"seq_num":%d,"global_seq_num":%d,"process":{"audit_token":{"pid":%d,"pidversion":1,"euid":501},"ppid":1,"executable":{"path":%q}},"event":{"write":{"target":{"path":%q}}}}`+"\n",
			time.Now().UTC().Format(time.RFC3339Nano), f.given, f.given, f.pids[executable], executable, path)
		f.given++
	}
	if _, err := b.WriteTo(f.to); err != nil {
		f.t.Fatal(err)
	}
}

func (f *feeder) close() {
	f.t.Helper()
	if err := f.to.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// taker is a host that remembers the tiles it was given.
type taker struct {
	mu    sync.Mutex
	tiles []*summaries.Summary
}

// take connects a taker to an agent until the test ends.
func take(t *testing.T, socket string) *taker {
	t.Helper()
	h, _ := join(t, socket, transport.Keep)
	return h
}

// join connects a taker to an agent until it is told to leave, or the test ends.
func join(t *testing.T, socket string, mode transport.Mode) (h *taker, leave func()) {
	t.Helper()
	h = &taker{}
	r := transport.NewReceiver(transport.ReceiverConfig{Dial: dialer(socket), Mode: mode, Handle: h.handle, MaxBackoff: 100 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) }) // ends with its context alone
	leave = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(leave)
	return h, leave
}

func (h *taker) handle(s *summaries.Summary, _ []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Window.Tile {
		h.tiles = append(h.tiles, s)
	}
	return nil
}

func (h *taker) all() []*summaries.Summary {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*summaries.Summary(nil), h.tiles...)
}

// sum adds up a number of all tiles.
func sum(tiles []*summaries.Summary, number func(*summaries.Summary) uint64) (n uint64) {
	for _, s := range tiles {
		n += number(s)
	}
	return n
}

func events(s *summaries.Summary) uint64  { return s.Events }
func muted(s *summaries.Summary) uint64   { return s.Ledger.Muted }
func windows(s *summaries.Summary) uint64 { return uint64(s.Window.Merged) }

// mutedBy is how many events a rule muted in all tiles, and whether any tile lists it.
func mutedBy(tiles []*summaries.Summary, rule string) (n uint64, listed bool) {
	for _, s := range tiles {
		for _, r := range s.Muted {
			if r.Rule == rule {
				n, listed = n+r.Events, true
			}
		}
	}
	return n, listed
}

// ended tells whether a tile ended for a reason.
func ended(tiles []*summaries.Summary, why summaries.EndReason) bool {
	for _, s := range tiles {
		if s.Window.EndReason == why {
			return true
		}
	}
	return false
}
