package dashboard

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries/export"
	"summarizer/summaries/store"
)

// fields are what to add up in the formats of a line per record; that all formats agree is
// tested where they are written.
var fields = map[string]string{"json": "events", "ocsf": "count"}

func sumOf(t *testing.T, b []byte, field string) (n uint64) {
	t.Helper()
	for line := range bytes.Lines(b) {
		var record map[string]json.RawMessage
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		events, err := strconv.ParseUint(string(record[field]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n += events
	}
	return n
}

// Whatever a page is filtered by, the files that it offers add up to what it shows.
func TestExportIsWhatThePageShows(t *testing.T) {
	s := newServer(t, Access{})
	all, err := s.cfg.Store.Tops(t.Context(), everything(), store.ByProgram, store.ByOrigin)
	if err != nil {
		t.Fatal(err)
	}
	program := all[0].Rows[0].Program.ID
	one := store.Filter{Program: program}
	processes, err := s.cfg.Store.Top(t.Context(), store.Query{Range: everything().Range, Filter: one}, store.ByProcess)
	if err != nil || len(processes.Rows) == 0 {
		t.Fatal(err, processes)
	}
	process := processes.Rows[0].Process.Process
	for _, f := range []store.Filter{
		{}, {Machine: "m"}, {Machine: "other"}, {Origin: all[1].Rows[0].Origin}, {Origin: "nobody"}, one, {Program: program, Process: &process},
		{Kinds: []esbridge.Kind{esbridge.Write, esbridge.Create}}, {Kinds: []esbridge.Kind{esbridge.Rename}},
		{PathPrefix: "/home/a/"}, {PathPrefix: "/home/a/x/fi"}, {PathPrefix: "/va"}, {PathPrefix: "/nowhere/"}, {Program: program, PathPrefix: "/var"},
	} {
		v := view{from: time.Unix(0, 0), to: time.Now().Add(time.Hour), filter: f}
		want, err := s.cfg.Store.Totals(t.Context(), v.query(0))
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range exportLinks(v) {
			status, body := get(t, s, string(to.Href))
			if status != http.StatusOK {
				t.Fatalf("%s: %d %s", to.Href, status, body)
			}
			if field := fields[to.Text]; field != "" && sumOf(t, []byte(body), field) != want.Events {
				t.Errorf("%s: not the %d events that the page shows", to.Href, want.Events)
			}
		}
	}
}

// An export that fails before its first byte says why; after it the connection breaks.
func TestExportFails(t *testing.T) {
	s := newServer(t, Access{})
	for path, want := range map[string]string{
		"/export?format=xlsx": "use one of json", "/export?prefix=etc": "begin it with /", "/export?kind=chmod": "none of",
	} {
		if status, body := get(t, s, path); status != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	s.cfg.Store.Close()
	for _, format := range export.Formats() {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/export?range=24h&format="+format, nil)
		r.Host = "127.0.0.1"
		s.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "reading") || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %v %s", format, w.Code, w.Header(), w.Body)
		}
	}
}

// A name from the outside is no part of the name of the file.
func TestExportNamesItsFile(t *testing.T) {
	s := newServer(t, Access{})
	w := httptest.NewRecorder()
	q := url.Values{"from": {"2026-01-02T03:04:05Z"}, "prefix": {`/"; filename="evil`}, "format": {"csv"}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/export?"+q.Encode(), nil)
	r.Host = "127.0.0.1"
	s.Handler().ServeHTTP(w, r)
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="summarizer-20260102T030405Z.csv"` {
		t.Errorf("%s", got)
	}
	if got := w.Header().Get("Content-Type"); got != "text/csv; charset=utf-8; header=present" {
		t.Errorf("%s", got)
	}
}
