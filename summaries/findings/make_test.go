package findings

import (
	"iter"
	"strings"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

const windowLength = int64(10e9)

// feed folds events of rising times into windows of ten seconds, as the aggregator does,
// and shows each to see.
func feed(t testing.TB, events iter.Seq[*esbridge.Event], see func(*summaries.Summary)) {
	t.Helper()
	key := sketch.Key{1, 2, 3}
	tree := summaries.NewTree(summaries.DefaultLimits, summaries.DefaultWatch, &key)
	start, seq := int64(0), uint64(0)
	end := func() {
		seq++
		s := &summaries.Summary{Window: summaries.Window{Start: start, End: start + windowLength, Hop: windowLength, Tile: true, Merged: 1}, FirstSeq: seq, Seq: seq}
		if err := tree.Fit(s, summaries.DefaultFrameSize); err != nil {
			t.Fatal(err)
		}
		s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
		see(s)
		tree.Reset()
	}
	for e := range events {
		if start == 0 {
			start = e.Last
		}
		for e.Last >= start+windowLength {
			end()
			start += windowLength
		}
		tree.Fold(e, e.Last)
	}
	end()
}

// minutes is a scenario for so long, beginning at an offset in seconds from the epoch.
func minutes(t testing.TB, name string, rate uint64, seconds, offset int64) iter.Seq[*esbridge.Event] {
	t.Helper()
	sc, err := synthetic.Lookup(name, 1)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(*esbridge.Event) bool) {
		sc.Generate(rate*uint64(seconds), func(e *esbridge.Event) bool {
			e.First, e.Last = e.First+offset*1e9, e.Last+offset*1e9
			return yield(e)
		})
	}
}

func detector(t testing.TB, cfg Config) *Detector {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// windows are the summaries of a sequence of events.
func windows(t testing.TB, events iter.Seq[*esbridge.Event]) (all []*summaries.Summary) {
	t.Helper()
	feed(t, events, func(s *summaries.Summary) { all = append(all, s) })
	return all
}

// quietMinute is a machine on which nothing happens.
func quietMinute(t testing.TB) []*summaries.Summary {
	return windows(t, minutes(t, "quiet-desktop", 20, 60, 0))
}

// observeAll returns the findings of all windows.
func observeAll(t testing.TB, d *Detector, all ...*summaries.Summary) (found []summaries.Finding) {
	t.Helper()
	for _, s := range all {
		found = append(found, observe(t, d, s)...)
	}
	return found
}

// observe observes, and checks what holds of every report.
func observe(t testing.TB, d *Detector, s *summaries.Summary) []summaries.Finding {
	t.Helper()
	r := d.Observe(s)
	if len(r.Findings) > MaxFindings || r.LeftOut > 0 && len(r.Findings) < MaxFindings {
		t.Fatalf("%d findings, %d left out", len(r.Findings), r.LeftOut)
	}
	for i, f := range r.Findings {
		if len(f.Text) > MaxText || len(f.Program) > MaxProgram || f.Text != strings.ToValidUTF8(f.Text, "") || f.Text == "" {
			t.Fatalf("%d bytes of text, %d of program: %+v", len(f.Text), len(f.Program), f)
		}
		if more := strings.HasSuffix(f.Text, "more findings, left out)"); more != (r.LeftOut > 0 && i == MaxFindings-1) {
			t.Fatalf("%d left out: %s", r.LeftOut, f.Text)
		}
	}
	return r.Findings
}

// has looks for a finding about a program whose path begins so.
func has(all []summaries.Finding, kind, program string) *summaries.Finding {
	for i := range all {
		if f := &all[i]; f.Kind == kind && strings.HasPrefix(string(f.Program), program) {
			return f
		}
	}
	return nil
}

// program is a listed program of one process that did so much on so many files.
func program(path string, kind esbridge.Kind, events uint64, files ...string) summaries.Program {
	p := summaries.Process{PID: 12, EUID: 501, Events: events * uint64(len(files)), Seen: summaries.Distinct{Estimate: uint64(len(files))}}
	for _, name := range files {
		row := summaries.Path{Path: []byte(name), PathLen: len(name), Events: events}
		row.Kinds[kind] = events
		p.Kinds[kind] += events
		p.Paths = append(p.Paths, row)
	}
	return summaries.Program{
		Path: []byte(path), PathLen: len(path), Events: p.Events, Kinds: p.Kinds,
		Seen: summaries.Distinct{Estimate: 1}, Processes: []summaries.Process{p},
	}
}

// tile is a window with programs of an origin.
func tile(origin string, programs ...summaries.Program) *summaries.Summary {
	s := &summaries.Summary{Window: summaries.Window{Start: 1e18, End: 1e18 + windowLength, Hop: windowLength, Tile: true, Merged: 1}, FirstSeq: 1, Seq: 1}
	return with(s, origin, programs...)
}

// with adds an origin to a window.
func with(s *summaries.Summary, origin string, programs ...summaries.Program) *summaries.Summary {
	o := summaries.Origin{Name: origin, Programs: programs, Seen: summaries.Distinct{Estimate: uint64(len(programs))}}
	for i := range programs {
		o.Events += programs[i].Events
		o.Kinds.Add(&programs[i].Kinds)
	}
	s.Origins = append(s.Origins, o)
	s.Events += o.Events
	s.Kinds.Add(&o.Kinds)
	s.Ledger.Folded, s.Ledger.Received = s.Events, s.Events
	return s
}
