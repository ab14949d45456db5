package dashboard

import (
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
	"summarizer/summaries/findings"
	"summarizer/summaries/store"
)

// screenshots is where TestScreenshots leaves its pictures.
var screenshots = flag.String("screenshots", "", "write pictures of the pages to this `folder`")

// galleryEnd is when the history of the pictures ends.
var galleryEnd = time.Date(2026, 1, 2, 15, 30, 0, 0, time.UTC)

// stretch is a scenario that begins so long before the end of a history.
type stretch struct {
	scenario string
	before   time.Duration
	length   time.Duration
}

// play is the events of a stretch. An event is valid until the next one is asked for.
func (st stretch) play(t testing.TB) iter.Seq[*esbridge.Event] {
	t.Helper()
	scenario, err := synthetic.Lookup(st.scenario, 1)
	if err != nil {
		t.Fatal(err)
	}
	shift := galleryEnd.Add(-st.before).UnixNano() - synthetic.Epoch
	end := synthetic.Epoch + st.length.Nanoseconds()
	return func(yield func(*esbridge.Event) bool) {
		scenario.Generate(1<<62, func(e *esbridge.Event) bool {
			if e.Last >= end {
				return false
			}
			e.First, e.Last = e.First+shift, e.Last+shift
			return yield(e)
		})
	}
}

// windowsOf folds stretches into the windows of ten seconds of a machine, and shows each of
// them to see. Nothing came in the windows from which lost is true.
func windowsOf(t testing.TB, length time.Duration, lost func(before time.Duration) bool, stretches []stretch, see func(*summaries.Summary)) {
	t.Helper()
	type player struct {
		next func() (*esbridge.Event, bool)
		held *esbridge.Event
	}
	var players []*player
	for _, st := range stretches {
		next, stop := iter.Pull(st.play(t))
		defer stop()
		p := &player{next: next}
		p.held, _ = next()
		players = append(players, p)
	}
	tree := summaries.NewTree(summaries.DefaultLimits, summaries.DefaultWatch, &key)
	const step = 10 * time.Second
	for n := range uint64(length / step) {
		before := length - time.Duration(n)*step
		start := galleryEnd.Add(-before).UnixNano()
		s := &summaries.Summary{
			Machine:  summaries.Machine{ID: "7f3a9c1e", Boot: "b1/1f00", Hostname: "studio-mac.example", OS: "macOS 15.1", Source: "synthetic"},
			Agent:    summaries.Agent{MemoryBytes: 45<<20 + n%7<<16, SpoolWaiting: 1, SpoolSlots: 64},
			Window:   summaries.Window{Start: start, End: start + step.Nanoseconds(), Hop: step.Nanoseconds(), Tile: true, Merged: 1},
			FirstSeq: n + 1, Seq: n + 1, Series: summaries.NewSeries(step.Nanoseconds()), Limits: summaries.DefaultLimits,
			Muted: []summaries.MuteRule{{Rule: "path=/var/lib/summarizer/", Events: 12, Counted: true}, {Rule: "exe=/usr/local/bin/summarizer", Events: 31, Counted: true}},
		}
		for _, p := range players {
			for ; p.held != nil && p.held.Last < s.Window.End; p.held, _ = p.next() {
				tree.Fold(p.held, p.held.Last)
				s.Series.Add(p.held.Last-start, p.held.Count)
			}
		}
		if err := tree.Fit(s, summaries.DefaultFrameSize); err != nil {
			t.Fatal(err)
		}
		tree.Reset()
		s.Ledger.Muted, s.Ledger.Folded = 43, s.Events
		s.Ledger.Received = s.Ledger.Folded + s.Ledger.Muted
		if !lost(before) {
			see(s)
		}
	}
}

// gallery is a server over an hour of a desk on which, five minutes before the end, an
// attack runs for a minute and a half. Two minutes of the hour never arrived.
func gallery(t testing.TB, stretches ...stretch) *Server {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "history.db"), store.Config{Key: &key, Now: func() time.Time { return galleryEnd }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s, err := New(Config{
		Store: st, Access: Access{Token: testToken}, Now: func() time.Time { return galleryEnd },
		Facts: func() []Fact {
			return []Fact{{"Agent", "connected", false}, {"Summaries", "361 received, 361 acknowledged", false}, {"Spool", "0 of 64 slots wait", false}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	detector, err := findings.New(findings.Config{})
	if err != nil {
		t.Fatal(err)
	}
	lost := func(before time.Duration) bool { return before > 30*time.Minute && before <= 32*time.Minute }
	windowsOf(t, time.Hour, lost, stretches, func(sum *summaries.Summary) {
		sum.Findings = detector.Observe(sum).Findings
		if sum.Seq%50 == 0 {
			sum.Ledger.KernelDropped = 3
		}
		ingest(t, st, sum)
		s.Publish(sum)
	})
	if err := st.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	quietHour = stretch{"quiet-desktop", time.Hour, time.Hour}
	attack    = stretch{"attack-mix+quiet", 5 * time.Minute, 90 * time.Second}
)

// TestScreenshots takes the pictures of docs/screenshots: `make screenshots`.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("takes pictures; run it by `make screenshots`")
	}
	s := browse(t, gallery(t, quietHour, attack))
	list, err := s.server.cfg.Store.Windows(t.Context(), everything().Range, store.Raw, 1000)
	if err != nil {
		t.Fatal(err)
	}
	window := fmt.Sprintf("/window?id=%d", list[len(list)-25].ID)
	for _, shot := range []struct {
		name, path string
		dark       bool
		width      int64
	}{
		{"overview-light", "/?range=1h&pause=1", false, 1400},
		{"overview-dark", "/?range=1h&pause=1", true, 1400},
		{"phone", "/?range=1h&pause=1", false, 390},
		{"program", "", false, 1400},
		{"window", window, false, 1400},
		{"windows", "/windows?range=5m", false, 1400},
		{"agent", "/agent?range=1h", true, 1400},
	} {
		s.media(shot.dark, shot.width)
		if shot.path == "" {
			s.open("/?range=1h&pause=1")
			s.do(chromedp.Click(`[data-part="who"] tbody tr:first-child a`))
			s.await(`new URL(location).searchParams.has("program") && document.querySelectorAll("#chart canvas").length > 0`)
		} else {
			s.open(shot.path)
		}
		s.picture(shot.name)
	}
	s.quiet()
}

// picture writes the whole page as a PNG.
func (s *site) picture(name string) {
	s.t.Helper()
	s.await(`document.readyState === "complete"`)
	if eval[bool](s, `document.body.dataset.live !== undefined`) {
		for _, drawn := range []string{"#chart canvas", "#treemap a"} {
			id, inside, _ := strings.Cut(drawn, " ")
			eval[any](s, `document.querySelector("`+id+`").scrollIntoView()`)
			s.await(`document.querySelector("` + id + " " + inside + `") !== null`)
		}
		eval[any](s, `scrollTo(0, 0)`)
	}
	png, err := chromedp.Run(s.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.MkdirAll(*screenshots, 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644); err != nil {
		s.t.Fatal(err)
	}
}
