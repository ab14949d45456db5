package export

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"testing"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// wanted adds up the rows that a filter asks for, in the plainest way.
func wanted(f Filter, all []*summaries.Summary) (sum tally) {
	for _, s := range all {
		if f.Machine != "" && f.Machine != s.Machine.ID {
			continue
		}
		for _, o := range s.Origins {
			for _, g := range o.Programs {
				named := f.Program == "" || f.Program == string(g.Path) || f.Program == path.Base(string(g.Path))
				for _, p := range g.Processes {
					sum.want(f, named && inOrigin(f, &o), p.Paths)
				}
				sum.want(f, named && inOrigin(f, &o), g.Other.Paths)
			}
			sum.want(f, f.Program == "" && inOrigin(f, &o), o.Other.Paths)
		}
	}
	return sum
}

func inOrigin(f Filter, o *summaries.Origin) bool { return f.Origin == "" || f.Origin == o.Name }

func (a *tally) want(f Filter, asked bool, rows []summaries.Path) {
	for _, r := range rows {
		if !asked || !below(string(r.Path), f.PathPrefix) {
			continue
		}
		for k, n := range r.Kinds {
			if len(f.Kinds) == 0 || slices.Contains(f.Kinds, esbridge.Kind(k).String()) {
				a.events += n
				a.kinds[k] += n
				if n == r.Events { // bytes are known of no kind among others
					a.bytes += r.Bytes
				}
			}
		}
		if len(f.Kinds) == 0 && !slices.Contains(r.Kinds[:], r.Events) {
			a.bytes += r.Bytes
		}
	}
}

// below compares component by component.
func below(p, prefix string) bool {
	want := strings.FieldsFunc(prefix, func(r rune) bool { return r == '/' })
	have := strings.Split(strings.Trim(p, "/"), "/")
	return len(have) >= len(want) && slices.Equal(have[:len(want)], want)
}

// filtersFor are filters that find something in s, and some that do not.
func filtersFor(s *summaries.Summary) []Filter {
	all := []Filter{{}, {Kinds: []string{"write"}}, {Kinds: []string{"rename", "create"}}, {Machine: "nobody"}, {Machine: s.Machine.ID}, {PathPrefix: "/"}, {PathPrefix: "/nowhere"}, {Origin: "nobody"}, {Program: "nothing"}}
	for _, o := range s.Origins[:min(2, len(s.Origins))] {
		all = append(all, Filter{Origin: o.Name})
		for _, g := range o.Programs[:min(1, len(o.Programs))] {
			all = append(all, Filter{Program: string(g.Path)}, Filter{Program: path.Base(string(g.Path)), Origin: o.Name, Kinds: []string{"create"}})
			for _, p := range g.Processes[:min(1, len(g.Processes))] {
				row := string(p.Paths[len(p.Paths)-1].Path)
				first := row[:1+max(strings.IndexByte(row[1:], '/'), 0)]
				all = append(all, Filter{PathPrefix: row}, Filter{PathPrefix: path.Dir(row), Program: string(g.Path)}, Filter{PathPrefix: first})
			}
		}
	}
	return all
}

