package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"summarizer/summaries"
)

const (
	// maxStreams is how many pages may be live at a time.
	maxStreams = 32
	// heartbeat is how often a quiet stream says that it lives.
	heartbeat = 15 * time.Second
)

// hub holds what arrived last and wakes the pages that wait for it.
type hub struct {
	mu       sync.Mutex
	last     *summaries.Summary // the newest of all
	tiles    uint64             // how many arrived: history changes with tiles alone
	findings []timedFinding     // newest first
	since    int64              // the begin of the first summary; 0: there was none
	arrived  chan struct{}      // closed by the next publish
	streams  int
}

func (h *hub) init() { h.arrived = make(chan struct{}) }

func (h *hub) publish(s *summaries.Summary) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = s
	if h.since == 0 || s.Window.Start < h.since {
		h.since = s.Window.Start
	}
	if s.Window.Tile {
		h.tiles++
	}
	for _, f := range s.Findings {
		h.findings = addFinding(h.findings, f, time.Unix(0, s.Window.Start), time.Unix(0, s.Window.End))
	}
	close(h.arrived)
	h.arrived = make(chan struct{})
}

// now is what is known: the newest summary, and what was found since a time.
func (h *hub) now() (last *summaries.Summary, findings []timedFinding, since int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last, slices.Clone(h.findings), h.since
}

// news are how many tiles arrived so far, and a channel that is closed when there is more.
func (h *hub) news() (tiles uint64, more <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tiles, h.arrived
}

// enter counts a stream. It returns false where there are too many.
func (h *hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams >= maxStreams {
		return false
	}
	h.streams++
	return true
}

func (h *hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams--
}

// live streams the parts of an overview that changed, as an event "parts" with a JSON object
// from the names of parts to their HTML (https://html.spec.whatwg.org, server-sent events).
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	v, err := parseView(r.URL.Query(), s.cfg.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !s.hub.enter() {
		http.Error(w, fmt.Sprintf("%d pages are live already: close one", maxStreams), http.StatusServiceUnavailable)
		return
	}
	defer s.hub.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	stream := &stream{server: s, out: http.NewResponseController(w), w: w, view: v, sent: map[string]string{}}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		tiles, more := s.hub.news()
		if stream.update(r.Context(), tiles) != nil {
			return // the browser is gone, or does not read
		}
		select {
		case <-r.Context().Done():
			return
		case <-more:
		case <-stream.later(tiles):
		case <-beat.C:
			stream.stale = true // the range moves on, whether or not something happens
			if stream.write(": alive\n\n") != nil {
				return
			}
		}
	}
}

// stream is one live page.
type stream struct {
	server *Server
	w      http.ResponseWriter
	out    *http.ResponseController
	view   view
	sent   map[string]string // parts as the page has them
	asked  time.Time         // when history was asked last
	took   time.Duration     // how long that took
	tiles  uint64            // that had arrived then
	stale  bool              // ask again although none arrived since
	// trouble is why the history could not be asked the last time.
	trouble string
	about   identity // who the page is about
}

// update sends the parts that differ from what the page has. What goes wrong with the
// history is a part too: the page shows it, and keeps what it had.
func (st *stream) update(ctx context.Context, tiles uint64) error {
	now := st.server.cfg.Now()
	st.view.follow(now)
	p, names := st.server.head(st.view), headParts
	if st.due(now, tiles) {
		st.asked, st.tiles, st.stale = now, tiles, false
		began := time.Now()
		err := st.server.past(ctx, p)
		st.took = time.Since(began)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			st.trouble = err.Error()
		default:
			names = slices.Concat(headParts, pastParts)
			st.trouble, st.about = "", p.identity
		}
	}
	p.Trouble, p.identity = st.trouble, st.about
	parts, err := st.server.renderParts(p, names)
	if err != nil {
		p.Trouble = err.Error()
		if parts, err = st.server.renderParts(p, headParts[:1]); err != nil {
			return err
		}
	}
	return st.send(parts)
}

// leisure is how many times as long as a query of history took nobody asks again: many live
// pages, or a history that is slow, leave the host its time.
const leisure = 10

// due tells whether history is to be asked again.
func (st *stream) due(now time.Time, tiles uint64) bool {
	return st.wants(tiles) && now.Sub(st.asked) >= st.pace()
}

// wants tells whether there is more to ask for than there was.
func (st *stream) wants(tiles uint64) bool { return tiles != st.tiles || st.stale || st.asked.IsZero() }

// pace is how long nobody asks again.
func (st *stream) pace() time.Duration { return max(st.view.every(), leisure*st.took) }

// later is when what came too early is due; never where nothing did.
func (st *stream) later(tiles uint64) <-chan time.Time {
	if !st.wants(tiles) {
		return nil
	}
	return time.After(st.pace() - st.server.cfg.Now().Sub(st.asked))
}

func (st *stream) send(parts map[string]string) error {
	for name, html := range parts {
		if st.sent[name] == html {
			delete(parts, name)
		}
		st.sent[name] = html
	}
	if len(parts) == 0 {
		return nil
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return err
	}
	return st.write("event: parts\ndata: " + string(text) + "\n\n")
}

// write gives the browser until the next heartbeat to take the text: who does not read is
// cut off, and a browser connects again by itself.
func (st *stream) write(text string) error {
	if err := st.out.SetWriteDeadline(time.Now().Add(heartbeat)); err != nil {
		return err
	}
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return st.out.Flush()
}

// every is how often a live page of the view asks history again; a fixed range changes only
// with what comes late.
func (v *view) every() time.Duration {
	for _, s := range spans {
		if s.Name == v.span {
			return s.every
		}
	}
	return time.Minute
}
