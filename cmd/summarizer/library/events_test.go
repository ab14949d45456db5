package main

import (
	"bytes"
	"os"
	"sync/atomic"
	"testing"

	"summarizer/esbridge"
)

func pid() int32 { return int32(os.Getpid()) }

// TestCheck: what contradicts itself is refused, for a reason.
func TestCheck(t *testing.T) {
	long := bytes.Repeat([]byte("/"), maxPath+1)
	for name, spoil := range map[string]func(e *esbridge.Event, p *esbridge.Process){
		"no count":      func(e *esbridge.Event, _ *esbridge.Process) { e.Count = 0 },
		"too many":      func(e *esbridge.Event, _ *esbridge.Process) { e.Count = maxCount + 1 },
		"no kind":       func(e *esbridge.Event, _ *esbridge.Process) { e.Kind = esbridge.NumKinds },
		"ends first":    func(e *esbridge.Event, _ *esbridge.Process) { e.First = 1 },
		"relative":      func(e *esbridge.Event, _ *esbridge.Process) { e.Path = []byte("f") },
		"from relative": func(e *esbridge.Event, _ *esbridge.Process) { e.SourcePath = []byte("f") },
		"long":          func(e *esbridge.Event, _ *esbridge.Process) { e.Path = long },
		"from long":     func(e *esbridge.Event, _ *esbridge.Process) { e.SourcePath = long },
		"negative pid":  func(_ *esbridge.Event, p *esbridge.Process) { p.PID = -1 },
		"long program":  func(_ *esbridge.Event, p *esbridge.Process) { p.Executable = long },
		"long cdhash":   func(_ *esbridge.Event, p *esbridge.Process) { p.CDHash = long[:maxName+1] },
		"long signing":  func(_ *esbridge.Event, p *esbridge.Process) { p.SigningID = long[:maxName+1] },
		"long team":     func(_ *esbridge.Event, p *esbridge.Process) { p.TeamID = long[:maxName+1] },
		"long origin":   func(_ *esbridge.Event, p *esbridge.Process) { p.Origin = long[:maxName+1] },
	} {
		e, p := esbridge.Event{Kind: esbridge.Write, Count: 1, Path: []byte("/f")}, esbridge.Process{}
		if _, ok := check(&e, &p); !ok {
			t.Fatal("a good event is refused")
		}
		spoil(&e, &p)
		if reason, ok := check(&e, &p); ok || reason != esbridge.BadField {
			t.Errorf("%s: %v %v", name, reason, ok)
		}
	}
	if reason, ok := check(&esbridge.Event{Count: 1}, nil); ok || reason != esbridge.MissingField {
		t.Error("an event of nobody is taken")
	}
}

// TestCopies: nothing of an event is kept but a copy, however large events are, and those of
// one process share it.
func TestCopies(t *testing.T) {
	c := newEvents()
	text := bytes.Repeat([]byte("/"), maxPath)
	p := esbridge.Process{Executable: text, SigningID: text[:maxName], TeamID: text[:maxName], CDHash: text[:maxName], Origin: text[:maxName]}
	for round := range 5 {
		n := 0
		for p.PID = 0; !c.Full(); p.PID++ {
			if _, ok := c.add(&esbridge.Event{Count: 1, Path: text, SourcePath: text}, &p, 7); !ok {
				t.Fatal("refused")
			}
			n++
		}
		if cap(c.arena) != arenaSize || cap(c.processes) != batchSize || cap(c.out.Events) != batchSize {
			t.Fatal("the batch has grown")
		}
		clear(text)
		b := c.Batch(8)
		if len(b.Events) != n || n == 0 || b.Now != 8 {
			t.Fatalf("round %d: %d events of %d", round, len(b.Events), n)
		}
		for _, e := range b.Events {
			if e.Path[maxPath-1] != '/' || e.Process.Executable[0] != '/' || e.Process.Origin[maxName-1] != '/' || e.Arrival != 7 || e.First != 7 {
				t.Fatal("an event has changed")
			}
		}
		copy(text, bytes.Repeat([]byte("/"), maxPath))
	}
	for range 3 {
		c.add(&esbridge.Event{Count: 1}, &esbridge.Process{PID: 1}, 7)
	}
	c.add(&esbridge.Event{Count: 1}, &esbridge.Process{PID: 1, Version: 1}, 7)
	b := c.Batch(9)
	if b.Events[0].Process != b.Events[2].Process || b.Events[2].Process == b.Events[3].Process || string(b.Events[0].Process.Origin) != "unsigned" {
		t.Error("processes are not shared as they should be")
	}
}

// TestCollectsWithoutAllocating covers many batches: what they are folded into is the
// aggregator's.
func TestCollectsWithoutAllocating(t *testing.T) {
	r := newRig(t, `{"window": "1h"}`)
	defer r.close(0)
	var batches atomic.Int64 // the clock folds too
	r.turn.hand(&run{fold: func(*esbridge.Batch) error { batches.Add(1); return nil }})
	path := []byte("/private/tmp/f")
	n := testing.AllocsPerRun(20, func() {
		for range 4 * batchSize {
			e := esbridge.Event{Kind: esbridge.Write, Count: 1, Path: path}
			p := writer
			if got := r.foldEvent(&e, &p); got != success {
				t.Error(got)
			}
		}
	})
	if n >= 1 || batches.Load() < 80 {
		t.Errorf("%v allocations for %d events, %d batches", n, 4*batchSize, batches.Load())
	}
}
