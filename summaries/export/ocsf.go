package export

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// ErrCount is about a count that would take more than maxParts events of OCSF.
var ErrCount = errors.New("more events than OCSF can say; export this window as json, csv or parquet")

// The class and version that is written (schema.ocsf.io/1.8.0/classes/file_activity).
const (
	ocsfVersion  = "1.8.0"
	ocsfCategory = 1    // System Activity
	ocsfClass    = 1001 // File System Activity
)

// maxParts bounds the lines for one count. OCSF readers keep integer_t in 32 bits, so that a
// larger count is split; 4,096 parts are 8.8 × 10^12 events of one kind in one row.
const maxParts = 4096

// ocsf writes OCSF aggregate events, one per path row and kind.
type ocsf struct {
	json  *json.Encoder
	parts uint64 // written of the summary at hand
	event ocsfEvent
}

func newOCSF(w io.Writer, _ *Config) encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &ocsf{json: enc}
}

func (o *ocsf) finish() error { return nil }

func (o *ocsf) add(s *summaries.Summary) (uint64, error) {
	o.parts = 0
	e := &o.event
	*e = ocsfEvent{
		CategoryUID: ocsfCategory, CategoryName: "System Activity",
		ClassUID: ocsfClass, ClassName: "File System Activity",
		SeverityID: 1, Severity: "Informational",
		Device: newDevice(&s.Machine),
	}
	e.Metadata.Version, e.Metadata.Product.Name = ocsfVersion, "summarizer"
	e.Metadata.LogProvider, e.Metadata.Sequence = s.Machine.Source, s.Seq
	err := eachRow(s, o.row)
	return o.parts, err
}

// row writes the events of one path row.
func (o *ocsf) row(r *row) error {
	e := &o.event
	e.Actor = newActor(r)
	e.File = newFile(r.path)
	e.Unmapped = newUnmapped(r)
	e.Metadata.IsTruncated = e.Unmapped.PathBytes > 0
	o.setTimes(r)
	identity := identify(r)
	carrier := bytesKind(&r.path.Kinds)
	for kind, n := range r.path.Kinds {
		if n == 0 {
			continue
		}
		e.setKind(esbridge.Kind(kind))
		e.Unmapped.setBytes(r.path, kind == carrier)
		if err := o.split(r, identity, n); err != nil {
			return err
		}
	}
	return nil
}

// setTimes says when the events of the row were, in milliseconds. Where nobody knows, they
// were in the window. An aggregate's time is its start_time.
func (o *ocsf) setTimes(r *row) {
	w := &r.summary.Window
	first, last := r.path.First, r.path.Last
	if first == 0 {
		first = w.Start
	}
	if last == 0 {
		last = w.End
	}
	e := &o.event
	e.StartTime = milliseconds(first)
	e.EndTime = max(milliseconds(last), e.StartTime)
	e.Time, e.Duration = e.StartTime, e.EndTime-e.StartTime
}

// split writes n events of the row as one line, or as more where n is beyond 32 bits.
func (o *ocsf) split(r *row, identity string, n uint64) error {
	if n > maxParts*math.MaxInt32 {
		return fmt.Errorf("%d events of kind %s on %.80q: %w", n, o.event.Metadata.EventCode, r.path.Path, ErrCount)
	}
	e := &o.event
	for part := 0; n > 0; part++ {
		count := min(n, math.MaxInt32)
		n -= count
		e.Count = count
		e.Metadata.UID = identity + "." + e.Metadata.EventCode
		if part > 0 {
			e.Metadata.UID += "." + strconv.Itoa(part)
		}
		e.Message = message(r, e.Metadata.EventCode, count)
		if err := o.json.Encode(e); err != nil {
			return fmt.Errorf("writing a line: %w", err)
		}
		o.parts++
	}
	return nil
}

// identify is the same for the same row of the same summary, and differs between others: an
// import that is repeated writes nothing twice. It does not depend on the filter.
func identify(r *row) string {
	h := sha256.New()
	number := func(n uint64) { h.Write(binary.LittleEndian.AppendUint64(nil, n)) }
	text := func(b []byte) { // the length first, so that no two lists of names look alike
		number(uint64(len(b)))
		h.Write(b)
	}
	m := &r.summary.Machine
	text([]byte(m.ID))
	text([]byte(m.Boot))
	number(r.summary.FirstSeq)
	number(r.summary.Seq)
	number(uint64(r.summary.Window.Start))
	text([]byte(r.origin.Name))
	text([]byte(r.owner()))
	if g := r.program; g != nil {
		text(g.Path)
		text(g.CDHash)
		number(g.Device)
		number(g.Inode)
	}
	if p := r.process; p != nil {
		number(uint64(uint32(p.PID)))
		number(p.Version)
		number(uint64(p.Start))
	}
	text(r.path.Path)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// bytesKind is the kind whose event tells the bytes of a row, which nobody knows by kind:
// write, or else the first there is.
func bytesKind(k *summaries.Kinds) int {
	if k[esbridge.Write] > 0 {
		return int(esbridge.Write)
	}
	for i, n := range k {
		if n > 0 {
			return i
		}
	}
	return 0
}

// milliseconds rounds down, before 1970 too.
func milliseconds(ns int64) int64 { return time.Unix(0, ns).UnixMilli() }

// message is the row in words, with names that cannot act on a terminal.
func message(r *row, kind string, count uint64) string {
	who := "other programs of " + plain([]byte(r.origin.Name))
	switch {
	case r.process != nil:
		who = fmt.Sprintf("%s (pid %d)", plain(r.program.Path), r.process.PID)
	case r.program != nil:
		who = "other processes of " + plain(r.program.Path)
	}
	where := plain(r.path.Path)
	if r.path.Directory {
		where = "what was folded into " + where
	}
	return fmt.Sprintf("%s: %s × %d on %s", who, kind, count, where)
}

// plain is a name in which only what can be seen is shown as it is.
func plain(name []byte) string {
	quoted := strconv.QuoteToGraphic(string(name))
	return quoted[1 : len(quoted)-1]
}
