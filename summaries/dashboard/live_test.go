package dashboard

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"summarizer/summaries"
)

// reader is a live page without a browser: it takes what it is sent, at once.
type reader struct {
	*httptest.ResponseRecorder
	cancel context.CancelFunc

	mu   sync.Mutex
	text strings.Builder
}

func (r *reader) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *reader) SetWriteDeadline(time.Time) error { return nil }

// take is what came since the last time: the parts of each event.
func (r *reader) take(t *testing.T) (events []map[string]string) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range strings.Lines(r.text.String()) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			parts := map[string]string{}
			if err := json.Unmarshal([]byte(data), &parts); err != nil {
				t.Fatal(err)
			}
			events = append(events, parts)
		}
	}
	r.text.Reset()
	return events
}

// follow opens a live page; it ends with the test at the latest.
func follow(t *testing.T, s *Server, path string) *reader {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := &reader{ResponseRecorder: httptest.NewRecorder(), cancel: cancel}
	go s.live(r, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	synctest.Wait()
	return r
}

// refresh is a summary that is no history.
func refresh(s *summaries.Summary) *summaries.Summary {
	s.Window.Tile = false
	return s
}

func names(events []map[string]string) string {
	var all []string
	for _, e := range events {
		all = append(all, strings.Join(slices.Sorted(maps.Keys(e)), " "))
	}
	return strings.Join(all, " | ")
}

func TestOnlyWhatChangedIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Access{})
		r := follow(t, s, "/live?range=1h")
		if got := names(r.take(t)); got != "crumbs directories files findings now origins series totals treemap trouble who" {
			t.Fatalf("first: %s", got)
		}
		at := time.Now()
		s.Publish(refresh(tile(at, 100, "/bin/a", 5)))
		if got := names(r.take(t)); got != "now" {
			t.Errorf("after a refresh: %s", got)
		}
		s.Publish(refresh(tile(at, 100, "/bin/a", 5)))
		if got := names(r.take(t)); got != "" {
			t.Errorf("after the same again: %s", got)
		}
		next := tile(at.Add(-time.Second), 100, "/bin/a", 7)
		next.Findings = []summaries.Finding{{Kind: "flood", Severity: "high", Program: []byte("/bin/a"), Text: "much"}}
		ingest(t, s.cfg.Store, next)
		s.Publish(next)
		if got := names(r.take(t)); got != "directories files findings now origins series totals treemap who" {
			t.Errorf("after a tile: %s", got)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Access{})
		var all []*reader
		for range maxStreams {
			all = append(all, follow(t, s, "/live"))
		}
		for i, r := range all {
			if len(r.take(t)) != 1 {
				t.Fatalf("stream %d of %d got nothing", i, maxStreams)
			}
		}
		if one := follow(t, s, "/live"); one.Code != http.StatusServiceUnavailable {
			t.Errorf("one more: %d", one.Code)
		}
		all[0].cancel()
		synctest.Wait()
		if again := follow(t, s, "/live"); again.Code != http.StatusOK || len(again.take(t)) != 1 {
			t.Errorf("after one left: %d", again.Code)
		}
		if wrong := follow(t, s, "/live?kind=x"); wrong.Code != http.StatusBadRequest {
			t.Error(wrong.Code)
		}
	})
}

// A history that fails is told to the page, which keeps what it has; the stream goes on.
func TestLiveTellsOfTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Access{})
		r := follow(t, s, "/live")
		r.take(t)
		s.cfg.Store.Close()
		s.Publish(tile(time.Now(), 100, "/bin/a", 5))
		events := r.take(t)
		if got := names(events); got != "now trouble" || !strings.Contains(events[0]["trouble"], "cannot be shown") {
			t.Fatalf("%s: %v", got, events)
		}
		s.Publish(tile(time.Now(), 101, "/bin/a", 6))
		if got := names(r.take(t)); got != "now" {
			t.Errorf("afterwards: %s", got)
		}
	})
}

// Whatever is published, and for however long: what is kept has a bound.
func TestHubDoesNotGrow(t *testing.T) {
	var h hub
	h.init()
	for i := range 500 {
		s := &summaries.Summary{Window: summaries.Window{Start: int64(i) * 1e9, End: int64(i+1) * 1e9, Tile: true}}
		for j := range 8 {
			s.Findings = append(s.Findings, summaries.Finding{Kind: "flood", Program: fmt.Appendf(nil, "/p/%d", i*8+j)})
		}
		h.publish(s)
	}
	if last, found, _ := h.now(); len(found) != keptFindings || cap(found) > 2*keptFindings+8 || last == nil {
		t.Error(len(found), cap(found))
	}
}

// A finding that goes on is one, and one that comes back later is another.
func TestFindingsOfOneKindAreOne(t *testing.T) {
	var all []timedFinding
	f := summaries.Finding{Kind: "flood", Severity: "high", Program: []byte("/p")}
	begin := time.Unix(1000, 0)
	for i := range 10 {
		all = addFinding(all, f, begin.Add(time.Duration(i)*10*time.Second), begin.Add(time.Duration(i+1)*10*time.Second))
		all = addFinding(all, summaries.Finding{Kind: "blind", Severity: "low"}, begin, begin.Add(time.Second))
	}
	if all[0].Windows != 1 {
		t.Errorf("the same window, published again, counts as %d", all[0].Windows)
	}
	later := begin.Add(time.Hour)
	all = addFinding(all, f, later, later.Add(time.Second))
	if len(all) != 3 || all[2].Windows != 10 || all[0].Windows != 1 || !all[2].Start.Equal(begin) {
		t.Errorf("%+v", all)
	}
	slices.Reverse(all)
	groups := groupFindings(all)
	if len(groups) != 2 || groups[0].Severity != "high" || len(groups[0].Findings) != 2 || len(groups[1].Program) != 0 {
		t.Errorf("%+v", groups)
	}
}

