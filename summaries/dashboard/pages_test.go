package dashboard

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"summarizer/summaries"
)

// get asks a server without access control for a path.
func get(t testing.TB, s *Server, path string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Host = "127.0.0.1"
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// parse reads a page as a browser does.
func parse(t testing.TB, page string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// walk visits every element.
func walk(n *html.Node, visit func(*html.Node)) {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode {
			visit(c)
		}
	}
}

// textOf is the content of an element, as a reader sees it.
func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Every link of every page leads to a page, down to the files and back.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	s := newServer(t, Access{})
	sum := full(s.cfg.Now(), 1)
	ingest(t, s.cfg.Store, sum)
	s.Publish(sum)
	queue, seen, values := []string{"/?range=24h"}, map[string]bool{}, regexp.MustCompile(`=[^&]*`)
	for levels := map[string]int{}; len(queue) > 0 && len(seen) < 400; queue = queue[1:] {
		path := queue[0]
		status, body := get(t, s, path)
		if status != http.StatusOK {
			t.Fatalf("%s: %d: %s", path, status, body)
		}
		if !strings.HasPrefix(body, "<!doctype html>") {
			continue
		}
		walk(parse(t, body), func(n *html.Node) {
			to := attribute(n, "href")
			if n.Data != "a" || !strings.HasPrefix(to, "/") {
				return
			}
			// A few of each kind are enough.
			shape := values.ReplaceAllString(to, "")
			if !seen[to] && levels[shape] < 3 {
				seen[to] = true
				levels[shape]++
				queue = append(queue, to)
			}
		})
	}
	t.Logf("%d pages", len(seen))
	for _, part := range []string{"origin=", "program=", "process=", "prefix=", "rows=", "sort=", "/window?", "/export?", "/agent"} {
		found := false
		for path := range seen {
			found = found || strings.Contains(path, part)
		}
		if !found {
			t.Errorf("no link with %s", part)
		}
	}
}

// random is a summary with names of any bytes, which may hold what HTML, scripts and URLs
// are made of.
func random(t testing.TB, seed uint64) (sum *summaries.Summary, paths, programs map[string]bool) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"<", ">", "&", "&lt;", "\"", "'", "`", "<script>", "</td>", "</template>", "<!--", "-->", "{{.}}", "\x00", "\xff", "\u202e", "\n", "\r", "=", "javascript:", "a", "b", " ", "\\", "%00", "é", "日本", "\u2028", "]]>", "onerror=x"}
	name := func() string {
		var b strings.Builder
		for range 1 + rng.IntN(12) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		return b.String()
	}
	paths, programs = map[string]bool{}, map[string]bool{}
	sum = tileOf(time.Now().Add(-time.Minute), 1, func(fold func(program, path string, n uint64)) {
		for range 10 {
			program := "/p/" + name()
			programs[text([]byte(program))] = true
			for range 8 {
				path := "/d/" + name()
				paths[text([]byte(path))] = true
				fold(program, path, 1+rng.Uint64N(100))
			}
		}
	})
	sum.Machine.Hostname, sum.Machine.OS = name(), name()
	sum.Muted = append(sum.Muted, summaries.MuteRule{Rule: name(), Events: 1, Counted: true})
	for range 5 {
		sum.Findings = append(sum.Findings, summaries.Finding{Kind: name(), Severity: name(), Program: []byte("/p/" + name()), Text: name()})
	}
	return sum, paths, programs
}

