package dashboard

import (
	"errors"
	"html/template"
	"net/http"
	"time"

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
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	cfg := export.Config{Format: r.URL.Query().Get("format")}
	if cfg.Filter, err = s.exportFilter(r, v.filter); err == nil {
		err = cfg.Validate()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", export.ContentType(cfg.Format))
	w.Header().Set("Content-Disposition", `attachment; filename="summarizer-`+v.from.UTC().Format("20060102T150405Z")+export.Extension(cfg.Format)+`"`)
	if _, err := export.Write(patientWriter{w, http.NewResponseController(w)}, s.cfg.Store.Summaries(r.Context(), v.query(0).Range), cfg); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// exportFilter is the page's filter in the words of an export.
func (s *Server) exportFilter(r *http.Request, f store.Filter) (out export.Filter, err error) {
	out.Origin, out.PathPrefix = f.Origin, f.PathPrefix
	if f.Program != "" {
		p, err := s.cfg.Store.Program(r.Context(), f.Program)
		if err != nil {
			return out, err
		}
		out.Program = string(p.Path)
	}
	if len(f.Kinds) > 0 {
		out.Kind = f.Kinds[0].String()
	}
	return out, nil
}

// patientWriter gives a browser time for each piece of a download, however long the whole
// takes: who does not read is cut off.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w patientWriter) Write(b []byte) (int, error) {
	err := w.control.SetWriteDeadline(time.Now().Add(heartbeat))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}
