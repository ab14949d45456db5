package dashboard

import (
	"cmp"
	"html/template"
	"slices"
	"strings"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries/store"
)

type kind = esbridge.Kind

// tablePart is a table of a page.
type tablePart struct {
	Name        string
	Rows        []row
	Sorts       map[string]template.URL // by the column's name
	Sort        string
	Folded      uint64 // events of which nobody knows the row
	Cut         uint64 // events of rows that are not shown
	CutRows     int
	More        template.URL // the same page with more rows; empty: there are none, or too many
	UnlistedMax uint64
	Most        uint64 // of a row, for the bars
	Seconds     float64
	HasRates    bool // rows tell their rate
	HasFiles    bool // rows stand for so many files at most
}

// Columns is how many columns stand beside that of the events.
func (t tablePart) Columns() int {
	n := 3
	if t.HasRates {
		n++
	}
	if t.HasFiles {
		n++
	}
	return n
}

// row is one line of a table.
type row struct {
	Key            string
	Name           label
	Href           template.URL
	Sub            string // what else tells it apart
	Events, Missed uint64
	Files          uint64 // at most
	Kinds          string
	Last           time.Time
}

// tableOf makes the lines of a store's table, as many as a page shows.
func tableOf(name string, t *store.Table, v view) tablePart {
	p := tablePart{
		Name: name, Sort: v.sort, Sorts: map[string]template.URL{}, Folded: t.Folded, Cut: t.Cut, CutRows: t.CutRows, UnlistedMax: t.UnlistedMax,
		Seconds: max(float64(t.To-t.From)/1e9, 1),
	}
	for _, s := range sorts {
		p.Sorts[s] = v.with(func(v *view) { v.sort = s }).href("/")
	}
	slices.SortStableFunc(t.Rows, comparing(v.sort))
	for i := range t.Rows {
		r := &t.Rows[i]
		p.Most = max(p.Most, r.Events)
		if i < v.rows {
			p.Rows = append(p.Rows, rowOf(r, v))
			continue
		}
		p.Cut += r.Events
		p.CutRows++
	}
	if i := slices.Index(rowCounts, v.rows); p.CutRows > 0 && i+1 < len(rowCounts) {
		p.More = v.with(func(v *view) { v.rows = rowCounts[i+1] }).href("/")
	}
	return p
}

// comparing orders by a column.
func comparing(column string) func(a, b store.Row) int {
	return func(a, b store.Row) int {
		switch column {
		case "missed":
			return cmp.Compare(b.Missed, a.Missed)
		case "name":
			return strings.Compare(nameOf(&a), nameOf(&b))
		case "last":
			return cmp.Compare(b.Last, a.Last)
		}
		return cmp.Compare(b.Events, a.Events)
	}
}

// nameOf is what a row is called, as it is.
func nameOf(r *store.Row) string {
	switch {
	case r.Process != nil:
		return "pid " + decimal(int64(r.Process.PID))
	case r.Path != nil:
		return string(r.Path)
	case r.Program != nil:
		return string(r.Program.Path)
	}
	return r.Origin
}

// rowOf links a row one step down.
func rowOf(r *store.Row, v view) row {
	out := row{Name: labelOf([]byte(nameOf(r))), Events: r.Events, Missed: r.Missed, Files: r.Files, Kinds: kindsText(&r.Kinds)}
	if r.Last > 0 {
		out.Last = time.Unix(0, r.Last).UTC()
	}
	var down func(*view)
	switch {
	case r.Process != nil:
		out.Key, out.Sub = processKey(&r.Process.Process), processText(r.Process)
		down = func(v *view) { v.filter.Process = &r.Process.Process }
	case r.Path != nil:
		out.Key = string(r.Path)
		down = func(v *view) { v.filter.PathPrefix = string(r.Path) }
	case r.Program != nil:
		out.Key, out.Sub = string(r.Program.ID), text([]byte(r.Origin))
		down = func(v *view) { v.filter.Program = r.Program.ID }
	default:
		out.Key = "origin " + r.Origin
		down = func(v *view) { v.filter.Origin = r.Origin }
	}
	out.Href = v.with(down).href("/")
	return out
}

func processText(p *store.ProcessInfo) string {
	words := []string{"user " + decimal(int64(p.EUID))}
	if p.Start > 0 {
		words = append(words, "since "+time.Unix(0, p.Start).UTC().Format("2006-01-02 15:04:05"))
	}
	if p.Container != "" {
		words = append(words, "in "+text([]byte(p.Container)))
	}
	return strings.Join(words, " · ")
}
