package dashboard

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// site is a dashboard with a browser that looks at it.
type site struct {
	t      *testing.T
	ctx    context.Context
	server *Server
	base   string

	mu      sync.Mutex
	console []string // what the page complained of
	foreign []string // requests to other hosts
}

const testToken = "let-me-in-let-me-in-1"

// browse serves a dashboard and starts a browser without a page yet.
func browse(t *testing.T, server *Server) *site {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium here: apt-get install chromium")
	}
	s := &site{t: t, server: server}
	h := httptest.NewServer(s.server.Handler())
	t.Cleanup(func() { h.CloseClientConnections(); h.Close() })
	s.base = h.URL
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	s.ctx = ctx
	s.do(chromedp.Navigate("about:blank"))
	s.listen()
	return s
}

// do runs an action that returns nothing.
func (s *site) do(actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, actions...); err != nil {
		s.t.Fatal(err)
	}
}

// listen collects complaints and requests to other hosts.
func (s *site) listen() {
	requests, messages := chromedp.Events(s.ctx, network.RequestWillBeSent), chromedp.Console(s.ctx)
	go func() {
		for e, err := range requests {
			if err != nil {
				return
			}
			if u := e.Request.URL; !strings.HasPrefix(u, s.base) && !strings.HasPrefix(u, "data:") {
				s.mu.Lock()
				s.foreign = append(s.foreign, u)
				s.mu.Unlock()
			}
		}
	}()
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			s.mu.Lock()
			s.console = append(s.console, m.String())
			s.mu.Unlock()
		}
	}()
}

// open goes to a path, with the token.
func (s *site) open(path string) {
	s.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	s.do(chromedp.Navigate(s.base + path + sep + "token=" + testToken))
}

// eval evaluates a JavaScript expression of the page.
func eval[T any](s *site, expression string) T {
	s.t.Helper()
	v, err := chromedp.Run(s.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await waits until an expression is true.
func (s *site) await(expression string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		// While the page is left for another one there is nothing to ask.
		ok, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %s at %s: %v", expression, eval[string](s, "location.href"), err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// quiet wants no complaint and no request to another host so far.
func (s *site) quiet() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.console)+len(s.foreign) > 0 {
		s.t.Errorf("console %q, requests to others %q", s.console, s.foreign)
	}
}

// accessible runs axe-core over the page.
func (s *site) accessible(what string) {
	s.t.Helper()
	axe, err := os.ReadFile("testdata/axe-4.14.1.min.js")
	if err != nil {
		s.t.Fatal(err)
	}
	eval[any](s, string(axe)+"; true")
	violations, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](
		`axe.run(document).then(r => JSON.stringify(r.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html).slice(0, 3)])))`, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatal(err)
	}
	if violations != "[]" {
		s.t.Errorf("%s: axe-core: %s", what, violations)
	}
}

func (s *site) media(dark bool, width int64) {
	s.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	s.do(chromedp.EmulateViewport(width, 900))
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if _, err := chromedp.Call(s.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		s.t.Fatal(err)
	}
}
