package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"summarizer/esbridge"
	"summarizer/summaries"
)

const (
	ocsfSchema = "../../docs/ocsf.schema.json"
	// fullSchema is all of OCSF's class, where somebody has compiled it beside the checkout.
	fullSchema = "../../../shared/samples/ocsf/file_activity-1.8.0.schema.json"
)

func compile(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	schema, err := c.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func parse(t *testing.T, b []byte) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// validateLines validates every line and returns how many there were.
func validateLines(t *testing.T, schema *jsonschema.Schema, b []byte) (n int) {
	t.Helper()
	for line := range bytes.Lines(b) {
		n++
		if err := schema.Validate(parse(t, line)); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
	}
	return n
}

// everything are summaries with rows of every sort.
func everything(t *testing.T) []*summaries.Summary {
	return []*summaries.Summary{
		hostile(t, 1), hostile(t, 2), hostile(t, 3), hostile(t, 7), scenario(t, "executable-storm", 4, 3000), scenario(t, "deep-paths", 5, 500), extreme(),
	}
}

// extreme is a summary of one row with numbers at the ends of their ranges and no names.
func extreme() *summaries.Summary {
	k := summaries.Kinds{esbridge.Write: 3 * math.MaxInt32}
	row := summaries.Path{
		Path: []byte("/"), PathLen: 1, Directory: true, Events: k.Sum(), Kinds: k, First: math.MaxInt64, Last: math.MinInt64,
		Bytes: math.MaxUint64, HasBytes: true, SizeFirst: math.MaxInt64, HasSize: true, Folded: math.MaxUint64,
	}
	p := summaries.Process{
		PID: math.MinInt32, PPID: math.MaxInt32, EUID: math.MaxUint32, Version: math.MaxUint64, Start: math.MinInt64,
		Events: k.Sum(), Kinds: k, First: math.MaxInt64, Last: math.MinInt64, Paths: []summaries.Path{row},
	}
	g := summaries.Program{Events: k.Sum(), Kinds: k, Processes: []summaries.Process{p}}
	o := summaries.Origin{Events: k.Sum(), Kinds: k, Programs: []summaries.Program{g}}
	s := &summaries.Summary{Events: k.Sum(), Kinds: k, Origins: []summaries.Origin{o}, FirstSeq: 1, Seq: math.MaxUint64}
	s.Window = summaries.Window{Start: -5, End: 0, Hop: 1}
	return s
}

func TestOCSFKeepsItsSchema(t *testing.T) {
	schema := compile(t, ocsfSchema)
	for _, s := range everything(t) {
		b, stats := exported(t, Config{Format: "ocsf"}, s)
		if n := validateLines(t, schema, b); n == 0 || uint64(n) != stats.Records {
			t.Errorf("%d lines, %d told", n, stats.Records)
		}
	}
}

func TestOCSFKeepsTheWholeSchema(t *testing.T) {
	if _, err := os.Stat(fullSchema); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not there: the events are checked against %s alone", fullSchema, ocsfSchema)
	}
	schema := compile(t, fullSchema)
	for _, s := range everything(t) {
		b, _ := exported(t, Config{Format: "ocsf"}, s)
		validateLines(t, schema, b)
	}
}

// A schema that takes anything proves nothing.
func TestOCSFSchemaRefusesBrokenEvents(t *testing.T) {
	schema := compile(t, ocsfSchema)
	b, _ := exported(t, Config{Format: "ocsf"}, scenario(t, "indexer", 1, 100))
	good, _, _ := strings.Cut(string(b), "\n")
	for _, c := range []struct{ from, to string }{
		{`"class_uid":1001`, `"class_uid":1002`},
		{`"activity_id":3`, `"activity_id":2`},
		{`"count":`, `"count":-`},
		{`"count":`, `"count":21474836470`},
		{`"event_code":"write"`, `"event_code":"written"`},
		{`"actor":{"process"`, `"actor":{"processes"`},
		{`"time":`, `"extra":1,"time":`},
		{`"owner":"process"`, `"owner":"nobody"`},
		{`"user":{"uid":"501"}`, `"user":{"uid":501}`},
		{`"file":{"name"`, `"file":{"nom"`},
		{`"product":{"name":"summarizer"}`, `"product":{}`},
	} {
		bad := strings.Replace(good, c.from, c.to, 1)
		if bad == good {
			t.Fatalf("no %s in %s", c.from, good)
		}
		if err := schema.Validate(parse(t, []byte(bad))); err == nil {
			t.Errorf("%s: accepted", c.to)
		}
	}
}

