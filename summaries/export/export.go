// Package export writes summaries in the formats that analysts' tools read.
//
//	json     summarizer.summary/1, one object per window and line (docs/summary.md)
//	ocsf     OCSF 1.8.0 File System Activity events, one per line (docs/ocsf.schema.json)
//	csv      RFC 4180, one flat record per path row
//	parquet  the same records, zstd
//
// docs/exports.md explains every column and field.
//
// Write streams: it takes one summary at a time and holds that one, whatever the length of
// the sequence. File does the same into a file that is either whole or not there. A Filter
// takes rows away before a format sees them, and makes the sums of what remains; so in every
// format, with and without a filter, events and kinds add up to Stats.
//
// Names are written by whoever makes files, so no format trusts them: a newline, a quote, a
// formula, a byte that is not UTF-8 stays inside its field, and where the text shown is not
// the exact name, the name stands beside it in base64.
//
// Give it tiles (summaries.Window.Tile): windows that overlap count their events twice.
package export

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"summarizer/summaries"
)

// Config says what to write. The zero value writes everything as native JSON.
type Config struct {
	Format string // one of Formats; "" is json
	Filter Filter
	// FrameSize is the size in bytes of the frames that summaries came in, which native JSON
	// tells; 0 is summaries.DefaultFrameSize. A summary that needs more tells what it needs.
	FrameSize int
}

// Stats are the sums over what was written.
type Stats struct {
	Windows uint64 // with at least one event that matched; without a filter, all
	Records uint64 // lines, or rows of Parquet; the header of CSV is none
	Events  uint64
	Kinds   summaries.Kinds
	// Unsure is how many events may match the filter besides: those of rows left out that
	// stand for several programs or paths, some of which may be asked for.
	Unsure uint64
	Bytes  uint64 // written so far, less what is still buffered until the end
}

// encoder is one format. add writes a summary that the filter left and returns how many
// records that made; finish writes what comes last. Both write to the writer that the
// encoder was made with.
type encoder interface {
	add(s *summaries.Summary) (records uint64, err error)
	finish() error
}

// format is what a name stands for.
type format struct {
	name, contentType, extension string
	encoder                      func(w io.Writer, cfg *Config) encoder
}

var formats = []format{
	{"json", "application/x-ndjson", ".jsonl", newNative},
	{"ocsf", "application/x-ndjson", ".ocsf.jsonl", newOCSF},
	{"csv", "text/csv; charset=utf-8; header=present", ".csv", newCSV},
	{"parquet", "application/vnd.apache.parquet", ".parquet", newParquet},
}

// Formats lists the formats, the default first.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// ContentType is the media type of a format, and Extension what the name of its files ends
// in, with the dot. Both are empty for a name that is none of Formats.
func ContentType(name string) string { return lookup(name).contentType }

// Extension is what names of files of a format end in; see ContentType.
func Extension(name string) string { return lookup(name).extension }

func lookup(name string) format {
	if name == "" {
		return formats[0]
	}
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	if i < 0 {
		return format{}
	}
	return formats[i]
}

// Validate says what is wrong with c.
func (c *Config) Validate() error {
	if lookup(c.Format).encoder == nil {
		return fmt.Errorf("no export format %q: use one of %s", c.Format, strings.Join(Formats(), ", "))
	}
	if c.FrameSize != 0 {
		if err := summaries.CheckFrameSize(c.FrameSize); err != nil {
			return err
		}
	}
	return c.Filter.Validate()
}

// Write writes all summaries to w in the order in which they come. Summaries are not kept
// and not changed; those that a filter leaves nothing of are left out. It stops at the first
// error of the sequence, which is how a caller interrupts it, of w, or of a number that the
// format cannot hold; what w has then is incomplete. The numbers are those up to there.
func Write(w io.Writer, all iter.Seq2[*summaries.Summary, error], cfg Config) (Stats, error) {
	var stats Stats
	if err := cfg.Validate(); err != nil {
		return stats, err
	}
	counted := &counter{w: w, n: &stats.Bytes}
	buffer := bufio.NewWriterSize(counted, 64<<10)
	enc := lookup(cfg.Format).encoder(buffer, &cfg)
	for s, err := range all {
		if err != nil {
			return stats, fmt.Errorf("reading what to export: %w", err)
		}
		if err := addOne(enc, s, &cfg, &stats); err != nil {
			at := time.Unix(0, s.Window.Start).UTC().Format(time.RFC3339)
			return stats, fmt.Errorf("exporting the window of %s: %w", at, err)
		}
	}
	if err := enc.finish(); err != nil {
		return stats, fmt.Errorf("ending the export: %w", err)
	}
	if err := buffer.Flush(); err != nil {
		return stats, fmt.Errorf("ending the export: %w", err)
	}
	return stats, nil
}

// addOne writes what the filter leaves of a summary.
func addOne(enc encoder, s *summaries.Summary, cfg *Config, stats *Stats) error {
	left, unsure := cfg.Filter.apply(s)
	stats.Unsure += unsure
	if left.Events == 0 && !cfg.Filter.empty() {
		return nil
	}
	n, err := enc.add(left)
	if err != nil {
		return err
	}
	stats.Windows++
	stats.Records += n
	stats.Events += left.Events
	stats.Kinds.Add(&left.Kinds)
	return nil
}

// counter counts what goes through it.
type counter struct {
	w io.Writer
	n *uint64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	*c.n += uint64(n)
	return n, err
}