// exported writes all and returns what was written.
func exported(t testing.TB, cfg Config, all ...*summaries.Summary) ([]byte, Stats) {
	t.Helper()
	var b bytes.Buffer
	stats, err := Write(&b, sequence(all...), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Bytes != uint64(b.Len()) {
		t.Errorf("%d bytes written, %d told", b.Len(), stats.Bytes)
	}
	return b.Bytes(), stats
}

// What a reader of any format adds up, with any filter, is what the matching rows have.
func TestSumsAddUp(t *testing.T) {
	groups := [][]*summaries.Summary{
		{scenario(t, "zipf", 1, 6_000), scenario(t, "distinct-flood+quiet", 2, 6_000)},
		{scenario(t, "executable-storm", 3, 5_000), scenario(t, "attack-mix", 4, 6_000), scenario(t, "quiet-desktop", 5, 2_000)},
	}
	for seed := range uint64(2) {
		groups = append(groups, []*summaries.Summary{hostile(t, seed), hostile(t, seed+100)})
	}
	for i, all := range groups {
		for _, f := range filtersFor(all[0]) {
			want := wanted(f, all)
			if f.empty() && want.events != all[0].Events+all[1].Events+eventsOf(all[2:]) {
				t.Fatalf("group %d: the model has %d events", i, want.events)
			}
			checkSums(t, f, &want, all)
		}
	}
}

func eventsOf(all []*summaries.Summary) (n uint64) {
	for _, s := range all {
		n += s.Events
	}
	return n
}

func checkSums(t *testing.T, f Filter, want *tally, all []*summaries.Summary) {
	t.Helper()
	for _, name := range Formats() {
		b, stats := exported(t, Config{Format: name, Filter: f}, all...)
		got := readers[name](t, b)
		if got.events != want.events || got.kinds != want.kinds || got.bytes != want.bytes {
			t.Fatalf("%s %+v: %d events, %d bytes, want %d, %d", name, f, got.events, got.bytes, want.events, want.bytes)
		}
		if got.records != stats.Records || got.events != stats.Events || got.kinds != stats.Kinds {
			t.Fatalf("%s %+v: read %d records, %d events; told %+v", name, f, got.records, got.events, stats)
		}
	}
}

// What a filter cannot see is at least told: found and unsure together are never less than
// what was done, here known from the scenario.
func TestUnsureBoundsWhatIsMissing(t *testing.T) {
	flood := scenario(t, "distinct-flood+quiet", 1, 50_000)
	for _, c := range []struct {
		filter Filter
		done   uint64
	}{
		{Filter{PathPrefix: "/private/var/folders/x9/4kq2w7rn5zj3v8bdm1tc6ylh0000gn/T/x/drop-00000001.dat"}, 1},
		{Filter{PathPrefix: "/private/var/folders"}, 49_999},
		{Filter{Program: "evil"}, 49_999},
		{Filter{PathPrefix: "/Users"}, 1},
	} {
		_, stats := exported(t, Config{Filter: c.filter}, flood)
		if stats.Events > c.done || stats.Events+stats.Unsure < c.done {
			t.Errorf("%+v: %d found, %d unsure, %d done", c.filter, stats.Events, stats.Unsure, c.done)
		}
	}
	storm := scenario(t, "executable-storm", 1, 5_000)
	_, stats := exported(t, Config{Filter: Filter{Program: "/private/tmp/.cache/stage/00000007/evil"}}, storm)
	if stats.Events+stats.Unsure < 1 {
		t.Errorf("a program that was folded up: %+v", stats)
	}
	_, stats = exported(t, Config{Filter: Filter{PathPrefix: "/Users"}}, scenario(t, "one-file-flood", 1, 1000))
	if stats.Events != 0 || stats.Unsure != 0 || stats.Windows != 0 {
		t.Errorf("nothing to find: %+v", stats)
	}
}

// A name that begins with another is not below it.
func TestPrefixIsOfComponents(t *testing.T) {
	for _, c := range []struct {
		path, prefix string
		directory    bool
		full         int
		want         verdict
	}{
		{"/tmp/x", "/tmp", false, 6, yes},
		{"/tmp/x", "/tmp/", false, 6, yes},
		{"/tmp/x", "/tmp/x", false, 6, yes},
		{"/tmpx", "/tmp", false, 5, no},
		{"/tmp", "/tmp/x", false, 4, no},
		{"/tmp/", "/tmp", true, 5, yes},
		{"/tmp/", "/tmp/x", true, 5, unsure},
		{"/tmp/", "/tmpx", true, 5, no},
		{"/", "/tmp", true, 1, unsure},
		{"/", "/", true, 1, yes},
		{"/a/b/…0011223344556677…/z", "/a/b/c/d", false, 3000, unsure},
		{"/a/b/…0011223344556677…/z", "/a/b", false, 3000, yes},
		{"/a/b/…0011223344556677…/z", "/a/c", false, 3000, no},
		{"/a/b/…/z", "/a/b/c/d", false, len("/a/b/…/z"), no},
	} {
		f := Filter{PathPrefix: c.prefix}
		row := summaries.Path{Path: []byte(c.path), PathLen: c.full, Directory: c.directory}
		if got := f.path(&row); got != c.want {
			t.Errorf("%s under %s: %d, want %d", c.path, c.prefix, got, c.want)
		}
	}
}
