package dashboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/store"
)

// tableRows is how many rows lists beside the tables of members have at most.
const tableRows = 25

// everyRow is a limit above what a query finds: pages sort, count and cut by themselves.
const everyRow = 1 << 30

// The parts of an overview that a live page gets anew: those of the head with every summary,
// the others when history is asked again.
var (
	headParts = []string{"trouble", "findings", "now"}
	pastParts = []string{"crumbs", "totals", "series", "origins", "who", "directories", "files", "treemap"}
)

// page is what every template may use.
type page struct {
	Title string
	Here  string // path of the page
	View  view
	Spans []link
	Live  template.URL // empty: the page is not live, and has no script
}

// Preload are the modules of a live page, so that the browser fetches them at once and not
// one after the other.
func (page) Preload() []string {
	return []string{"/static/morph.js", "/static/chart.js", "/static/treemap.js", "/static/vendor/uPlot-1.6.32.js", "/static/vendor/d3-hierarchy-3.1.3.js"}
}

// link is a place to go.
type link struct {
	Text    string
	Href    template.URL
	Current bool
}

// overviewPage is the main page, for all or for what the filter leaves.
type overviewPage struct {
	page
	identity
	Trouble string // why the history cannot be shown
	Now     nowPart
	found   []timedFinding
	// foundSince is from when on findings are known.
	foundSince time.Time
	Totals     *store.Totals
	Crumbs     []link
	Without    []link
	Series     seriesPart
	Origins    *tablePart // nil where the filter leaves one
	Who        tablePart
	Files      tablePart
	Dirs       tablePart
	Treemap    treemapPart
	Gaps       []store.Gap
	Kinds      []link
	Export     []link
	// What the form offers where the filter names none.
	FromOrigins, FromPrograms []choice
}

// choice is an option of a form.
type choice struct{ Value, Text string }

// mostChoices is how many programs a form offers.
const mostChoices = 100

// choices offers the origins and the busiest programs of the range.
func (p *overviewPage) choices(programs []store.Row) {
	if p.View.filter.Program != "" {
		return
	}
	var origins []string
	for _, r := range programs {
		if len(p.FromPrograms) < mostChoices {
			p.FromPrograms = append(p.FromPrograms, choice{string(r.Program.ID), text(r.Program.Path)})
		}
		if p.View.filter.Origin == "" && !slices.Contains(origins, r.Origin) {
			origins = append(origins, r.Origin)
			p.FromOrigins = append(p.FromOrigins, choice{r.Origin, text([]byte(r.Origin))})
		}
	}
}

// nowPart is the newest summary, before it is history.
type nowPart struct {
	Summary   *summaries.Summary
	PerSecond uint64
	// Silent is for how long nothing has come, where that is longer than it should be.
	Silent  time.Duration
	Writers []writer
}

// patience is how many windows may be due before a page says that none comes.
const patience = 3

func nowOf(s *summaries.Summary, v view, now time.Time) nowPart {
	n := nowPart{Summary: s}
	if s == nil {
		return n
	}
	n.Writers = writersOf(s, v)
	length := time.Duration(s.Window.End - s.Window.Start)
	n.PerSecond = uint64(float64(s.Events) / max(length.Seconds(), 1))
	if silent := now.Sub(time.Unix(0, s.Window.End)); silent > max(patience*length, time.Minute) {
		n.Silent = silent.Truncate(time.Minute)
	}
	return n
}

func (s *Server) newPage(title, here string, v view) page {
	p := page{Title: title, Here: here, View: v}
	for _, sp := range spans {
		p.Spans = append(p.Spans, link{sp.Name, v.with(func(v *view) { v.span = sp.Name }).href(here), sp.Name == v.span})
	}
	return p
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request) {
	v, err := parseView(r.URL.Query(), s.cfg.Now())
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	p := s.head(v)
	if err := s.past(r.Context(), p); err != nil {
		s.fail(w, statusOf(err), err)
		return
	}
	p.Live = v.with(func(v *view) { v.paused = false }).href("/live")
	s.render(w, http.StatusOK, "overview", p)
}