// Counts beyond 32 bits are split, and those no number of lines can hold are refused.
func TestOCSFSplitsCounts(t *testing.T) {
	s := extreme()
	b, stats := exported(t, Config{Format: "ocsf"}, s)
	if stats.Records != 3 || readOCSF(t, b).events != s.Events {
		t.Errorf("%d lines of %d events", stats.Records, readOCSF(t, b).events)
	}
	row := &s.Origins[0].Programs[0].Processes[0].Paths[0]
	row.Kinds[esbridge.Write] = maxParts*math.MaxInt32 + 1
	if _, err := Write(io.Discard, sequence(s), Config{Format: "ocsf"}); !errors.Is(err, ErrCount) {
		t.Errorf("too many: %v", err)
	}
	row.Kinds[esbridge.Write]--
	if _, err := Write(io.Discard, sequence(s), Config{Format: "ocsf"}); err != nil {
		t.Errorf("just not too many: %v", err)
	}
}

// Every line has an identity of its own, the same whenever and however it is exported.
func TestOCSFIdentity(t *testing.T) {
	all := append(everything(t), scenario(t, "indexer", 8, 100), scenario(t, "indexer", 9, 100))
	seen := map[string]bool{}
	whole, _ := exported(t, Config{Format: "ocsf"}, all...)
	for _, e := range lines[ocsfEvent](t, whole) {
		if seen[e.Metadata.UID] {
			t.Fatalf("two lines are %s", e.Metadata.UID)
		}
		seen[e.Metadata.UID] = true
	}
	part, _ := exported(t, Config{Format: "ocsf", Filter: Filter{Kinds: []string{"write"}}}, all[0])
	found := lines[ocsfEvent](t, part)
	for _, e := range found {
		if !seen[e.Metadata.UID] {
			t.Errorf("%s is not among all lines", e.Metadata.UID)
		}
	}
	if len(found) == 0 {
		t.Error("nothing found")
	}
}

// The fields that a reader looks at first, as docs/exports.md maps them.
func TestOCSFMapping(t *testing.T) {
	s := scenario(t, "one-file-flood", 1, 1000)
	b, _ := exported(t, Config{Format: "ocsf"}, s)
	var e ocsfEvent
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	p := e.Actor.Process
	switch {
	case e.Count != 1000 || e.TypeUID != 100103 || e.Metadata.EventCode != "write":
		t.Errorf("count %d, type %d, code %s", e.Count, e.TypeUID, e.Metadata.EventCode)
	case e.File.Path != "/private/tmp/.cache/out" || e.File.ParentFolder != "/private/tmp/.cache" || e.File.Name != "out":
		t.Errorf("file %+v", e.File)
	case p.PID != 4311 || p.File.Path != "/private/tmp/.cache/evil" || p.User.UID != "501" || p.ParentProcess.PID != 1:
		t.Errorf("process %+v", p)
	case e.Time != s.Window.Start/1e6 || e.Time != e.StartTime || e.EndTime-e.StartTime != e.Duration:
		t.Errorf("times %d %d %d %d", e.Time, e.StartTime, e.EndTime, e.Duration)
	case e.Message != "/private/tmp/.cache/evil (pid 4311): write × 1000 on /private/tmp/.cache/out":
		t.Errorf("message %q", e.Message)
	}
}
