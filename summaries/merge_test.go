package summaries

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"summarizer/esbridge"
	"summarizer/summaries/sketch"
)

// TestMergeAgainstModel splits one stream over several trees, fits each into a frame, and
// merges the frames in a random order and grouping: the totals and bounds must be those of
// the whole.
func TestMergeAgainstModel(t *testing.T) {
	for _, seed := range seeds(t, 24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { mergeTrial(t, seed) })
	}
}

func mergeTrial(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	m := newModel()
	parts := splitRandom(t, m, newWorkload(seed), 2+rng.IntN(5), []Limits{small, {Origins: 8, Programs: 64, Processes: 256, Paths: 2048, PathBytes: 2048 * 64}}[seed%2])
	key := &testKey
	if seed%3 == 0 {
		key = nil
	}
	for len(parts) > 1 {
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		n := 2 + rng.IntN(len(parts)-1)
		merged, err := Merge(key, MinFrameSize<<rng.IntN(3), parts[:n]...)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts[n:], overTheWire(t, merged, MinFrameSize<<2))
	}
	m.check(t, parts[0])
}

// splitRandom deals a workload to n trees and returns their summaries, each off the wire.
func splitRandom(t *testing.T, m *model, w *workload, n int, limits Limits) []*Summary {
	var parts []*Summary
	for i := range n {
		tree := NewTree(limits, nil, &testKey)
		part := newModel()
		var p esbridge.Process
		var e esbridge.Event
		for range 4000 {
			w.next(&p, &e)
			m.fold(&e)
			part.fold(&e)
			tree.Fold(&e, e.Last)
		}
		s := testHead()
		s.Seq, s.FirstSeq = uint64(i+1), uint64(i+1)
		s.Ledger.Folded, s.Ledger.Received = part.events, part.events
		if err := tree.Fit(s, MinFrameSize<<(i%3)); err != nil {
			t.Fatal(err)
		}
		part.check(t, s)
		parts = append(parts, overTheWire(t, s, MinFrameSize<<(i%3)))
	}
	return parts
}

func overTheWire(t *testing.T, s *Summary, size int) *Summary {
	t.Helper()
	frame, err := AppendFrame(nil, s, size)
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeFrame(frame)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// TestMergeSeesProcessOnce merges windows of one long-lived process that writes the same
// files in each: its distinct paths are those files, however many windows there are.
func TestMergeSeesProcessOnce(t *testing.T) {
	for _, files := range []int{3, 20, 500} {
		var parts []*Summary
		for range 6 {
			tree := NewTree(DefaultLimits, nil, &testKey)
			p := esbridge.Process{PID: 7, Executable: []byte("/bin/log"), Origin: []byte("system")}
			for i := range files {
				tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/var/log/%d", i)}, 1)
			}
			s := testHead()
			if err := tree.Fit(s, MinFrameSize); err != nil {
				t.Fatal(err)
			}
			s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
			parts = append(parts, overTheWire(t, s, MinFrameSize))
		}
		merged, err := Merge(&testKey, MinFrameSize, parts...)
		if err != nil {
			t.Fatal(err)
		}
		seen := merged.Origins[0].Programs[0].Processes[0].Seen
		off := float64(seen.Estimate)/float64(files) - 1
		if seen.AtMost || off > 4*seen.StdError || -off > 4*seen.StdError {
			t.Errorf("%d files in each of six windows read as %+v", files, seen)
		}
	}
}

// TestMergeRefusesOtherKeys merges summaries of different sketch keys: counters unite, and
// distinct counts say that they are no more than upper bounds.
func TestMergeRefusesOtherKeys(t *testing.T) {
	var parts []*Summary
	for i := range 2 {
		tree := NewTree(DefaultLimits, nil, &sketch.Key{byte(i)})
		p := esbridge.Process{PID: 7, Executable: []byte("/bin/log"), Origin: []byte("system")}
		for j := range 400 {
			tree.Fold(&esbridge.Event{Process: &p, Count: 1, Path: fmt.Appendf(nil, "/var/log/%d", j)}, 1)
		}
		s := testHead()
		if err := tree.Fit(s, MinFrameSize); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, s)
	}
	merged, err := Merge(nil, MinFrameSize, parts...)
	if err != nil {
		t.Fatal(err)
	}
	if merged.Events != 800 || merged.KeyID != 0 || !merged.Paths.AtMost || len(merged.Paths.Registers) > 0 {
		t.Errorf("merged: %d events, key %d, paths %+v", merged.Events, merged.KeyID, merged.Paths)
	}
	if n := merged.Paths.Estimate; n < 700 || n > 1000 {
		t.Errorf("at most %d paths, want the sum of about 400 and 400", n)
	}
}
