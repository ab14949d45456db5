// Package dashboard serves the pages on which people look at history: is something wrong,
// who is it, and where.
//
// # Pages
//
//	/         totals and losses, findings, the course of events, programs, files, directories;
//	          with a filter in its URL the same for an origin, a program, a process, a directory
//	/windows  the stored windows; /window?id=N one of them: its frame, its JSON
//	/agent    the agent and the store: lag, losses, mute rules, gaps, sizes
//	/export   the range and filter of a page as a file (package summaries/export)
//	/live     server-sent events: the parts of a page that changed, as HTML
//
// All state of a page is in its URL, so that it can be kept and passed on. Pages are complete
// without a script; the script (static/app.js) makes them live and draws the charts.
//
// # Safety
//
// Every request must come from somebody who may look (Access). No name from the outside is
// ever part of a script or a style: html/template escapes it, and the Content-Security-Policy
// lets nothing run but our own files. Nothing is loaded from another host.
//
// # Bounds
//
// A query of a page lists a fixed number of rows. At most maxStreams pages are live at a
// time, one request for history is answered at a time, and each has a deadline.
package dashboard

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/store"
)

//go:embed templates static
var files embed.FS

// Config is what a Server is made with.
type Config struct {
	Store  *store.Store
	Access Access
	// Facts tells what else is known of the agent and the host, for the page of the agent:
	// called for each request; nil: nothing.
	Facts func() []Fact
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Fact is one line of the agent's page.
type Fact struct {
	Name, Value string
	Bad         bool // worth a look
}

// Server answers the requests of browsers, and tells them what is new.
type Server struct {
	cfg   Config
	pages *template.Template
	hub   hub
	turn  chan struct{} // one query of history at a time
}

// queryTime is how long a page may take to ask the store.
const queryTime = 20 * time.Second

// New makes a Server.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, turn: make(chan struct{}, 1)}
	s.hub.init()
	var err error
	s.pages, err = template.New("").Funcs(functions).ParseFS(files, "templates/*.html")
	return s, err
}

// Publish tells the pages of a summary, tile or refresh, that arrived, and of its findings.
// Any goroutine may call it; it keeps sum, and never waits for a browser.
func (s *Server) Publish(sum *summaries.Summary) { s.hub.publish(sum) }

// Handler is the whole site.
func (s *Server) Handler() http.Handler {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the path is a constant
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", cached(http.FileServerFS(static))))
	mux.HandleFunc("GET /{$}", s.overview)
	mux.HandleFunc("GET /windows", s.windows)
	mux.HandleFunc("GET /window", s.window)
	mux.HandleFunc("GET /window.json", s.windowJSON)
	mux.HandleFunc("GET /agent", s.agent)
	mux.HandleFunc("GET /export", s.export)
	mux.HandleFunc("GET /live", s.live)
	return s.cfg.Access.guard(mux)
}

// cached lets a browser keep a file for as long as the page is open.
func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=600")
		next.ServeHTTP(w, r)
	})
}

// ask waits for its turn and runs a query within its time. Pages are few and a query takes
// milliseconds; a crowd must not keep the store busy.
func (s *Server) ask(ctx context.Context, query func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
		return query(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}
