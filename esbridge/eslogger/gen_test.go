package eslogger

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A tree of JSON is built of members (an object), raw (written as it is) and arrays of raw.
type (
	member struct {
		name  string
		value any
	}
	members []member
	raw     string
)

func quoted(s string) raw { return raw(`"` + strings.ReplaceAll(s, "/", `\/`) + `"`) }

// lineGen makes lines as eslogger writes them, and spoils them.
type lineGen struct {
	*rand.Rand
	global uint64
}

func newLineGen(seed uint64) *lineGen { return &lineGen{Rand: rand.New(rand.NewPCG(seed, 3))} }

func pick[T any](g *lineGen, of ...T) T { return of[g.IntN(len(of))] }

func num[T int | uint64](n T) raw { return raw(fmt.Sprint(n)) }

var fileKinds = []string{
	"write", "unlink", "truncate", "setextattr", "deleteextattr", "setmode", "setowner", "setflags", "utimes",
	"setattrlist", "setacl", "close", "create", "rename", "link", "clone", "copyfile", "exchangedata",
}

var otherKinds = []string{"exec", "fork", "exit", "open", "mmap", "mount", "of_tomorrow"}

func (g *lineGen) line(name string) members {
	g.global++
	return members{
		{"schema_version", raw("1")},
		{"version", num(9 + g.IntN(3))},
		{"time", quoted(fmt.Sprintf("2026-01-02T03:04:%02d.%09dZ", g.IntN(60), g.IntN(1e9)))},
		{"mach_time", num(g.Uint64())},
		{"event_type", num(kinds[name].number)},
		{"seq_num", num(g.Uint64N(1000))},
		{"global_seq_num", num(g.global)},
		{"action_type", raw("1")},
		{"action", members{{"result", members{{"result_type", raw("0")}, {"result", members{{"auth", num(g.IntN(8) / 7)}}}}}}},
		{"thread", pick[any](g, raw("null"), members{{"thread_id", raw("77")}})},
		{"process", g.process()},
		{"event", members{{name, g.body(name)}}},
	}
}

func (g *lineGen) process() members {
	return members{
		{"audit_token", g.token()},
		{"parent_audit_token", g.token()},
		{"responsible_audit_token", g.token()},
		{"ppid", num(g.IntN(99999))},
		{"original_ppid", raw("1")},
		{"codesigning_flags", num(g.Uint64N(1 << 32))},
		{"is_platform_binary", pick(g, raw("true"), raw("false"))},
		{"is_es_client", raw("false")},
		{"cdhash", pick(g, quoted(fmt.Sprintf("%016X%016X%08X", g.Uint64(), g.Uint64(), g.Uint32())), raw("null"), quoted(""))},
		{"signing_id", pick(g, quoted("com.example.tool"), raw(`""`), raw("null"))},
		{"team_id", pick(g, quoted("ABCDE12345"), raw("null"))},
		{"executable", g.file()},
		{"tty", pick[any](g, raw("null"), g.file())},
		{"start_time", quoted(fmt.Sprintf("2026-01-02T03:04:%02d.%06dZ", g.IntN(60), g.IntN(1e6)))},
	}
}

func (g *lineGen) token() any {
	n := make([]raw, 8)
	for i := range n {
		n[i] = num(g.Uint64N(1 << 31))
	}
	if g.IntN(2) == 0 {
		return n
	}
	names := []string{"auid", "euid", "egid", "ruid", "rgid", "pid", "asid", "pidversion"}
	var o members
	for i, v := range n {
		o = append(o, member{names[i], v})
	}
	return o
}

func (g *lineGen) file() members {
	return members{{"path", g.path()}, {"path_truncated", raw("false")}, {"stat", members{
		{"st_ino", num(g.Uint64())}, {"st_size", num(g.Uint64N(1 << 63))}, {"st_mtimespec", quoted("2026-01-01T00:00:00.000000000Z")},
	}}}
}

func (g *lineGen) path() raw {
	return pick(g, quoted("/"), quoted("/private/tmp/x"), quoted("/Users/u/Library/a b.plist"), quoted("/é/日本/😀"),
		raw(`"\/t\u006d\u0070\/\ud83d\ude00\/\ud83d\/\u0000\n"`), raw(`"\/a\"},{\"pid\":1}"`), quoted("/dir/"))
}

