package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"summarizer/summaries"
	"summarizer/summaries/store"
)

// windowsListed is how many windows the list shows.
const windowsListed = 300

// windowsPage is the list of stored windows.
type windowsPage struct {
	page
	Level   string
	Levels  []link
	Windows []store.WindowInfo
	Earlier template.URL // the page of those before; empty: there are none
}

func (s *Server) windows(w http.ResponseWriter, r *http.Request) {
	v, err := parseView(r.URL.Query(), s.cfg.Now())
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	p := windowsPage{page: s.newPage("Windows", "/windows", v)}
	chosen := store.Raw
	for l := range store.NumLevels {
		level := store.Level(l)
		if r.URL.Query().Get("level") == level.String() {
			chosen = level
		}
	}
	p.Level = chosen.String()
	for l := range store.NumLevels {
		level := store.Level(l)
		q := v.values()
		q.Set("level", level.String())
		p.Levels = append(p.Levels, link{level.String(), template.URL("/windows?" + q.Encode()), level == chosen}) //nolint:gosec // Encode escapes
	}
	err = s.ask(r.Context(), func(ctx context.Context) (err error) {
		p.Windows, err = s.cfg.Store.LatestWindows(ctx, v.query(0).Range, chosen, windowsListed)
		return err
	})
	if err != nil {
		s.fail(w, statusOf(err), err)
		return
	}
	if n := len(p.Windows); n == windowsListed {
		q := v.with(func(v *view) { v.span, v.to = "", time.Unix(0, p.Windows[n-1].Start) }).values()
		q.Set("level", chosen.String())
		p.Earlier = template.URL("/windows?" + q.Encode()) //nolint:gosec // Encode escapes
	}
	s.render(w, http.StatusOK, "windows", p)
}

// windowPage shows one window: what its frame holds, and its JSON.
type windowPage struct {
	page
	ID      int64
	Summary *summaries.Summary
	Header  summaries.Header
	Parts   []framePart
	JSON    string
	Around  template.URL // the overview of its time
}

// framePart is what a part of the summary takes of the frame.
type framePart struct {
	Name  string
	Bytes int
}

// frameOf reads the window that the request names.
func (s *Server) frameOf(r *http.Request) (id int64, frame []byte, sum *summaries.Summary, err error) {
	if id, err = strconv.ParseInt(r.URL.Query().Get("id"), 10, 64); err != nil {
		return 0, nil, nil, fmt.Errorf("%w: id names no window: follow a link from the list", store.ErrUnknown)
	}
	err = s.ask(r.Context(), func(ctx context.Context) (err error) {
		frame, err = s.cfg.Store.Frame(ctx, id)
		return err
	})
	if err != nil {
		return id, nil, nil, err
	}
	sum, err = summaries.DecodeFrame(frame)
	return id, frame, sum, err
}

func (s *Server) window(w http.ResponseWriter, r *http.Request) {
	id, frame, sum, err := s.frameOf(r)
	if err != nil {
		s.fail(w, statusOf(err), err)
		return
	}
	line, header, err := jsonOf(sum, frame)
	if err != nil {
		s.fail(w, http.StatusInternalServerError, err)
		return
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, line, "", " "); err != nil {
		s.fail(w, http.StatusInternalServerError, err)
		return
	}
	v, _ := parseView(nil, s.cfg.Now())
	p := windowPage{page: s.newPage("Window", "/windows", v), ID: id, Summary: sum, Header: header, JSON: pretty.String()}
	p.Spans = nil // it is of its own time
	p.Around = v.with(func(v *view) {
		v.span, v.from, v.to = "", time.Unix(0, sum.Window.Start), time.Unix(0, sum.Window.End)
	}).href("/")
	for _, part := range summaries.FrameParts(sum) {
		p.Parts = append(p.Parts, framePart{part.Name, part.Bytes})
	}
	p.Parts = append(p.Parts, framePart{"free", max(header.FrameSize-summaries.HeaderSize-header.PayloadSize, 0)})
	s.render(w, http.StatusOK, "window", p)
}

func jsonOf(sum *summaries.Summary, frame []byte) (line []byte, h summaries.Header, err error) {
	if h, err = summaries.ParseHeader(frame); err != nil {
		return nil, h, err
	}
	line, err = summaries.AppendJSON(nil, sum, h.FrameSize, h.PayloadSize)
	return line, h, err
}

// windowJSON is the summarizer.summary/1 object of a window.
func (s *Server) windowJSON(w http.ResponseWriter, r *http.Request) {
	id, frame, sum, err := s.frameOf(r)
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	line, _, err := jsonOf(sum, frame)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="window-`+decimal(id)+`.json"`)
	_, _ = w.Write(append(line, '\n')) // the browser may be gone
}

// agentPage is about the agent itself.
type agentPage struct {
	page
	Summary *summaries.Summary // the newest
	Totals  *store.Totals
	Store   *store.Stats
	Levels  []string
	Gaps    []store.Gap
	Facts   []Fact
}

func (s *Server) agent(w http.ResponseWriter, r *http.Request) {
	v, err := parseView(r.URL.Query(), s.cfg.Now())
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	last, _, _ := s.hub.now()
	p := agentPage{page: s.newPage("Agent", "/agent", v), Summary: last}
	for l := range store.NumLevels {
		p.Levels = append(p.Levels, store.Level(l).String())
	}
	err = s.ask(r.Context(), func(ctx context.Context) error {
		stats, err := s.cfg.Store.Stats(ctx)
		if err != nil {
			return err
		}
		p.Store = &stats
		if p.Totals, err = s.cfg.Store.Totals(ctx, v.query(0)); err != nil {
			return err
		}
		p.Gaps, err = s.cfg.Store.Gaps(ctx, v.query(0).Range, tableRows)
		return err
	})
	if err != nil {
		s.fail(w, statusOf(err), err)
		return
	}
	if s.cfg.Facts != nil {
		p.Facts = s.cfg.Facts()
	}
	s.render(w, http.StatusOK, "agent", p)
}