// head is a page without what the store knows.
func (s *Server) head(v view) *overviewPage {
	last, findings, since := s.hub.now()
	p := &overviewPage{page: s.newPage("Overview", "/", v), Now: nowOf(last, v, s.cfg.Now()), found: findings, foundSince: v.to}
	if last != nil {
		p.foundSince = time.Unix(0, since)
	}
	return p
}

// past fills in what the store knows.
func (s *Server) past(ctx context.Context, p *overviewPage) error {
	return s.ask(ctx, func(ctx context.Context) error { return s.history(ctx, p) })
}

// history fills in all that the store knows.
func (s *Server) history(ctx context.Context, p *overviewPage) (err error) {
	v := p.View
	if p.Totals, err = s.cfg.Store.Totals(ctx, v.query(0)); err != nil {
		return err
	}
	if v.filter.Program != "" {
		if p.Program, err = s.cfg.Store.Program(ctx, v.filter.Program); err != nil {
			return err
		}
	}
	series, err := s.cfg.Store.Series(ctx, v.query(0), step(v, p.Now.Summary))
	if err != nil {
		return err
	}
	p.Series = seriesOf(series)
	if p.Gaps, err = s.cfg.Store.Gaps(ctx, v.query(0).Range, tableRows); err != nil {
		return err
	}
	if err := s.tables(ctx, p); err != nil {
		return err
	}
	p.Crumbs, p.Without, p.Kinds, p.Export = crumbs(p), without(p), kindLinks(v), exportLinks(v)
	return nil
}

// tables asks for all tables at once.
func (s *Server) tables(ctx context.Context, p *overviewPage) error {
	v := p.View
	who, whoName := store.ByProgram, "Programs"
	if v.filter.Program != "" {
		who, whoName = store.ByProcess, "Processes"
	}
	groups := []store.Group{who, store.ByDirectory, store.ByFile}
	if v.filter.PathPrefix != "" {
		groups = append(groups, store.ByEntry)
	} else if v.filter.Origin == "" && v.filter.Program == "" {
		groups = append(groups, store.ByOrigin)
	}
	all, err := s.cfg.Store.Tops(ctx, v.query(everyRow), groups...)
	if err != nil {
		return err
	}
	p.Treemap = treemapOf(all[1], v) // before the table is sorted
	if v.filter.Process != nil {
		if err := s.identify(ctx, &p.identity, all[0].Rows); err != nil {
			return err
		}
	}
	p.Who, p.Dirs, p.Files = tableOf(whoName, all[0], v), tableOf("Directories", all[1], v), tableOf("Files", all[2], v)
	p.Who.HasRates, p.Dirs.HasFiles = true, true
	p.choices(all[0].Rows)
	switch {
	case v.filter.PathPrefix != "":
		p.Files = tableOf(entriesName(v.filter.PathPrefix), all[3], v)
	case len(all) > 3:
		origins := tableOf("Origins", all[3], v)
		origins.HasRates = true
		p.Origins = &origins
	}
	return nil
}

func entriesName(prefix string) string {
	if strings.HasSuffix(prefix, "/") {
		return "In this directory"
	}
	return "Beginning with this path"
}

// renderParts renders the named parts of a page.
func (s *Server) renderParts(p *overviewPage, names []string) (map[string]string, error) {
	parts := map[string]string{}
	for _, name := range names {
		var b bytes.Buffer
		if err := s.pages.ExecuteTemplate(&b, "part-"+name, p); err != nil {
			return nil, fmt.Errorf("making the part %s of a page: %w", name, err)
		}
		parts[name] = b.String()
	}
	return parts, nil
}

// render sends a whole page, or an error instead of half of one.
func (s *Server) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "The page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser may be gone
}

// failurePage says what went wrong, and what to do.
type failurePage struct {
	page
	Message string
}

func (s *Server) fail(w http.ResponseWriter, status int, err error) {
	v, _ := parseView(nil, s.cfg.Now())
	p := failurePage{s.newPage("Not possible", "/", v), err.Error()}
	p.Spans = nil
	s.render(w, status, "failure", p)
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, store.ErrUnknown):
		return http.StatusNotFound
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}
