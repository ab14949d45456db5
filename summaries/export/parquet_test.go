package export

import (
	"bytes"
	"io"
	"iter"
	"reflect"
	"runtime"
	"testing"

	"github.com/parquet-go/parquet-go"

	"summarizer/summaries"
)

// What is read back is what was written, to the microsecond.
func TestParquetRoundTrip(t *testing.T) {
	all := everything(t)
	b, stats := exported(t, Config{Format: "parquet"}, all...)
	got := readRecords(t, b)
	if uint64(len(got)) != stats.Records {
		t.Fatalf("%d rows, %d told", len(got), stats.Records)
	}
	i := 0
	for _, s := range all {
		eachRow(s, func(r *row) error {
			want := newRecord(r)
			want.toMicroseconds()
			if !reflect.DeepEqual(got[i], want) {
				t.Errorf("row %d: %+v, want %+v", i, got[i], want)
			}
			i++
			return nil
		})
	}
}

// The columns of Parquet have the types that others need, and those of CSV their names.
func TestParquetColumns(t *testing.T) {
	b, _ := exported(t, Config{Format: "parquet"}, scenario(t, "indexer", 1, 100))
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	fields := f.Schema().Fields()
	if len(fields) != len(columns) {
		t.Fatalf("%d columns, CSV has %d", len(fields), len(columns))
	}
	types := map[string]string{}
	for i, field := range fields {
		if field.Name() != columns[i].name {
			t.Errorf("column %d is %s, that of CSV %s", i, field.Name(), columns[i].name)
		}
		types[field.Name()] = field.Type().String()
	}
	for name, want := range map[string]string{
		"path": "STRING", "program": "STRING", "events": "INT(64,false)", "pid": "INT(32,true)", "euid": "INT(32,false)",
		"window_start": "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)", "first": "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)",
		"growth_bytes": "INT(64,true)", "lower_bound": "BOOLEAN",
	} {
		if types[name] != want {
			t.Errorf("%s is %s, want %s", name, types[name], want)
		}
	}
}

func TestMicrosecondsRoundDown(t *testing.T) {
	for ns, want := range map[int64]int64{0: 0, 999: 0, 1000: 1, -1: -1, -1000: -1, -1001: -2, 1<<63 - 1: 9223372036854775} {
		if got := floorDiv(ns, 1000); got != want {
			t.Errorf("%d ns are %d µs, want %d", ns, got, want)
		}
	}
}

// Row groups end where they are full, of many rows or of long ones.
func TestParquetRowGroups(t *testing.T) {
	many, long := scenario(t, "zipf", 1, 20_000), scenario(t, "deep-paths", 1, 2000)
	for _, c := range []struct {
		what string
		s    *summaries.Summary
		n    int
	}{{"many", many, 105}, {"long", long, 240}} {
		b, stats := exported(t, Config{Format: "parquet"}, repeat(c.s, c.n)...)
		f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		groups := f.RowGroups()
		if len(groups) < 2 {
			t.Fatalf("%s: %d row groups of %d rows", c.what, len(groups), stats.Records)
		}
		for _, g := range groups {
			if g.NumRows() > groupBytes/256+2000 {
				t.Errorf("%s: a row group of %d rows", c.what, g.NumRows())
			}
		}
	}
}

func repeat(s *summaries.Summary, n int) []*summaries.Summary {
	all := make([]*summaries.Summary, n)
	for i := range all {
		all[i] = s
	}
	return all
}

// exportMemory bounds what an export of any length holds, in bytes. Parquet holds a row
// group, and the directories of those before it.
var exportMemory = map[string]uint64{"json": 2 << 20, "ocsf": 1 << 20, "csv": 1 << 20, "parquet": 32 << 20}

// The memory of an export does not grow with its length.
func TestMemory(t *testing.T) {
	s := scenario(t, "zipf", 1, 5000)
	for _, name := range Formats() {
		before, most := heap(), uint64(0)
		windows := 60
		watched := func(yield func(*summaries.Summary, error) bool) {
			for i := range windows {
				if i%10 == 9 {
					most = max(most, heap())
				}
				if !yield(s, nil) {
					return
				}
			}
		}
		stats, err := Write(io.Discard, iter.Seq2[*summaries.Summary, error](watched), Config{Format: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d records, %d bytes, at most %d KiB held", name, stats.Records, stats.Bytes, (most-min(most, before))>>10)
		if most > before+exportMemory[name] {
			t.Errorf("%s holds %d bytes", name, most-before)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
