package export

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

// window folds events into a tree as one window of ten seconds, and fits it into a frame.
func window(t testing.TB, seq uint64, limits summaries.Limits, frameSize int, events iter.Seq[*esbridge.Event]) *summaries.Summary {
	t.Helper()
	key := sketch.Key{1, 2, 3}
	tree := summaries.NewTree(limits.OrDefault(), summaries.DefaultWatch, &key)
	start := synthetic.Epoch + int64(seq-1)*10e9
	s := &summaries.Summary{
		Machine: summaries.Machine{ID: "machine-1", Boot: "boot-1", Hostname: "host", OS: "macos 15.1", Source: "synthetic"},
		Window:  summaries.Window{Start: start, End: start + 10e9, Hop: 10e9, Tile: true, Merged: 1},
		Series:  summaries.NewSeries(10e9), FirstSeq: seq, Seq: seq,
	}
	for e := range events {
		tree.Fold(e, e.Last)
		s.Series.Add(e.Last-start, e.Count)
		s.Ledger.Received += e.Count
		s.Ledger.Folded += e.Count
	}
	s.Peak = s.Series.Peak(start)
	if err := tree.Fit(s, frameSize); err != nil {
		t.Fatal(err)
	}
	return s
}

// scenario is the first n events of a synthetic scenario as one window.
func scenario(t testing.TB, name string, seq, n uint64) *summaries.Summary {
	t.Helper()
	sc, err := synthetic.Lookup(name, seq)
	if err != nil {
		t.Fatal(err)
	}
	return window(t, seq, summaries.Limits{}, summaries.DefaultFrameSize, func(yield func(*esbridge.Event) bool) { sc.Generate(n, yield) })
}

// hostileNames are what somebody would write who wants to break out of a field.
var hostileNames = []string{
	"plain", "two words", `"quoted"`, `'`, "a,b;c\td", "line\nfeed", "\r\n", "=cmd|'/C calc'!A0", "+1", "-2+3", "@SUM(A1)",
	"<img src=x onerror=alert(1)>", "\u202egnp.exe", "\u2028", "ü日本語🙂", "\xff\xfe", "nul\x00byte", "\x1b[2J", `back\slash`, "{}", "null", "＝1", "end.",
	"…", ".hidden", "archive.tar.gz",
}

// hostile makes a window of random events by programs, in origins, on paths with such names.
func hostile(t testing.TB, seed uint64) *summaries.Summary {
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	name := func() string { return hostileNames[r.IntN(len(hostileNames))] }
	limits := []summaries.Limits{{}, {Origins: 4, Programs: 16, Processes: 16, Paths: 64}}[r.IntN(2)]
	frameSize := []int{summaries.MinFrameSize, summaries.DefaultFrameSize}[r.IntN(2)]
	return window(t, 1+seed%100, limits, frameSize, func(yield func(*esbridge.Event) bool) {
		for i := range 2000 {
			at := synthetic.Epoch + int64(seed%100)*10e9 + int64(i)*1e6
			p := &esbridge.Process{
				PID: r.Int32N(50), PPID: r.Int32N(3), ResponsiblePID: r.Int32N(2), EUID: r.Uint32(), Version: r.Uint64N(3), Start: r.Int64N(2) * at,
				Executable: fmt.Appendf(nil, "/bin/%s", name()), Origin: fmt.Appendf(nil, "user:%d", r.IntN(6)),
				SigningID: []byte(name()), TeamID: []byte(name()), CDHash: []byte{byte(r.IntN(2)), 7}, LowerBound: r.IntN(9) == 0,
			}
			e := &esbridge.Event{Kind: esbridge.Kind(r.IntN(esbridge.NumKinds)), Process: p, Count: 1 + r.Uint64N(5), First: at, Last: at}
			e.Bytes, e.HasBytes = r.Uint64N(1000), r.IntN(2) == 0
			e.Size, e.HasSize = r.Int64N(1000), r.IntN(2) == 0
			if r.IntN(20) > 0 {
				e.Path = fmt.Appendf(nil, "/%s/%s/%s%d", name(), name(), name(), r.IntN(20))
			}
			if r.IntN(50) == 0 {
				e.Path = append(e.Path, fmt.Sprintf("/%02000d/x", i)...)
			}
			if r.IntN(100) == 0 {
				p.Container = []byte(name())
			}
			if !yield(e) {
				return
			}
		}
	})
}

// sequence is a sequence without an error.
func sequence(all ...*summaries.Summary) iter.Seq2[*summaries.Summary, error] {
	return func(yield func(*summaries.Summary, error) bool) {
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}
}
