package export

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"summarizer/summaries"
)

// record is a path row with everything above it beside it: one row of Parquet, one record of
// CSV. Its tags are the columns of both, docs/exports.md explains them. Times are
// nanoseconds since the Unix epoch; Parquet, as the tags say, gets microseconds.
//
// nil is "does not apply" or "unknown".
type record struct {
	MachineID      string  `parquet:"machine_id,dict"`
	Boot           string  `parquet:"boot,dict"`
	Hostname       string  `parquet:"hostname,dict"`
	OS             string  `parquet:"os,dict"`
	Source         string  `parquet:"source,dict"`
	FirstSeq       uint64  `parquet:"first_seq"`
	Seq            uint64  `parquet:"seq"`
	WindowStart    int64   `parquet:"window_start,timestamp(microsecond)"`
	WindowEnd      int64   `parquet:"window_end,timestamp(microsecond)"`
	Origin         string  `parquet:"origin,dict"`
	Owner          string  `parquet:"owner,dict"`
	Program        *string `parquet:"program,optional,dict"`
	ProgramBase64  *string `parquet:"program_base64,optional,dict"`
	ProgramBytes   *uint64 `parquet:"program_bytes,optional"`
	CDHash         *string `parquet:"cdhash,optional,dict"`
	SigningID      *string `parquet:"signing_id,optional,dict"`
	TeamID         *string `parquet:"team_id,optional,dict"`
	PID            *int32  `parquet:"pid,optional"`
	PIDVersion     *uint64 `parquet:"pidversion,optional"`
	ProcessStart   *int64  `parquet:"process_start,optional,timestamp(microsecond)"`
	PPID           *int32  `parquet:"ppid,optional"`
	ResponsiblePID *int32  `parquet:"responsible_pid,optional"`
	EUID           *uint32 `parquet:"euid,optional"`
	Container      *string `parquet:"container,optional,dict"`
	Path           string  `parquet:"path"`
	PathBase64     *string `parquet:"path_base64,optional"`
	PathBytes      uint64  `parquet:"path_bytes"`
	Scope          string  `parquet:"scope,dict"`
	Events         uint64  `parquet:"events"`
	MissedMax      uint64  `parquet:"missed_max"`
	LowerBound     bool    `parquet:"lower_bound"`
	FoldedPaths    *uint64 `parquet:"folded_paths,optional"`
	Create         uint64  `parquet:"create"`
	Write          uint64  `parquet:"write"`
	Truncate       uint64  `parquet:"truncate"`
	Rename         uint64  `parquet:"rename"`
	Link           uint64  `parquet:"link"`
	Clone          uint64  `parquet:"clone"`
	Copy           uint64  `parquet:"copy"`
	Exchange       uint64  `parquet:"exchange"`
	Unlink         uint64  `parquet:"unlink"`
	SetAttr        uint64  `parquet:"setattr"`
	CloseModified  uint64  `parquet:"close_modified"`
	MappedWrite    uint64  `parquet:"mapped_write"`
	Other          uint64  `parquet:"other"`
	First          *int64  `parquet:"first,optional,timestamp(microsecond)"`
	Last           *int64  `parquet:"last,optional,timestamp(microsecond)"`
	Bytes          *uint64 `parquet:"bytes,optional"`
	GrowthBytes    *int64  `parquet:"growth_bytes,optional"`
}

// newRecord flattens a row. All texts are UTF-8.
func newRecord(r *row) record {
	s, p := r.summary, r.path
	rec := record{
		MachineID: text(s.Machine.ID), Boot: text(s.Machine.Boot), Hostname: text(s.Machine.Hostname),
		OS: text(s.Machine.OS), Source: text(s.Machine.Source),
		FirstSeq: s.FirstSeq, Seq: s.Seq, WindowStart: s.Window.Start, WindowEnd: s.Window.End,
		Origin: text(r.origin.Name), Owner: r.owner(),
		Path: text(p.Path), PathBase64: base64Of(p.Path), PathBytes: uint64(p.PathLen), Scope: r.scope(),
		Events: p.Events, MissedMax: p.MissedMax, LowerBound: r.lowerBound,
		First: known(p.First), Last: known(p.Last),
	}
	rec.setProgram(r.program)
	rec.setProcess(r.process)
	k := &p.Kinds
	for i, field := range rec.kinds() {
		*field = k[i]
	}
	if p.Directory {
		rec.FoldedPaths = &p.Folded
	}
	if p.HasBytes {
		rec.Bytes = &p.Bytes
	}
	if growth := p.SizeLast - p.SizeFirst; p.HasSize {
		rec.GrowthBytes = &growth
	}
	return rec
}

func (r *record) setProgram(g *summaries.Program) {
	if g == nil {
		return
	}
	path, length := text(g.Path), uint64(g.PathLen)
	r.Program, r.ProgramBase64, r.ProgramBytes = &path, base64Of(g.Path), &length
	r.CDHash = textOrNil(hex.EncodeToString(g.CDHash))
	r.SigningID, r.TeamID = textOrNil(g.SigningID), textOrNil(g.TeamID)
}

func (r *record) setProcess(p *summaries.Process) {
	if p == nil {
		return
	}
	r.PID, r.PPID, r.EUID, r.PIDVersion = &p.PID, &p.PPID, &p.EUID, &p.Version
	r.ProcessStart, r.Container = known(p.Start), textOrNil(p.Container)
	if p.ResponsiblePID != 0 {
		r.ResponsiblePID = &p.ResponsiblePID
	}
}

// kinds are the columns of the kinds, in the order of esbridge.Kind.
func (r *record) kinds() [len(summaries.Kinds{})]*uint64 {
	return [...]*uint64{
		&r.Create, &r.Write, &r.Truncate, &r.Rename, &r.Link, &r.Clone, &r.Copy, &r.Exchange, &r.Unlink,
		&r.SetAttr, &r.CloseModified, &r.MappedWrite, &r.Other,
	}
}

// known is nil for a time that nobody knows.
func known(ns int64) *int64 {
	if ns == 0 {
		return nil
	}
	return &ns
}

// text is s with U+FFFD for each byte that is not UTF-8.
func text[T string | []byte](s T) string { return string([]rune(string(s))) }

func textOrNil(s string) *string {
	if s == "" {
		return nil
	}
	s = text(s)
	return &s
}

// base64Of is the exact path where a text cell cannot show it.
func base64Of(path []byte) *string {
	if utf8.Valid(path) && !strings.ContainsFunc(string(path), invisible) {
		return nil
	}
	s := base64.StdEncoding.EncodeToString(path)
	return &s
}

// invisible are the characters that CSV shows escaped: those that end a line or a cell in
// some reader, act on a terminal, or reverse the order of what is read.
func invisible(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