// pipes is a listener of connections within the process, of which nothing is buffered.
type pipes struct {
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// open is how many pages are live.
func open(s *Server) int {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.hub.streams
}

// A browser that stops reading is cut off before the second heartbeat, and no goroutine
// stays behind.
func TestSlowReaderIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Access{AnyHost: true})
		l := &pipes{accept: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
		ended := make(chan struct{})
		go func() { _ = server.Serve(l); close(ended) }()
		client, conn := net.Pipe()
		l.accept <- conn
		fmt.Fprint(client, "GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
		if status, err := bufio.NewReaderSize(client, 16).ReadString('\n'); err != nil || !strings.Contains(status, "200") {
			t.Fatal(status, err)
		}
		synctest.Wait() // it writes, and nobody reads
		if n := open(s); n != 1 {
			t.Fatal(n)
		}
		time.Sleep(heartbeat + time.Second)
		synctest.Wait()
		if open(s) != 0 {
			t.Error("the stream of a browser that does not read goes on")
		}
		client.Close()
		server.Close()
		<-ended
	})
}

// Over real connections: browsers that go away leave nothing behind.
func TestLiveLeavesNothingBehind(t *testing.T) {
	s := newServer(t, Access{})
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	h := httptest.NewServer(s.Handler())
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL+"/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := h.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(answer.Body).ReadString('\n'); err != nil || line != "event: parts\n" {
			t.Fatal(line, err)
		}
		cancel()
		answer.Body.Close()
	}
	h.Close()
}

// Many small findings neither push out a bad one nor take its place on the page, and the page
// says how many it does not show.
func TestSmallFindingsHideNoBadOne(t *testing.T) {
	var h hub
	h.init()
	begin := time.Unix(1_000_000, 0)
	at := func(i int, f summaries.Finding) {
		start := begin.Add(time.Duration(i) * 10 * time.Second)
		h.publish(&summaries.Summary{Window: summaries.Window{Start: start.UnixNano(), End: start.UnixNano() + 10e9, Tile: true}, Findings: []summaries.Finding{f}})
	}
	at(0, summaries.Finding{Kind: "flood", Severity: "high", Program: []byte("/bad")})
	for i := range 3 * keptFindings {
		at(i+1, summaries.Finding{Kind: "watched", Severity: "low", Program: fmt.Appendf(nil, "/p/%d", i)})
	}
	_, found, since := h.now()
	p := overviewPage{found: found, foundSince: time.Unix(0, since), page: page{View: view{from: begin.Add(-time.Hour), to: begin.Add(24 * time.Hour)}}}
	part := p.Findings()
	if len(part.Groups) != shownFindings || string(part.Groups[0].Program) != "/bad" || part.More != keptFindings-shownFindings {
		t.Errorf("%d groups, the first of %s, %d more", len(part.Groups), part.Groups[0].Program, part.More)
	}
	if !part.Since.Equal(begin) {
		t.Errorf("known since %v", part.Since)
	}
	p.View.from = begin.Add(time.Minute)
	if part := p.Findings(); !part.Since.IsZero() {
		t.Errorf("all of the range is known, but since %v", part.Since)
	}
}

// Where nothing comes any more, the page does not call what it has "now".
func TestSilenceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := emptyServer(t, Access{})
		r := follow(t, s, "/live")
		s.Publish(tile(time.Now().Add(-10*time.Second), 1, "/bin/a", 5))
		if parts := r.take(t); strings.Contains(parts[len(parts)-1]["now"], "No summary has come") {
			t.Errorf("at once: %v", parts)
		}
		time.Sleep(5 * time.Minute)
		parts := r.take(t)
		if len(parts) == 0 || !strings.Contains(parts[len(parts)-1]["now"], "No summary has come for 5m0s") {
			t.Errorf("five minutes later: %v", parts)
		}
	})
}

// A history that is slow to answer is not asked with every summary.
func TestSlowHistoryIsLeftAlone(t *testing.T) {
	now := time.Now()
	st := stream{view: view{span: "1h"}, asked: now.Add(-5 * time.Second), took: time.Second, tiles: 1}
	if st.due(now, 2) {
		t.Error("asked again after five times as long as it took")
	}
	if !st.due(now.Add(6*time.Second), 2) {
		t.Error("not asked again")
	}
}

// What comes while history is not to be asked again is asked for as soon as it may be.
func TestWhatComesEarlyIsShownLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{cfg: Config{Now: time.Now}}
		st := stream{server: s, view: view{span: "1h"}, asked: time.Now(), took: time.Second, tiles: 1}
		if st.later(1) != nil {
			t.Error("asks again although nothing came")
		}
		time.Sleep(4 * time.Second)
		began := time.Now()
		if at := <-st.later(2); at.Sub(began) != 6*time.Second || !st.due(time.Now(), 2) {
			t.Errorf("after %v", at.Sub(began))
		}
	})
}
