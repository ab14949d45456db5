package dashboard

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// The head of a page says who writes most, how much of all, and where; each leads there.
func TestHeadSaysWhoWritesWhere(t *testing.T) {
	s := emptyServer(t, Access{})
	sum := tileOf(time.Now().Add(-20*time.Second), 1, func(fold func(program, path string, n uint64)) {
		fold("/bin/busy", "/data/x/one", 400)
		fold("/bin/busy", "/data/x/two", 200)
		fold("/bin/busy", "/etc/hosts", 10)
		fold("/bin/wide", "/a/f", 100)
		fold("/bin/wide", "/b/f", 100)
		fold("/bin/some", "/c/f", 189)
		fold("/bin/few", "/d/f", 1)
	})
	ingest(t, s.cfg.Store, sum)
	s.Publish(sum)
	_, body := get(t, s, "/")
	var lines []string
	var links []string
	walk(parse(t, body), func(n *html.Node) {
		if attribute(n, "class") != "writers" {
			return
		}
		walk(n, func(n *html.Node) {
			switch n.Data {
			case "li":
				lines = append(lines, strings.Join(strings.Fields(textOf(n)), " "))
			case "a":
				links = append(links, attribute(n, "href"))
			}
		})
	})
	want := []string{"/bin/busy 61 % mostly in /data/x/", "/bin/wide 20 % in many places, or folded up", "/bin/some 19 % mostly in /c/"}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q, want %q", lines, want)
	}
	if len(links) != 5 {
		t.Fatal(links)
	}
	if status, page := get(t, s, links[1]); status != http.StatusOK || !strings.Contains(page, "600") {
		t.Errorf("%s: %d", links[1], status)
	}
	if q, err := url.Parse(links[1]); err != nil || q.Query().Get("prefix") != "/data/x/" || q.Query().Get("program") == "" {
		t.Errorf("%s", links[1])
	}
}

// A bound in few digits is still one.
func TestShortBoundsAreBounds(t *testing.T) {
	for in, want := range map[uint64]string{
		0: "", 7: "+7", 9_999: "+9,999", 10_000: "+10.0k", 10_001: "+10.1k", 99_999: "+100.0k", 123_456: "+124k", 999_999: "+1000k",
		8_250_948: "+8.26M", 1_000_000_000: "+1.00G", math.MaxUint64: "+18.5E",
	} {
		if got := missedShort(in); got != want {
			t.Errorf("%d: %s, want %s", in, got, want)
		}
	}
	scale := map[byte]float64{'k': 1e3, 'M': 1e6, 'G': 1e9, 'T': 1e12, 'P': 1e15, 'E': 1e18}
	for n := uint64(10_000); n < math.MaxUint64/3; n = n*2 + n/7 + 1 {
		s := missedShort(n)
		f, err := strconv.ParseFloat(s[1:len(s)-1], 64)
		if err != nil || f*scale[s[len(s)-1]] < float64(n)*(1-1e-12) {
			t.Errorf("%d is %s", n, s)
		}
	}
}

// The form offers origins and programs where none is chosen, and leads to them.
func TestFormFiltersByOriginAndProgram(t *testing.T) {
	s := newServer(t, Access{})
	options := func(path string) map[string][]string {
		found := map[string][]string{}
		_, body := get(t, s, path)
		walk(parse(t, body), func(n *html.Node) {
			if n.Data == "select" {
				walk(n, func(o *html.Node) {
					found[attribute(n, "name")] = append(found[attribute(n, "name")], attribute(o, "value"))
				})
			}
		})
		return found
	}
	all := options("/?range=24h")
	if len(all["program"]) != 4 || len(all["origin"]) != 2 || all["origin"][1] != "user:501" {
		t.Fatalf("%q", all)
	}
	chosen := options("/?range=24h&origin=&kind=&prefix=&from=&to=&program=" + all["program"][1])
	if len(chosen["program"]) != 0 || len(chosen["origin"]) != 0 || len(chosen["kind"]) == 0 {
		t.Errorf("with a program: %q", chosen)
	}
	if in := options("/?range=24h&origin=user:501"); len(in["origin"]) != 0 || len(in["program"]) != 4 {
		t.Errorf("with an origin: %q", in)
	}
}