func (g *lineGen) body(name string) any {
	newPath := members{{"dir", g.file()}, {"filename", quoted("f" + strconv.Itoa(g.IntN(99)))}, {"mode", raw("420")}}
	destination := pick(g, members{{"existing_file", g.file()}}, members{{"new_path", newPath}})
	truth := func() raw { return pick(g, raw("true"), raw("false")) }
	switch name {
	case "exit":
		return members{{"stat", raw("9")}}
	case "exec", "fork":
		return members{{"target", g.process()}, {"args", []raw{quoted("/bin/ls"), quoted("-l")}}}
	case "close":
		return members{{"modified", truth()}, {"target", g.file()}, {"was_mapped_writable", truth()}}
	case "create":
		return members{{"destination_type", raw("0")}, {"destination", destination}, {"acl", raw("null")}}
	case "rename":
		return members{{"source", g.file()}, {"destination_type", raw("0")}, {"destination", destination}}
	case "link":
		return members{{"source", g.file()}, {"target_dir", g.file()}, {"target_filename", quoted("l")}}
	case "clone", "copyfile":
		return members{{"source", g.file()}, {"target_dir", g.file()}, {"target_name", quoted("c")}, {"target_file", raw("null")}}
	case "exchangedata":
		return members{{"file1", g.file()}, {"file2", g.file()}}
	case "open":
		return members{{"fflag", raw("1")}, {"file", g.file()}}
	}
	return members{{"target", g.file()}, {"parent_dir", g.file()}, {"mode", raw("420")}}
}

// spoil changes a few members anywhere in the tree: drops, nulls, retypes, doubles them.
func (g *lineGen) spoil(o members) members {
	o = slices.Clone(o)
	i := g.IntN(len(o))
	if inner, ok := o[i].value.(members); ok && len(inner) > 0 && g.IntN(5) > 0 {
		o[i].value = g.spoil(inner)
		return o
	}
	odd := []any{
		raw("null"), raw("true"), raw(`"text"`), raw(`""`), raw("-1"), raw("0"), raw("1.0"), raw("1e3"), raw("-0"), raw("4294967295"),
		raw("4294967296"), raw("2147483648"), raw("9223372036854775808"), raw("18446744073709551615"), raw("18446744073709551616"),
		raw("123456789012345678901234567890"), []raw{"1", "2"}, []raw{"1", "2", "3", "4", "null", "6", "7", "8"}, members{}, raw(`"relative"`),
		raw(`"2026-01-02T03:04:05Z"`), raw(`"2026-13-02T03:04:05Z"`), raw(`"3000-01-02T03:04:05Z"`), raw(`"2026-01-02T03:04:05+01:00"`),
	}
	switch g.IntN(4) {
	case 0:
		return slices.Delete(o, i, i+1)
	case 1:
		o[i].value = pick(g, odd...)
	case 2:
		return append(o, member{o[i].name, pick(g, odd...)})
	case 3:
		if inner, ok := o[i].value.(members); ok && len(inner) > 1 {
			return append(o, member{o[i].name, inner[:1+g.IntN(len(inner)-1)]})
		}
		return append(o, o[i])
	}
	return o
}

// write writes the tree with its members in random order, and white space here and there.
// Members of one name keep their order: it decides.
func (g *lineGen) write(b *strings.Builder, v any) {
	if g.IntN(30) == 0 {
		b.WriteString(pick(g, " ", "\t", "\r"))
	}
	switch v := v.(type) {
	case raw:
		b.WriteString(string(v))
	case []raw:
		b.WriteByte('[')
		for i, e := range v {
			b.WriteString(strings.Repeat(",", min(i, 1)) + string(e))
		}
		b.WriteByte(']')
	case members:
		b.WriteByte('{')
		for i, j := range g.order(v) {
			b.WriteString(strings.Repeat(",", min(i, 1)) + g.name(v[j].name) + ":")
			g.write(b, v[j].value)
		}
		b.WriteByte('}')
	}
}

// order shuffles the members of v, those of one name among themselves excepted.
func (g *lineGen) order(v members) []int {
	p := g.Perm(len(v))
	for i := range p {
		for j := range i {
			if v[p[j]].name == v[p[i]].name && p[j] > p[i] {
				p[j], p[i] = p[i], p[j]
			}
		}
	}
	return p
}

// name quotes the name of a member, sometimes with its first letter escaped.
func (g *lineGen) name(s string) string {
	if s != "" && g.IntN(50) == 0 {
		return fmt.Sprintf(`"\u%04x%s"`, s[0], s[1:])
	}
	return `"` + s + `"`
}

func (g *lineGen) text(o members) string {
	var b strings.Builder
	g.write(&b, o)
	return b.String()
}

// any makes a line of any kind, spoilt up to three times.
func (g *lineGen) any() string {
	name := pick(g, fileKinds...)
	if g.IntN(5) == 0 {
		name = pick(g, otherKinds...)
	}
	o := g.line(name)
	for range max(0, g.IntN(6)-2) {
		if len(o) > 0 {
			o = g.spoil(o)
		}
	}
	return g.text(o)
}
