package dashboard

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

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

// down goes one step down by the first link of a part: by mouse, or by keyboard alone.
func (s *site) down(part string, byKey bool) {
	s.t.Helper()
	first := `[data-part="` + part + `"] tbody tr:first-child td.name a`
	s.await(`document.querySelector('` + first + `') !== null`)
	eval[any](s, `(window.before = true, null)`)
	if byKey {
		// As far as Tab goes: from the region of the table to its first name.
		s.do(chromedp.Focus(`[data-part="` + part + `"] .scroll`))
		for range 12 {
			s.do(chromedp.KeyEvent("\t"))
			if eval[bool](s, `document.activeElement === document.querySelector('`+first+`')`) {
				break
			}
		}
		s.do(chromedp.KeyEvent("\r"))
	} else {
		s.do(chromedp.Click(first))
	}
	s.await(`window.before !== true && document.readyState === "complete"`)
}

// Origin, program, process, directory, file: each is a step by mouse and by keyboard, and has
// its own course, its identity and the way back.
func TestDrillDown(t *testing.T) {
	for _, byKey := range []bool{false, true} {
		s := browse(t, newServer(t, Access{Token: testToken}))
		s.media(false, 1400)
		s.open("/?range=24h")
		has := func(parameter string) {
			t.Helper()
			s.await(`new URL(location).searchParams.has("` + parameter + `") && document.querySelector("#chart canvas") !== null`)
		}
		s.down("origins", byKey)
		has("origin")
		s.down("who", byKey)
		has("program")
		s.await(`document.querySelector("dl.identity").innerText.includes("com.example")`)
		s.down("who", byKey)
		has("process")
		s.await(`document.querySelector("section.identity").innerText.includes("pid 1") && document.querySelector("section.identity").innerText.includes("501")`)
		s.down("directories", byKey)
		s.await(`new URL(location).searchParams.get("prefix")?.endsWith("/")`)
		s.down("files", byKey)
		s.await(`new URL(location).searchParams.get("prefix")?.match(/[^/]$/) !== null`)
		for _, part := range []string{"origin", "program", "process", "prefix"} {
			has(part)
		}
		s.accessible("a file")
		s.do(chromedp.Click(`.crumbs a`))
		s.await(`!new URL(location).searchParams.has("program") && !new URL(location).searchParams.has("prefix")`)
		s.quiet()
	}
}

// What is paused stays so on the way, by links and by the form.
func TestPauseStays(t *testing.T) {
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.media(false, 1400)
	s.open("/?range=24h")
	s.await(`document.getElementById("status").textContent === "live"`)
	s.do(chromedp.KeyEvent("p"))
	s.await(`document.getElementById("status").textContent === "paused"`)
	s.down("who", false)
	s.await(`new URL(location).searchParams.get("pause") === "1" && document.getElementById("status").textContent === "paused"`)
	s.do(chromedp.KeyEvent("/"))
	s.await(`document.activeElement.name === "prefix"`)
	eval[any](s, `document.activeElement.value = ""`) // chromedp types the key as well
	s.do(chromedp.KeyEvent("/p"), chromedp.KeyEvent("\r"))
	s.await(`new URL(location).searchParams.get("prefix") === "/p" && new URL(location).searchParams.get("pause") === "1" && new URL(location).searchParams.has("program")`)
	s.do(chromedp.Click("#pause"))
	s.await(`document.getElementById("status").textContent === "live" && !location.search.includes("pause")`)
	if eval[bool](s, `[...document.querySelectorAll('a[href*="pause"]')].length > 0 || !document.querySelector('input[name="pause"]').disabled`) {
		t.Error("a link or the form still says pause")
	}
	s.quiet()
}

// A store that fails while a page is open: the page says so, and goes on with what it has.
func TestTroubleShowsOnThePage(t *testing.T) {
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.open("/")
	s.await(`document.getElementById("status").textContent === "live" && Number(document.body.dataset.updates) > 0`)
	s.server.cfg.Store.Close()
	s.server.Publish(tile(time.Now(), 1, "/bin/a", 3))
	s.await(`document.querySelector('[data-part="trouble"]').innerText.includes("cannot be shown") && document.querySelectorAll('[data-part="who"] tbody tr').length > 1`)
	s.accessible("a page in trouble")
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
	if eval[bool](s, `[...document.querySelectorAll("#treemap a")].some(a => !a.getAttribute("aria-label").match(/: [\d,]+ events, at most [\d,]+ files$/))`) {
		t.Error("a tile does not say what it stands for")
	}
	s.quiet()
}

// TestPageTimes prints what a browser needs for the first paint, and for a live update with
// a full frame a second, which changes every table, the chart and the map.
func TestPageTimes(t *testing.T) {
	if !testing.Verbose() {
		t.Skip("prints times; run it with -v")
	}
	s := browse(t, newServer(t, Access{Token: testToken}))
	s.media(false, 1400)
	var paints []float64
	for range 5 {
		s.open("/")
		s.await(`document.getElementById("status").textContent === "live" && performance.getEntriesByName("first-contentful-paint").length > 0`)
		paints = append(paints, eval[float64](s, `performance.getEntriesByName("first-contentful-paint")[0].startTime`))
	}
	s.await(`document.querySelector("#chart canvas") !== null`)
	eval[any](s, `document.getElementById("treemap").scrollIntoView()`)
	s.await(`document.querySelector("#treemap a") !== null`)
	eval[any](s, `(window.times = [], document.addEventListener("updated", e => times.push(e.detail)), null)`)
	for i := range 20 {
		time.Sleep(time.Second) // the pace that is promised for
		sum := full(time.Now().Add(time.Duration(i-30)*10*time.Second), i)
		sum.FirstSeq, sum.Seq = uint64(1000+i), uint64(1000+i)
		ingest(t, s.server.cfg.Store, sum)
		before := eval[int](s, `Number(document.body.dataset.updates)`)
		s.server.Publish(sum)
		s.await(fmt.Sprintf(`Number(document.body.dataset.updates) > %d`, before))
	}
	times := eval[[]float64](s, `times`)
	slices.Sort(paints)
	slices.Sort(times)
	t.Logf("first contentful paint %.0f to %.0f ms, median %.0f", paints[0], paints[4], paints[2])
	t.Logf("main thread per frame of a live update: median %.1f ms, 9 of 10 below %.1f, longest %.1f; %d frames for 20 updates",
		times[len(times)/2], times[len(times)*9/10], times[len(times)-1], len(times))
}
