package export

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// tally is what a reader of an export adds up.
type tally struct {
	records, events uint64
	kinds           summaries.Kinds
	bytes           uint64
	paths           []string // of every record in order, exactly
}

// readers read an export back with what others would use: a parser of the format, nothing of ours.
var readers = map[string]func(t testing.TB, b []byte) tally{
	"json": readNative, "ocsf": readOCSF, "csv": readCSV, "parquet": readParquet,
}

// lines decodes every line into a value of its own.
func lines[T any](t testing.TB, b []byte) (all []T) {
	t.Helper()
	for line := range bytes.Lines(b) {
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, v)
	}
	return all
}

type nativePaths struct {
	Paths []struct {
		Path   string            `json:"path"`
		Base64 []byte            `json:"path_base64"`
		Events uint64            `json:"events"`
		Kinds  map[string]uint64 `json:"kinds"`
		Bytes  uint64            `json:"bytes"`
	} `json:"paths"`
}

type nativeLine struct {
	Events  uint64            `json:"events"`
	Kinds   map[string]uint64 `json:"kinds"`
	Origins []struct {
		Other    nativePaths `json:"other"`
		Programs []struct {
			Other     nativePaths   `json:"other"`
			Processes []nativePaths `json:"processes"`
		} `json:"programs"`
	} `json:"origins"`
}

func readNative(t testing.TB, b []byte) (sum tally) {
	rows := func(p nativePaths) {
		for _, r := range p.Paths {
			sum.bytes += r.Bytes
			sum.paths = append(sum.paths, either(r.Base64, r.Path))
		}
	}
	for _, line := range lines[nativeLine](t, b) {
		sum.records++
		sum.events += line.Events
		for name, n := range line.Kinds {
			k, _ := esbridge.KindByName(name)
			sum.kinds[k] += n
		}
		for _, o := range line.Origins {
			for _, g := range o.Programs {
				for _, p := range g.Processes {
					rows(p)
				}
				rows(g.Other)
			}
			rows(o.Other)
		}
	}
	return sum
}

func either(exact []byte, text string) string {
	if len(exact) > 0 {
		return string(exact)
	}
	return text
}

func readOCSF(t testing.TB, b []byte) (sum tally) {
	for _, e := range lines[ocsfEvent](t, b) {
		k, ok := esbridge.KindByName(e.Metadata.EventCode)
		if !ok {
			t.Fatalf("event code %q", e.Metadata.EventCode)
		}
		sum.records++
		sum.events += e.Count
		sum.kinds[k] += e.Count
		if e.Unmapped.Bytes != nil {
			sum.bytes += *e.Unmapped.Bytes
		}
		sum.paths = append(sum.paths, either(e.Unmapped.PathBase64, e.File.Path))
	}
	return sum
}

func readCSV(t testing.TB, b []byte) (sum tally) {
	all, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range all[0] {
		at[name] = i
	}
	for _, cells := range all[1:] {
		number := func(name string) uint64 {
			n, err := strconv.ParseUint(cells[at[name]], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		sum.records++
		sum.events += number("events")
		for k := range sum.kinds {
			sum.kinds[k] += number(esbridge.Kind(k).String())
		}
		if cells[at["bytes"]] != "" {
			sum.bytes += number("bytes")
		}
		exact, err := base64.StdEncoding.DecodeString(cells[at["path_base64"]])
		if err != nil {
			t.Fatal(err)
		}
		sum.paths = append(sum.paths, either(exact, cells[at["path"]]))
	}
	return sum
}

func readRecords(t testing.TB, b []byte) []record {
	r := parquet.NewGenericReader[record](bytes.NewReader(b))
	rows := make([]record, r.NumRows())
	if n, err := r.Read(rows); n != len(rows) || err != nil && err != io.EOF {
		t.Fatalf("%d of %d rows: %v", n, len(rows), err)
	}
	return rows
}

func readParquet(t testing.TB, b []byte) (sum tally) {
	for _, r := range readRecords(t, b) {
		sum.records++
		sum.events += r.Events
		for k, n := range r.kinds() {
			sum.kinds[k] += *n
		}
		if r.Bytes != nil {
			sum.bytes += *r.Bytes
		}
		exact := []byte(nil)
		if r.PathBase64 != nil {
			exact, _ = base64.StdEncoding.DecodeString(*r.PathBase64)
		}
		sum.paths = append(sum.paths, either(exact, r.Path))
	}
	return sum
}
