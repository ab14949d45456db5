package summaries

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	schemaFile = "../docs/summary.schema.json"
	manual     = "../docs/summary.md"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	schema, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func jsonOf(t *testing.T, s *Summary) []byte {
	t.Helper()
	b, err := AppendJSON(nil, s, DefaultFrameSize, 1234)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t *testing.T, b []byte) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Every summary keeps the published contract: the least, the fullest, and random ones with
// extreme values.
func TestJSONKeepsItsSchema(t *testing.T) {
	schema := compileSchema(t)
	m := newMaker(t, 7)
	summaries := []*Summary{minimal(), sample()}
	for range 60 {
		summaries = append(summaries, m.summary())
	}
	for i, s := range summaries {
		b := jsonOf(t, s)
		if err := schema.Validate(parse(t, b)); err != nil {
			t.Fatalf("summary %d: %v\n%s", i, err, b)
		}
	}
}

// A schema that takes anything proves nothing.
func TestSchemaRefusesBrokenDocuments(t *testing.T) {
	schema := compileSchema(t)
	good := string(jsonOf(t, sample()))
	for _, c := range []struct{ what, from, to string }{
		{"other contract", `"summarizer.summary/1"`, `"summarizer.summary/2"`},
		{"renamed field", `"ledger":`, `"books":`},
		{"field nobody described", `"seq":7`, `"seq":7,"extra":1`},
		{"field nobody described, in a path", `"scope":"file"`, `"scope":"file","extra":1`},
		{"field nobody described, in an other", `"paths_unlisted_max":4`, `"paths_unlisted_max":4,"extra":1`},
		{"negative count", `"seq":7`, `"seq":-7`},
		{"fraction of an event", `"events":40`, `"events":40.5`},
		{"count beyond 64 bits", `"seq":7`, `"seq":18446744073709551616`},
		{"kind nobody knows", `"write":49`, `"written":49`},
		{"local time", `"2026-01-02T03:04:00Z"`, `"2026-01-02T03:04:00+01:00"`},
		{"day that is not", `"2026-01-02T03:04:00Z"`, `"2026-02-30T03:04:00Z"`},
		{"duration without a unit", `"hop":"10s"`, `"hop":"10"`},
		{"scope nobody knows", `"scope":"directory"`, `"scope":"dir"`},
		{"directory that is a file", `"scope":"directory"`, `"scope":"file"`},
		{"relative path", `"path":"/tmp/x/hot"`, `"path":"tmp/x/hot"`},
		{"elided path of unknown length", `"path_bytes":5000,`, ``},
		{"null for a count", `"missed_max":3`, `"missed_max":null`},
		{"reason nobody knows", `"bad_json":1`, `"bad":1`},
		{"end for no reason", `"closed"`, `"because"`},
		{"program without its others", `"processes":10,`, ``},
		{"base64 that is none", `"path_base64":"`, `"path_base64":"!`},
	} {
		bad := strings.Replace(good, c.from, c.to, 1)
		if bad == good {
			t.Fatalf("%s: the document has no %s", c.what, c.from)
		}
		if err := schema.Validate(parse(t, []byte(bad))); err == nil {
			t.Errorf("%s: accepted", c.what)
		}
	}
}

// Schema, manual and output name the same fields, and the schema describes each.
func TestEveryFieldIsDescribed(t *testing.T) {
	b, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	schema := parse(t, b).(map[string]any)
	described := map[string]bool{}
	properties(schema, schema["$defs"].(map[string]any), described)
	written := map[string]bool{}
	names(parse(t, jsonOf(t, sample())), written)
	for _, name := range slices.Sorted(maps.Keys(described)) {
		if !described[name] {
			t.Errorf("the schema does not describe %s", name)
		}
		if !written[name] && !isCountName(name) {
			t.Errorf("no document has %s", name)
		}
		if !bytes.Contains(text, []byte("`"+name+"`")) {
			t.Errorf("%s does not explain `%s`", manual, name)
		}
	}
}

// properties collects the names of all properties below v, and whether all are described.
func properties(v any, defs map[string]any, described map[string]bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	for key, child := range m {
		fields, ok := child.(map[string]any)
		if key != "properties" || !ok {
			properties(child, defs, described)
			continue
		}
		for name, field := range fields {
			f, ok := field.(map[string]any)
			if !ok || f["const"] != nil && f["description"] == nil || f["pattern"] != nil && f["description"] == nil {
				continue // a condition, not a declaration
			}
			ref, _ := f["$ref"].(string)
			def, _ := defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
			ok = f["description"] != nil || def["description"] != nil
			if before, seen := described[name]; seen {
				ok = ok && before
			}
			described[name] = ok
			properties(f, defs, described)
		}
	}
}

// names collects the names of all fields below v.
func names(v any, seen map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			seen[name] = true
			names(child, seen)
		}
	case []any:
		for _, child := range v {
			names(child, seen)
		}
	}
}

// isCountName tells the names of kinds and reasons, which stand only where not zero.
func isCountName(name string) bool {
	s := &Summary{}
	for i := range s.Kinds {
		s.Kinds[i] = 1
	}
	for i := range s.Ledger.Malformed {
		s.Ledger.Malformed[i] = 1
	}
	kinds, _ := json.Marshal(jsonKinds(s.Kinds))
	reasons, _ := json.Marshal(jsonReasons(s.Ledger.Malformed))
	return strings.Contains(string(kinds)+string(reasons), `"`+name+`"`)
}
