package summaries

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"summarizer/summaries/sketch"
)

// partsOf adds up the parts and checks their names.
func partsOf(t *testing.T, s *Summary) (sum int, byName map[string]int) {
	t.Helper()
	byName = map[string]int{}
	for i, p := range FrameParts(s) {
		if want := []string{"head", "sketches", "origins", "programs", "processes", "paths"}[i]; p.Name != want {
			t.Fatalf("part %d is %q, want %q", i, p.Name, want)
		}
		if p.Bytes < 0 {
			t.Fatalf("%s of %d bytes", p.Name, p.Bytes)
		}
		sum += p.Bytes
		byName[p.Name] = p.Bytes
	}
	return sum, byName
}

// The parts are what fitting adds up, whatever the summary.
func TestFramePartsAreTheSizes(t *testing.T) {
	m := newMaker(t, 11)
	check := func(s *Summary) {
		t.Helper()
		sum, _ := partsOf(t, s)
		if want, _ := sizes(s); sum != want {
			t.Fatalf("the parts add up to %d, fitting reckons with %d", sum, want)
		}
		if payload := proto.Size(encodeSummary(s)); sum < payload {
			t.Fatalf("the parts add up to %d, the payload has %d", sum, payload)
		}
	}
	for range 300 {
		m.rows = 1 + m.IntN(5)
		check(m.summary())
	}
	check(minimal())
	check(widest())
}

// In frames as they leave, the parts add up to the payload and at most a few percent more.
func TestFramePartsExplainTheFrame(t *testing.T) {
	for seed := range uint64(20) {
		tree := NewTree(DefaultLimits, nil, &sketch.Key{1})
		foldRandom(tree, newModel(), newWorkload(seed), 20_000)
		s := &Summary{Window: Window{Start: 0, End: 10e9, Hop: 10e9}, FirstSeq: 1, Seq: 1}
		if err := tree.Fit(s, DefaultFrameSize); err != nil {
			t.Fatal(err)
		}
		frame, err := AppendFrame(nil, s, DefaultFrameSize)
		if err != nil {
			t.Fatal(err)
		}
		h, err := ParseHeader(frame)
		if err != nil {
			t.Fatal(err)
		}
		sum, parts := partsOf(t, s)
		if sum < h.PayloadSize || sum > h.PayloadSize+h.PayloadSize/12+64 {
			t.Errorf("seed %d: the parts add up to %d, the payload has %d: %v", seed, sum, h.PayloadSize, parts)
		}
		t.Logf("seed %d: %.1f %% more than the payload of %d", seed, 100*float64(sum-h.PayloadSize)/float64(h.PayloadSize), h.PayloadSize)
	}
}
