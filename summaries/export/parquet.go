package export

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"summarizer/summaries"
)

// groupBytes is when a row group ends and goes to the file: when its rows, before they are
// encoded, take so much. The writer holds one row group, and the directory of each, which it
// writes at the end of the file.
const groupBytes = 16 << 20

// parquetEncoder writes Apache Parquet (format 2.x, data pages v2, zstd).
type parquetEncoder struct {
	w     *parquet.GenericWriter[record]
	batch []record // of one summary
	bytes int      // in the open row group
}

func newParquet(w io.Writer, _ *Config) encoder {
	return &parquetEncoder{w: parquet.NewGenericWriter[record](w,
		parquet.Compression(&zstd.Codec{Level: zstd.DefaultLevel, Concurrency: 1}),
		parquet.PageBufferSize(64<<10),
		parquet.DictionaryMaxBytes(1<<20),
		parquet.CreatedBy("summarizer", "1", "export"),
	)}
}

func (p *parquetEncoder) add(s *summaries.Summary) (uint64, error) {
	p.batch = p.batch[:0]
	err := eachRow(s, func(r *row) error {
		rec := newRecord(r)
		rec.toMicroseconds()
		p.batch = append(p.batch, rec)
		p.bytes += rec.size()
		return nil
	})
	if err == nil {
		_, err = p.w.Write(p.batch)
	}
	if err == nil && p.bytes >= groupBytes {
		err = p.w.Flush()
		p.bytes = 0
	}
	if err != nil {
		return 0, fmt.Errorf("writing rows: %w", err)
	}
	return uint64(len(p.batch)), nil
}

func (p *parquetEncoder) finish() error {
	clear(p.batch)
	return p.w.Close()
}

// toMicroseconds rounds times down.
func (r *record) toMicroseconds() {
	for _, ns := range []*int64{&r.WindowStart, &r.WindowEnd, r.ProcessStart, r.First, r.Last} {
		if ns != nil {
			*ns = floorDiv(*ns, 1000)
		}
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// size is what a record takes in memory, about.
func (r *record) size() int {
	n := 256 + len(r.MachineID) + len(r.Boot) + len(r.Hostname) + len(r.OS) + len(r.Source) + len(r.Origin) + len(r.Path)
	for _, s := range []*string{r.Program, r.ProgramBase64, r.CDHash, r.SigningID, r.TeamID, r.Container, r.PathBase64} {
		if s != nil {
			n += len(*s)
		}
	}
	return n
}
