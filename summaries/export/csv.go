package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"summarizer/summaries"
)

// csvEncoder writes RFC 4180: CRLF ends a record, the first one is the header.
type csvEncoder struct {
	w     *csv.Writer
	cells []string
	begun bool
}

func newCSV(w io.Writer, _ *Config) encoder {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	return &csvEncoder{w: c, cells: make([]string, len(columns))}
}

// column is a field of record.
type column struct {
	name string
	time bool
}

// columns are the fields of record, in order.
var columns = columnsOf(reflect.TypeFor[record]())

func columnsOf(t reflect.Type) []column {
	all := make([]column, t.NumField())
	for i := range all {
		tag := t.Field(i).Tag.Get("parquet")
		name, options, _ := strings.Cut(tag, ",")
		all[i] = column{name, strings.Contains(options, "timestamp")}
	}
	return all
}

func (c *csvEncoder) header() error {
	if c.begun {
		return nil
	}
	c.begun = true
	for i := range columns {
		c.cells[i] = columns[i].name
	}
	return c.w.Write(c.cells)
}

func (c *csvEncoder) add(s *summaries.Summary) (n uint64, err error) {
	if err := c.header(); err != nil {
		return 0, err
	}
	err = eachRow(s, func(r *row) error {
		n++
		rec := newRecord(r)
		return c.record(reflect.ValueOf(&rec).Elem())
	})
	c.w.Flush() // into the buffer of Write
	if err == nil {
		err = c.w.Error()
	}
	return n, err
}

func (c *csvEncoder) finish() error {
	if err := c.header(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// record writes one record.
func (c *csvEncoder) record(fields reflect.Value) error {
	for i := range columns {
		c.cells[i] = cell(fields.Field(i), columns[i].time)
	}
	if err := c.w.Write(c.cells); err != nil {
		return fmt.Errorf("writing a record: %w", err)
	}
	return nil
}

// cell is a field in text; nil is nothing.
func cell(v reflect.Value, isTime bool) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch {
	case isTime:
		return time.Unix(0, v.Int()).UTC().Format(time.RFC3339Nano)
	case v.Kind() == reflect.String:
		return guard(visible(v.String()))
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	}
	return strconv.FormatInt(v.Int(), 10)
}

// visible is s with escapes for what is invisible: \x0a, \u202e. A record stays one line.
func visible(s string) string {
	if !strings.ContainsFunc(s, invisible) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !invisible(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// guard keeps a spreadsheet from running a text as a formula: it puts ' before a text that
// begins like one, and before one that begins with ', so that taking one away is exact.
// (OWASP, CSV Injection; the full-width signs are read as formulas by East Asian editions.)
func guard(s string) string {
	if strings.IndexAny(s, "=+-@\t\r'＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}