// Whatever bytes a name is made of, a page is HTML of our own elements alone, and the name
// is there as the text that stands for it.
func TestRandomNamesAreText(t *testing.T) {
	for seed := range uint64(10) {
		sum, paths, programs := random(t, seed)
		s := emptyServer(t, Access{})
		ingest(t, s.cfg.Store, sum)
		s.Publish(sum)
		_, plain := get(t, s, "/")
		for _, path := range []string{"/?rows=500", "/agent", "/windows", "/window?id=1"} {
			status, body := get(t, s, path)
			if status != http.StatusOK {
				t.Fatalf("seed %d: %s: %d: %s", seed, path, status, body)
			}
			checkElements(t, path, parse(t, body))
		}
		_, body := get(t, s, "/?rows=500")
		page := parse(t, body)
		found := map[string]bool{}
		walk(page, func(n *html.Node) {
			if strings.Contains(attribute(n, "class"), "label") {
				found[textOf(n)] = true
			}
		})
		for _, names := range []map[string]bool{paths, programs} {
			for name := range names {
				if !found[name] {
					t.Errorf("seed %d: %q is not on the page", seed, name)
				}
			}
		}
		if !strings.Contains(plain, "<table>") {
			t.Error("no table")
		}
	}
}

// checkElements wants elements and attributes that our templates have, and links to our own
// pages.
func checkElements(t *testing.T, path string, page *html.Node) {
	t.Helper()
	ours := strings.Fields(`html head meta title link script body a header h1 h2 h3 nav button span main div p b br small section dl dt dd ul li
		details summary table caption thead tbody tr th td bdi meter time form input label select option pre footer kbd`)
	scripts := 0
	walk(page, func(n *html.Node) {
		if !slices.Contains(ours, n.Data) {
			t.Errorf("%s: element %s: %v", path, n.Data, n.Attr)
		}
		for _, a := range n.Attr {
			local := strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//") || strings.HasPrefix(a.Val, "#")
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || (a.Key == "href" || a.Key == "src" || a.Key == "action") && !local {
				t.Errorf("%s: attribute %s=%q of %s", path, a.Key, a.Val, n.Data)
			}
		}
		if n.Data == "script" {
			scripts++
			if attribute(n, "src") != "/static/app.js" || textOf(n) != "" {
				t.Errorf("%s: script %q of %v", path, textOf(n), n.Attr)
			}
		}
	})
	if scripts > 1 {
		t.Errorf("%s: %d scripts", path, scripts)
	}
}

// A store that fails is told on the page, with what to do, and ends nothing.
func TestStoreErrorsAreShown(t *testing.T) {
	s := newServer(t, Access{})
	s.cfg.Store.Close()
	for _, path := range []string{"/", "/windows", "/window?id=1", "/agent"} {
		status, body := get(t, s, path)
		if status != http.StatusInternalServerError || !strings.Contains(body, "Not possible") {
			t.Errorf("%s: %d: %s", path, status, body)
		}
		checkElements(t, path, parse(t, body))
	}
}

// A wrong URL says what is wrong, and what to give instead.
func TestWrongURLs(t *testing.T) {
	s := newServer(t, Access{})
	for path, want := range map[string]string{
		"/?from=yesterday":                     "2026-01-02T15:04:05Z",
		"/?from=2026-01-02&to=2026-01-01":      "exchange",
		"/?prefix=etc":                         "begin it with /",
		"/?from=9998-01-01&to=9999-01-01":      "exchange",
		"/?from=0001-01-01&to=1600-01-01":      "exchange",
		"/?kind=nonsense":                      "write",
		"/?process=1.2.3.b":                    "follow a link",
		"/?program=00":                         "choose one",
		"/window?id=x":                         "follow a link",
		"/window?id=999999":                    "list the windows again",
		"/?program=" + strings.Repeat("0", 32): "choose one",
	} {
		status, body := get(t, s, path)
		if status < 400 || status >= 500 || !strings.Contains(body, want) {
			t.Errorf("%s: %d, want %q in %s", path, status, want, textOf(parse(t, body)))
		}
	}
	for _, path := range []string{"/?from=1600-01-01", "/?from=0001-01-01&to=9999-01-01", "/export?format=csv&from=1600-01-01", "/windows?from=1600-01-01"} {
		if status, body := get(t, s, path); status != http.StatusOK || !strings.Contains(body, "busy") && !strings.Contains(path, "windows") {
			t.Errorf("%s: %d, and not all of history", path, status)
		}
	}
	if status, _ := get(t, s, "/nowhere"); status != http.StatusNotFound {
		t.Error(status)
	}
}

