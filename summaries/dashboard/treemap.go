package dashboard

import (
	"encoding/json"
	"html/template"
	"strings"

	"summarizer/summaries/store"
)

// treemapRows is how many directories the map shows at most.
const treemapRows = 60

// treemapPart is the directories as areas, for treemap.js.
type treemapPart struct{ JSON string }

// area is a node of the tree that treemap.js draws: a leaf has a path, others children.
type area struct {
	Name   string `json:"name"`
	Path   string `json:"path,omitempty"`
	Events uint64 `json:"events"`
	// Files is how many different files the events went to at most (store.Row.Files).
	Files    uint64       `json:"files"`
	Href     template.URL `json:"href,omitempty"`
	Children []*area      `json:"children,omitempty"`
}

// treemapOf groups the busiest directories by their first components, so that neighbours on
// disk are neighbours on the map. The table is by falling events.
func treemapOf(directories *store.Table, v view) treemapPart {
	root := &area{Name: "/"}
	groups := map[string]*area{}
	for i := range directories.Rows[:min(len(directories.Rows), treemapRows)] {
		r := &directories.Rows[i]
		name := group(string(r.Path))
		g := groups[name]
		if g == nil {
			g = &area{Name: name}
			groups[name] = g
			root.Children = append(root.Children, g)
		}
		g.Children = append(g.Children, &area{
			Name: text(r.Path), Path: text(r.Path), Events: r.Events, Files: r.Files,
			Href: v.with(func(v *view) { v.filter.PathPrefix = string(r.Path) }).href("/"),
		})
	}
	b, err := json.Marshal(root)
	if err != nil {
		panic(err) // strings and numbers
	}
	return treemapPart{string(b)}
}

// group is the first two components of a path.
func group(path string) string {
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	return "/" + strings.Join(parts[:min(len(parts), 2)], "/")
}
