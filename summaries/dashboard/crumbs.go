package dashboard

import "summarizer/summaries/store"

// crumbs is the way down to what the page shows: origin, program, process, directories.
func crumbs(p *overviewPage) []link {
	v := p.View
	up := v.with(func(v *view) { v.filter = store.Filter{Machine: v.filter.Machine, Kinds: v.filter.Kinds} })
	all := []link{{"everything", up.href("/"), false}}
	add := func(text string, change func(*view)) {
		up = up.with(change)
		all = append(all, link{text, up.href("/"), false})
	}
	f := v.filter
	if f.Origin != "" {
		add(text([]byte(f.Origin)), func(v *view) { v.filter.Origin = f.Origin })
	} else if p.Program != nil {
		all = append(all, link{text([]byte(p.Program.Origin)), up.with(func(v *view) { v.filter.Origin = p.Program.Origin }).href("/"), false})
	}
	if p.Program != nil {
		add(text(p.Program.Path), func(v *view) { v.filter.Program = f.Program })
	}
	if f.Process != nil {
		add("pid "+decimal(int64(f.Process.PID)), func(v *view) { v.filter.Process = f.Process })
	}
	if f.PathPrefix != "" {
		for _, prefix := range steps(f.PathPrefix) {
			add(text([]byte(prefix)), func(v *view) { v.filter.PathPrefix = prefix })
		}
	}
	all[len(all)-1].Current = true
	return all
}

// steps are the directories on the way to a path, and the path.
func steps(path string) (all []string) {
	for i := 1; i < len(path)-1; i++ {
		if path[i] == '/' {
			all = append(all, path[:i+1])
		}
	}
	return append(all, path)
}

// without are the parts of the filter, each with the page that lacks it alone.
func without(p *overviewPage) (links []link) {
	v, f := p.View, p.View.filter
	add := func(name, value string, change func(*store.Filter)) {
		if value != "" {
			links = append(links, link{Text: name + " " + value, Href: v.with(func(v *view) { change(&v.filter) }).href("/")})
		}
	}
	add("machine", text([]byte(f.Machine)), func(f *store.Filter) { f.Machine = "" })
	add("origin", text([]byte(f.Origin)), func(f *store.Filter) { f.Origin = "" })
	if p.Program != nil {
		add("program", labelOf(p.Program.Path).Tail, func(f *store.Filter) { f.Program, f.Process = "", nil })
	}
	if f.Process != nil {
		add("process", decimal(int64(f.Process.PID)), func(f *store.Filter) { f.Process = nil })
	}
	for _, k := range f.Kinds {
		add("kind", k.String(), func(f *store.Filter) { f.Kinds = nil })
	}
	add("path", text([]byte(f.PathPrefix)), func(f *store.Filter) { f.PathPrefix = "" })
	return links
}

// kindLinks are the kinds to choose from.
func kindLinks(v view) (links []link) {
	for i, name := range kindNames() {
		k := kind(i)
		links = append(links, link{name, v.with(func(v *view) { v.filter.Kinds = []kind{k} }).href("/"), len(v.filter.Kinds) == 1 && v.filter.Kinds[0] == k})
	}
	return links
}