// Every page keeps the whole state of the URL in its links, and the form keeps what it does
// not ask for.
func TestURLHoldsTheState(t *testing.T) {
	s := newServer(t, Access{})
	_, body := get(t, s, "/?range=24h")
	program := ""
	walk(parse(t, body), func(n *html.Node) {
		if u, err := url.Parse(attribute(n, "href")); err == nil && program == "" {
			program = u.Query().Get("program")
		}
	})
	state := url.Values{
		"from": {"2026-01-01T00:00:00Z"}, "to": {"2099-01-01T00:00:00Z"}, "sort": {"name"}, "rows": {"100"}, "pause": {"1"},
		"origin": {"user:501"}, "program": {program}, "kind": {"write"}, "prefix": {"/"}, "machine": {"m"},
	}
	status, body := get(t, s, "/?"+state.Encode())
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	page := parse(t, body)
	form := url.Values{}
	walk(page, func(n *html.Node) {
		if n.Data == "th" {
			walk(n, func(a *html.Node) {
				u, err := url.Parse(attribute(a, "href"))
				if err != nil {
					t.Fatal(err)
				}
				q := u.Query()
				if q.Has("from") {
					q.Set("sort", "name")
					if q.Encode() != state.Encode() {
						t.Errorf("a column's link is %s, want %s", q.Encode(), state.Encode())
					}
				}
			})
		}
		if name := attribute(n, "name"); n.Data == "input" {
			form.Add(name, attribute(n, "value"))
		} else if n.Data == "option" && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "selected" }) {
			form.Add("kind", textOf(n))
		}
	})
	if form.Encode() != state.Encode() {
		t.Errorf("the form sends %s, want %s", form.Encode(), state.Encode())
	}
}

// The list of windows begins with the newest, and leads to those before until all were seen.
func TestWindowsNewestFirst(t *testing.T) {
	s := emptyServer(t, Access{})
	begin := time.Now().Add(-3 * time.Hour)
	const n = 2*windowsListed + 7
	for i := range uint64(n) {
		ingest(t, s.cfg.Store, tile(begin.Add(time.Duration(i)*10*time.Second), i+1, "/bin/a", 1))
	}
	seen, pages, last := map[string]bool{}, 0, ""
	for path := "/windows?range=24h"; path != ""; pages++ {
		_, body := get(t, s, path)
		path = ""
		walk(parse(t, body), func(n *html.Node) {
			switch to := attribute(n, "href"); {
			case n.Data == "a" && strings.HasPrefix(to, "/window?"):
				if at := textOf(n); last != "" && at >= last {
					t.Fatalf("%s stands below %s", at, last)
				} else {
					last = at
				}
				seen[to] = true
			case n.Data == "a" && textOf(n) == "those before":
				path = to
			}
		})
	}
	if len(seen) != n || pages != 3 {
		t.Errorf("%d windows on %d pages, want %d", len(seen), pages, n)
	}
}

// The agent's memory and spool are told where a summary knows them.
func TestAgentTellsItsMemoryAndSpool(t *testing.T) {
	s := emptyServer(t, Access{})
	sum := tile(time.Now(), 1, "/bin/a", 1)
	s.Publish(sum)
	if _, body := get(t, s, "/agent"); strings.Contains(body, "places taken") {
		t.Error("a spool is told that nobody knows")
	}
	sum.Agent = summaries.Agent{MemoryBytes: 45 << 20, SpoolWaiting: 3, SpoolSlots: 64}
	s.Publish(sum)
	if _, body := get(t, s, "/agent"); !strings.Contains(body, "45.0 MiB resident") || !strings.Contains(body, "3 of 64 places taken") {
		t.Errorf("the agent's memory and spool are missing: %s", body)
	}
}
