package summaries

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dgryski/go-metro"

	"summarizer/esbridge"
	"summarizer/summaries/sketch"
)

// distinctTrials is how many processes, each with a set of paths of its own, are counted.
// The sets are fixed, so four standard errors hold for good. Package sketch has more trials of
// more sizes; here they go through the fold, the frame, and the merge.
const distinctTrials = 1000

// TestDistinct: over a thousand trials no estimate of a process row, nor of one merged from
// two frames with overlapping sets, is further than four standard errors from the truth; and
// their root mean square is about one.
func TestDistinct(t *testing.T) {
	limits := Limits{Origins: 4, Programs: 16, Processes: 64, Paths: 96, PathBytes: 96 * minUnit}
	tree := NewTree(limits, nil, &testKey)
	var window, merged errorSum
	for first := 0; first < distinctTrials; first += 40 {
		var frames []*Summary
		for half := range 2 {
			tree.Reset()
			for i := range 40 {
				n := distinctSize(first + i)
				for j := half * n / 3; j < n-(1-half)*n/3; j++ {
					tree.Fold(distinctEvent(first+i, j), 1)
				}
			}
			s := testHead()
			if err := tree.Fit(s, DefaultFrameSize); err != nil {
				t.Fatal(err)
			}
			window.addProcesses(t, s, func(n int) int { return n - n/3 })
			s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
			frames = append(frames, s)
		}
		s, err := Merge(&testKey, DefaultFrameSize, frames...)
		if err != nil {
			t.Fatal(err)
		}
		merged.addProcesses(t, s, func(n int) int { return n })
	}
	window.check(t, "windows", 2*distinctTrials)
	merged.check(t, "merged windows", distinctTrials)
}

func distinctSize(trial int) int { return 60 + trial%10*30 }

func distinctEvent(trial, i int) *esbridge.Event {
	p := esbridge.Process{PID: int32(trial), Executable: []byte("/bin/x"), Origin: []byte("system")}
	return &esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/home/%d/%d", trial, i)}
}

// errorSum collects errors in units of the standard error.
type errorSum struct {
	n      int
	square float64
}

func (e *errorSum) addProcesses(t *testing.T, s *Summary, truth func(size int) int) {
	for i := range s.Origins[0].Programs[0].Processes {
		p := &s.Origins[0].Programs[0].Processes[i]
		n := float64(truth(distinctSize(int(p.PID))))
		if p.Seen.StdError == 0 || p.Seen.AtMost {
			t.Fatalf("process %d: %+v is no estimate", p.PID, p.Seen)
		}
		off := (float64(p.Seen.Estimate) - n) / (p.Seen.StdError * n)
		if math.Abs(off) > 4 {
			t.Errorf("process %d: %d paths seen, in truth %v: %.1f standard errors off", p.PID, p.Seen.Estimate, n, off)
		}
		e.n++
		e.square += off * off
	}
}

func (e *errorSum) check(t *testing.T, what string, trials int) {
	if rms := math.Sqrt(e.square / float64(e.n)); e.n != trials || rms > 1.1 {
		t.Errorf("%s: root mean square of %.2f standard errors over %d trials, want at most 1.1 over %d", what, rms, e.n, trials)
	}
}

// TestDistinctOfCraftedPaths: paths chosen against the hash that the sketch library uses by
// itself, which anyone can compute, count as what they are: in a window, and merged.
func TestDistinctOfCraftedPaths(t *testing.T) {
	for name, chosen := range map[string]func(h uint64) bool{
		"all in few registers": func(h uint64) bool { return h>>58 == 0 },
		"rare ranks only":      func(h uint64) bool { return h<<11>>58 == 0 },
	} {
		const n = 4000
		tree := NewTree(small, nil, &testKey)
		plain := sketch.New(memberPrecision)
		var p esbridge.Process
		evil(&p, 1, 1)
		var frames []*Summary
		for i, found := 0, 0; found < n; i++ {
			path := fmt.Appendf(nil, "/tmp/x/%d", i)
			h := metro.Hash64(path, 1337)
			if !chosen(h) {
				continue
			}
			plain.InsertHash(h)
			tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: path}, 1)
			if found++; found%(n/2) == 0 {
				s := testHead()
				if err := tree.Fit(s, MinFrameSize); err != nil {
					t.Fatal(err)
				}
				s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
				frames = append(frames, s)
				tree.Reset()
			}
		}
		if e := plain.Estimate(); e > n/5 && e < 2*n {
			t.Errorf("%s: the attack does not work on the unkeyed hash, which counts %d", name, e)
		}
		s, err := Merge(&testKey, MinFrameSize, frames...)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			d     Distinct
			truth float64
		}{{s.Paths, n}, {s.Origins[0].Programs[0].Processes[0].Seen, n}, {frames[0].Paths, n / 2}} {
			if off := math.Abs(float64(c.d.Estimate)/c.truth - 1); off > 4*c.d.StdError {
				t.Errorf("%s: %d paths seen (standard error %.3f), in truth %v", name, c.d.Estimate, c.d.StdError, c.truth)
			}
		}
	}
}

// TestDistinctOverLevels: storms with a known number of programs, processes and paths are
// counted within four standard errors at every level, over a few dozen seeds.
func TestDistinctOverLevels(t *testing.T) {
	tree := NewTree(small, nil, &testKey)
	for seed := range uint64(36) {
		tree.Reset()
		rng := rand.New(rand.NewPCG(seed, 5))
		programs, each := 100+rng.IntN(300), 1+rng.IntN(12)
		for i := range programs * each {
			p := esbridge.Process{PID: int32(i), Version: seed, Executable: fmt.Appendf(nil, "/tmp/%d/%d", seed, i%programs), Origin: []byte("unsigned")}
			tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/x/%d/%d", seed, i)}, 1)
		}
		s := testHead()
		tree.Snapshot(s)
		for what, c := range map[string]struct {
			d     Distinct
			truth int
		}{
			"programs of the machine":  {s.Programs, programs},
			"programs of the origin":   {s.Origins[0].Seen, programs},
			"processes of the machine": {s.Procs, programs * each},
			"paths of the machine":     {s.Paths, programs * each},
		} {
			if off := math.Abs(float64(c.d.Estimate)/float64(c.truth) - 1); c.d.StdError == 0 || off > 4*c.d.StdError {
				t.Errorf("seed %d, %s: %d seen (standard error %.3f), in truth %d", seed, what, c.d.Estimate, c.d.StdError, c.truth)
			}
		}
	}
}

// TestAtMostIsBound: what is called an upper bound is one, though it was made of estimates
// that err to both sides.
func TestAtMostIsBound(t *testing.T) {
	const n = 3000
	for trial := range 12 {
		var parts []*Summary
		for i := range 2 {
			tree := NewTree(small, nil, &sketch.Key{byte(i), byte(trial)})
			p := esbridge.Process{PID: 7, Executable: []byte("/bin/log"), Origin: []byte("system")}
			for j := range n {
				tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/v/%d/%d", i, j)}, 1)
			}
			s := testHead()
			if err := tree.Fit(s, MinFrameSize); err != nil {
				t.Fatal(err)
			}
			parts = append(parts, s)
		}
		s, err := Merge(nil, MinFrameSize, parts...)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Paths.AtMost || s.Paths.Estimate < 2*n {
			t.Errorf("trial %d: at most %d paths (%v), in truth %d", trial, s.Paths.Estimate, s.Paths.AtMost, 2*n)
		}
	}
}
