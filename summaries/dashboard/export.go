package dashboard

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/export"
	"summarizer/summaries/store"
)

// exportLinks are the formats in which the range and filter of a page can be had.
func exportLinks(v view) (links []link) {
	for _, format := range export.Formats() {
		q := v.values()
		for _, shown := range []string{"pause", "sort", "rows"} {
			q.Del(shown)
		}
		q.Set("format", format)
		links = append(links, link{Text: format, Href: template.URL("/export?" + q.Encode())}) //nolint:gosec // Encode escapes
	}
	return links
}

// export streams the windows of a range as a file. What goes wrong before the first byte is
// an answer of its own; later the connection breaks, so that nobody takes a part for the whole.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	v, err := parseView(r.URL.Query(), s.cfg.Now())
	cfg := export.Config{Format: r.URL.Query().Get("format"), Filter: exportFilter(v.filter)}
	if err == nil {
		err = cfg.Validate()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	file := &download{w: w, control: http.NewResponseController(w), head: map[string]string{
		"Content-Type":        export.ContentType(cfg.Format),
		"Content-Disposition": `attachment; filename="summarizer-` + v.from.UTC().Format("20060102T150405Z") + export.Extension(cfg.Format) + `"`,
	}}
	_, err = export.Write(file, s.cfg.Store.Summaries(r.Context(), v.query(0).Range), cfg)
	switch {
	case err == nil:
		file.begin() // of nothing, too
	case !file.begun:
		http.Error(w, err.Error(), statusOf(err))
	default:
		panic(http.ErrAbortHandler)
	}
}

// exportFilter is the filter of a page in the words of an export: the sums are the same.
func exportFilter(f store.Filter) export.Filter {
	out := export.Filter{Machine: f.Machine, Origin: f.Origin, PathBegins: f.PathPrefix}
	for _, k := range f.Kinds {
		out.Kinds = append(out.Kinds, k.String())
	}
	if f.Program != "" {
		out.IsProgram = func(origin string, p *summaries.Program) bool { return store.ProgramOf(origin, p) == f.Program }
	}
	if f.Process != nil {
		out.IsProcess = func(m *summaries.Machine, p *summaries.Process) bool { return store.ProcessOf(m, p) == *f.Process }
	}
	return out
}

// download gives a browser time for each piece of a file, however long the whole takes: who
// does not read is cut off. The head of the answer waits for the first piece.
type download struct {
	w       http.ResponseWriter
	control *http.ResponseController
	head    map[string]string
	begun   bool
}

func (d *download) begin() {
	if d.begun {
		return
	}
	d.begun = true
	for name, value := range d.head {
		d.w.Header().Set(name, value)
	}
}

func (d *download) Write(b []byte) (int, error) {
	d.begin()
	err := d.control.SetWriteDeadline(time.Now().Add(heartbeat))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return d.w.Write(b)
}
