package dashboard

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries/store"
)

// view is what a URL asks for.
type view struct {
	span     string // of spans; "" where from and to are given
	from, to time.Time
	filter   store.Filter
	sort     string // of sorts
	rows     int    // of rowCounts
	paused   bool
}

// span is a range that ends now.
type span struct {
	Name   string
	length time.Duration
	// every is how often a live page asks history again.
	every time.Duration
}

var spans = []span{
	{"5m", 5 * time.Minute, 0}, {"1h", time.Hour, 0}, {"24h", 24 * time.Hour, time.Minute}, {"7d", 7 * 24 * time.Hour, 10 * time.Minute},
}

// sorts are the columns that tables are sorted by, the default first.
var sorts = []string{"events", "missed", "name", "last"}

// rowCounts is how many rows each table may show, the default first.
var rowCounts = []int{15, 100, 500}

// timeForm is how a URL gives a time, and the form's field for one.
const timeForm = "2006-01-02T15:04:05Z"

// parseView reads a URL. The error says what is wrong with it.
func parseView(q url.Values, now time.Time) (v view, err error) {
	v.sort = sorts[0]
	if s := q.Get("sort"); slices.Contains(sorts, s) {
		v.sort = s
	}
	v.rows = rowCounts[0]
	if n, err := strconv.Atoi(q.Get("rows")); err == nil && slices.Contains(rowCounts, n) {
		v.rows = n
	}
	v.paused = q.Get("pause") == "1"
	if err := v.parseRange(q, now); err != nil {
		return v, err
	}
	return v, v.parseFilter(q)
}

func (v *view) parseRange(q url.Values, now time.Time) (err error) {
	if q.Get("from") == "" && q.Get("to") == "" {
		i := max(slices.IndexFunc(spans, func(s span) bool { return s.Name == q.Get("range") }), 0)
		v.span = spans[i].Name
		v.from, v.to = now.Add(-spans[i].length), now
		return nil
	}
	v.from, v.to = time.Unix(0, 0), now
	for name, t := range map[string]*time.Time{"from": &v.from, "to": &v.to} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		if *t, err = parseTime(text); err != nil {
			return fmt.Errorf("%s: %q is no time: give one such as 2026-01-02T15:04:05Z", name, text)
		}
		*t = clampTime(*t)
	}
	if !v.from.Before(v.to) {
		return fmt.Errorf("from %s is not before to %s: exchange them", v.from.UTC().Format(timeForm), v.to.UTC().Format(timeForm))
	}
	return nil
}

// latest is the last time that a store knows; nanoseconds since 1970 end in 2262.
var latest = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)

// clampTime is the nearest time that a store knows.
func clampTime(t time.Time) time.Time {
	switch {
	case t.Before(time.Unix(0, 0)):
		return time.Unix(0, 0)
	case t.After(latest):
		return latest
	}
	return t
}

// parseTime takes RFC 3339, with or without a fraction, a zone or seconds; without a zone in UTC.
func parseTime(text string) (t time.Time, err error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err = time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return t, err
}

func (v *view) parseFilter(q url.Values) error {
	f := &v.filter
	f.Machine, f.Origin, f.Program, f.PathPrefix = q.Get("machine"), q.Get("origin"), store.ProgramID(q.Get("program")), q.Get("prefix")
	if f.PathPrefix != "" && f.PathPrefix[0] != '/' {
		return fmt.Errorf("prefix: %q is no absolute path: begin it with /", f.PathPrefix)
	}
	for _, name := range q["kind"] {
		if name == "" {
			continue
		}
		i := slices.Index(kindNames(), name)
		if i < 0 {
			return fmt.Errorf("kind: %q is none of %s", name, strings.Join(kindNames(), ", "))
		}
		f.Kinds = append(f.Kinds, esbridge.Kind(i))
	}
	if text := q.Get("process"); text != "" {
		p, err := parseProcess(text)
		if err != nil || f.Program == "" {
			return fmt.Errorf("process: %q is none: follow a link to one", text)
		}
		f.Process = &p
	}
	return nil
}

