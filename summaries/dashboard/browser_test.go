package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
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

func TestPagesAreAccessible(t *testing.T) {
	s := browse(t, newServer(t, Access{Token: testToken}))
	windows, err := s.server.cfg.Store.Windows(t.Context(), everything().Range, 0, 1)
	if err != nil || len(windows) == 0 {
		t.Fatal(err, len(windows))
	}
	for _, dark := range []bool{false, true} {
		for _, width := range []int64{1400, 390} {
			s.media(dark, width)
			for _, path := range []string{"/?range=24h", "/windows?range=24h", fmt.Sprintf("/window?id=%d", windows[0].ID), "/agent?range=24h", "/?program=0000"} {
				s.open(path)
				s.accessible(fmt.Sprintf("%s, dark %v, %d wide", path, dark, width))
				if wide := eval[float64](s, "document.documentElement.scrollWidth"); wide > float64(width) {
					t.Errorf("%s is %v wide on a screen of %d", path, wide, width)
				}
			}
		}
	}
}

// TestHostileNamesAreText looks whether any name got through as more than text.
func TestHostileNamesAreText(t *testing.T) {
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.open("/?range=24h&rows=100")
	for _, name := range hostileNames {
		shown := text([]byte(name))
		if !eval[bool](s, "[...document.querySelectorAll('td.name .label')].some(l => l.textContent === "+quoted(shown)+")") {
			t.Errorf("%q is not shown as %q", name, shown)
		}
	}
	if eval[bool](s, "window.hacked === true || document.querySelector('img,iframe,object') !== null || document.querySelectorAll('script').length !== 1") {
		t.Error("a name became an element, or ran")
	}
	s.quiet()
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestLiveAndPause(t *testing.T) {
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.open("/")
	s.await(`document.getElementById("status").textContent === "live"`)
	show := func(events uint64) {
		sum := tile(time.Now().Add(-time.Second), 999_999, "/usr/bin/live", events)
		s.server.Publish(sum)
	}
	const rate = `document.querySelector('[data-part="now"] dd')?.textContent.trim().split("\n")[0]`
	show(12_345)
	s.await(rate + ` === "12,345write" || ` + rate + `?.startsWith("12,345")`)
	s.do(chromedp.Click("#pause"))
	s.await(`document.getElementById("status").textContent === "paused" && location.search.includes("pause=1")`)
	before := eval[string](s, `document.getElementById("main").innerHTML`)
	show(777)
	after, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](
		`new Promise(r => setTimeout(() => r(document.getElementById("main").innerHTML), 300))`, chromedp.EvalAwaitPromise))
	if err != nil || after != before {
		t.Error("a paused page moved")
	}
	s.do(chromedp.Click("#pause"))
	s.await(rate + `?.startsWith("777")`)
	s.quiet()
}

func TestDrillDown(t *testing.T) {
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.open("/?range=24h")
	s.do(chromedp.Click(`[data-part="who"] tbody tr:first-child a`))
	s.await(`new URL(location).searchParams.has("program") && document.querySelector("dl.identity")?.innerText.includes("Origin")`)
	s.do(chromedp.Click(`[data-part="who"] tbody tr:first-child a`))
	s.await(`new URL(location).searchParams.has("process") && document.querySelector("section").innerText.includes("pid ")`)
	s.do(chromedp.Click(`[data-part="directories"] tbody tr:first-child a`))
	s.await(`new URL(location).searchParams.get("prefix")?.startsWith("/")`)
	s.do(chromedp.Click(`.crumbs a`))
	s.await(`!new URL(location).searchParams.has("program") && !new URL(location).searchParams.has("prefix")`)
	s.quiet()
}

// TestBrush drags over the chart.
func TestBrush(t *testing.T) {
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.media(false, 1400)
	s.open("/?range=24h&pause=1")
	s.await(`document.querySelector("#chart .u-over") !== null`)
	box := eval[map[string]float64](s, `(() => { const r = document.querySelector("#chart .u-over").getBoundingClientRect(); return {x: r.x, y: r.y, w: r.width, h: r.height}; })()`)
	y := box["y"] + box["h"]/2
	s.do(chromedp.DragAndDropXY(box["x"]+box["w"]*0.3, y, box["x"]+box["w"]*0.6, y, 10))
	s.await(`new URL(location).searchParams.has("from") && new URL(location).searchParams.has("to")`)
	s.quiet()
}

func TestTreemapLinks(t *testing.T) {
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.media(false, 1400)
	s.open("/?range=24h&pause=1")
	eval[any](s, `document.getElementById("treemap").scrollIntoView()`)
	s.await(`document.querySelectorAll("#treemap a").length > 3`)
	if eval[bool](s, `[...document.querySelectorAll("#treemap a")].some(a => !a.getAttribute("aria-label").match(/: [\d,]+ events, (more than )?[\d,]+ files$/))`) {
		t.Error("a tile does not say what it stands for")
	}
	s.quiet()
}

// TestPageTimes prints what a browser needs for the first paint, and for a live update with
// the summary of a full frame.
func TestPageTimes(t *testing.T) {
	if !testing.Verbose() {
		t.Skip("prints times; run it with -v")
	}
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.media(false, 1400)
	s.open("/")
	s.await(`document.getElementById("status").textContent === "live"`)
	fcp := eval[float64](s, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
	for i := range 20 {
		s.server.Publish(full(time.Now().Add(time.Duration(i)*10*time.Second), i))
		s.await(fmt.Sprintf(`Number(document.body.dataset.updates) >= %d`, i+1))
	}
	t.Logf("first contentful paint %.0f ms, longest live update %.1f ms of the main thread", fcp, eval[float64](s, `Number(document.body.dataset.updateMs)`))
}