func kindNames() []string {
	names := make([]string, esbridge.NumKinds)
	for i := range names {
		names[i] = esbridge.Kind(i).String()
	}
	return names
}

// processKey is a process in a URL: pid, version, start and boot.
func processKey(p *store.Process) string {
	return fmt.Sprintf("%d.%d.%d.%s", p.PID, p.Version, p.Start, p.Boot)
}

func parseProcess(text string) (p store.Process, err error) {
	parts := strings.SplitN(text, ".", 4)
	if len(parts) != 4 {
		return p, strconv.ErrSyntax
	}
	pid, err := strconv.ParseInt(parts[0], 10, 32)
	if err != nil {
		return p, err
	}
	if p.Version, err = strconv.ParseUint(parts[1], 10, 64); err != nil {
		return p, err
	}
	if p.Start, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
		return p, err
	}
	p.PID, p.Boot = int32(pid), parts[3]
	return p, nil
}

// values are the parameters of the view.
func (v view) values() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	if v.span != spans[0].Name {
		set("range", v.span)
	}
	if v.span == "" {
		set("from", v.from.UTC().Format(time.RFC3339Nano))
		set("to", v.to.UTC().Format(time.RFC3339Nano))
	}
	set("machine", v.filter.Machine)
	set("origin", v.filter.Origin)
	set("program", string(v.filter.Program))
	set("prefix", v.filter.PathPrefix)
	if v.filter.Process != nil {
		set("process", processKey(v.filter.Process))
	}
	for _, k := range v.filter.Kinds {
		q.Add("kind", k.String())
	}
	if v.sort != sorts[0] {
		set("sort", v.sort)
	}
	if v.rows != rowCounts[0] {
		set("rows", strconv.Itoa(v.rows))
	}
	if v.paused {
		set("pause", "1")
	}
	return q
}

// href is the URL of the view at a path.
func (v view) href(path string) template.URL {
	if q := v.values().Encode(); q != "" {
		path += "?" + q
	}
	return template.URL(path) //nolint:gosec // url.Values.Encode escapes; the path is ours
}

// with is the view after a change.
func (v view) with(change func(*view)) view {
	v.filter.Kinds = slices.Clone(v.filter.Kinds)
	change(&v)
	return v
}

func (v view) query(limit int) store.Query {
	return store.Query{Range: store.Range{From: v.from.UnixNano(), To: v.to.UnixNano()}, Filter: v.filter, Limit: limit}
}

// follow moves a range that ends now.
func (v *view) follow(now time.Time) {
	for _, s := range spans {
		if s.Name == v.span {
			v.from, v.to = now.Add(-s.length), now
		}
	}
}

// What templates read of a view.

// Link is the view's URL at a path.
func (v view) Link(path string) template.URL { return v.href(path) }

// Span is the name of a range that ends now; empty for others.
func (v view) Span() string { return v.span }

// Paused tells whether the page is to stand still.
func (v view) Paused() bool { return v.paused }

// Program is the id of the program that is looked at.
func (v view) Program() string { return string(v.filter.Program) }

// Prefix is how the paths begin that are looked at.
func (v view) Prefix() string { return v.filter.PathPrefix }

// FromText is the beginning of a fixed range, for a form.
func (v view) FromText() string { return v.timeText(v.from) }

// ToText is the end of a fixed range.
func (v view) ToText() string { return v.timeText(v.to) }

func (v view) timeText(t time.Time) string {
	if v.span != "" {
		return ""
	}
	return t.UTC().Format(timeForm)
}

// Hidden are the parameters that the form of range and filter keeps as they are.
func (v view) Hidden() url.Values {
	q := v.values()
	for _, shown := range []string{"from", "to", "prefix", "kind", "pause"} {
		q.Del(shown)
	}
	return q
}
