package eslogger

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"summarizer/esbridge"
)

// The oracle reads a line with encoding/json and decides, in its own words, what it counts
// as. Every member is a pointer: missing and null are the same, and a member that comes
// twice is decoded into the same value again.
type oracleLine struct {
	Time      *string
	EventType *uint31 `json:"event_type"`
	Seq       *uint64 `json:"seq_num"`
	Global    *uint64 `json:"global_seq_num"`
	Action    *struct {
		Result *struct{ Result *struct{ Auth *uint32 } }
	}
	Process *oracleProcess
	Event   *oracleBodies
}

type oracleProcess struct {
	Token       *oracleToken `json:"audit_token"`
	Parent      *oracleToken `json:"parent_audit_token"`
	Responsible *oracleToken `json:"responsible_audit_token"`
	PPID        *pidBits
	Flags       *uint32 `json:"codesigning_flags"`
	Platform    *bool   `json:"is_platform_binary"`
	Executable  *oracleFile
	CDHash      *string
	SigningID   *string `json:"signing_id"`
	TeamID      *string `json:"team_id"`
	Start       *string `json:"start_time"`
}

type oracleFile struct {
	Path *string
	Stat *struct {
		Size *uint63 `json:"st_size"`
	}
}

type oracleBody struct {
	Target, Source, File1, File2 *oracleFile
	Destination                  *struct {
		Existing *oracleFile `json:"existing_file"`
		New      *struct {
			Dir      *oracleFile
			Filename *string
		} `json:"new_path"`
	}
	Dir        *oracleFile `json:"target_dir"`
	LinkName   *string     `json:"target_filename"`
	TargetName *string     `json:"target_name"`
	Modified   *bool
	Mapped     *bool `json:"was_mapped_writable"`
}

// oracleBodies are the names under which a body is read.
type oracleBodies struct {
	Write, Create, Rename, Unlink, Close, Truncate, Link, Clone, Copyfile, Exchangedata, Setextattr, Deleteextattr,
	Setmode, Setowner, Setflags, Utimes, Setattrlist, Setacl *oracleBody
}

func (b *oracleBodies) named(name string) (body *oracleBody, isFile bool) {
	v := reflect.ValueOf(b).Elem()
	for i := range v.NumField() {
		if strings.ToLower(v.Type().Field(i).Name) == name {
			return v.Field(i).Interface().(*oracleBody), true
		}
	}
	return nil, false
}

var errRange = errors.New("out of range")

type (
	uint31  uint64
	uint63  uint64
	pidBits uint32
)

func ranged(b []byte, max uint64) (n uint64, err error) {
	if err = json.Unmarshal(b, &n); err == nil && n > max {
		err = errRange
	}
	return n, err
}

func (u *uint31) UnmarshalJSON(b []byte) error {
	n, err := ranged(b, math.MaxInt32)
	*u = uint31(n)
	return err
}

func (u *uint63) UnmarshalJSON(b []byte) error {
	n, err := ranged(b, math.MaxInt64)
	*u = uint63(n)
	return err
}

func (u *pidBits) UnmarshalJSON(b []byte) error {
	var n int64
	err := json.Unmarshal(b, &n)
	if err == nil && (n < math.MinInt32 || n > math.MaxUint32) {
		err = errRange
	}
	*u = pidBits(n)
	return err
}

type oracleToken struct{ named tokenMembers }

type tokenMembers struct {
	PID     *pidBits
	Version *uint32 `json:"pidversion"`
	EUID    *uint32
}

func (t *oracleToken) UnmarshalJSON(b []byte) error {
	if b[0] != '[' {
		return json.Unmarshal(b, &t.named)
	}
	var a []json.RawMessage
	if err := json.Unmarshal(b, &a); err != nil || len(a) != 8 {
		return errRange
	}
	t.named = tokenMembers{}
	return errors.Join(json.Unmarshal(a[1], &t.named.EUID), json.Unmarshal(a[5], &t.named.PID), json.Unmarshal(a[7], &t.named.Version))
}

// verdict is what a line counts as: an event where Event is not nil.
type verdict struct {
	Malformed string
	Ignored   bool
	Lifecycle string
	Event     *esbridge.Event
	Process   *esbridge.Process
}

// judge is the oracle.
func judge(line []byte) (v verdict, parsed oracleLine) {
	if !json.Valid(line) {
		return verdict{Malformed: "bad_json"}, parsed
	}
	var names struct{ Event map[string]json.RawMessage }
	if bytes.TrimSpace(line)[0] != '{' || json.Unmarshal(line, &parsed) != nil || json.Unmarshal(line, &names) != nil || len(names.Event) > 1 {
		return verdict{Malformed: "bad_field"}, parsed
	}
	for name, raw := range names.Event {
		if string(raw) == "null" {
			break
		}
		return parsed.judge(name), parsed
	}
	return verdict{Malformed: "missing_field"}, parsed
}

func (o *oracleLine) judge(name string) verdict {
	if a := o.Action; a != nil && a.Result != nil && a.Result.Result != nil && a.Result.Result.Auth != nil && *a.Result.Result.Auth == 1 {
		return verdict{Ignored: true}
	}
	body, isFile := o.Event.named(name)
	switch {
	case name == "exec" || name == "fork" || name == "exit":
		return verdict{Lifecycle: name}
	case !isFile, name == "close" && body.Modified != nil && !*body.Modified && (body.Mapped == nil || !*body.Mapped):
		return verdict{Ignored: true}
	}
	e, missing, bad := o.event(name, body)
	switch {
	case missing:
		return verdict{Malformed: "missing_field"}
	case bad:
		return verdict{Malformed: "bad_field"}
	}
	return verdict{Event: e, Process: e.Process}
}

func (o *oracleLine) event(name string, b *oracleBody) (e *esbridge.Event, missing, bad bool) {
	e = &esbridge.Event{Count: 1}
	if missing = b.fill(name, e) || o.Time == nil || o.Process == nil; missing {
		return nil, true, false
	}
	p := o.Process
	if p.Token == nil || p.Token.named.PID == nil || p.Token.named.Version == nil || p.Token.named.EUID == nil || !p.Executable.known() {
		return nil, true, false
	}
	var badTime, badProcess bool
	e.First, badTime = nanos(o.Time)
	e.Last = e.First
	e.Process, badProcess = p.identity()
	relative := func(p []byte) bool { return len(p) > 0 && p[0] != '/' }
	return e, false, badTime || badProcess || relative(e.Path) || relative(e.SourcePath)
}

func nanos(s *string) (ns int64, bad bool) {
	if s == nil {
		return 0, false
	}
	var t time.Time
	err := t.UnmarshalText([]byte(*s))
	return t.UnixNano(), err != nil || !time.Unix(0, t.UnixNano()).Equal(t)
}

func (f *oracleFile) known() bool { return f != nil && f.Path != nil }

func orEmpty(s *string) []byte {
	if s == nil || *s == "" {
		return nil
	}
	return []byte(*s)
}

func (p *oracleProcess) identity() (id *esbridge.Process, bad bool) {
	id = &esbridge.Process{
		PID: int32(*p.Token.named.PID), EUID: *p.Token.named.EUID, Version: uint64(*p.Token.named.Version),
		Executable: orEmpty(p.Executable.Path), SigningID: orEmpty(p.SigningID), TeamID: orEmpty(p.TeamID),
		CDHash: orEmpty(p.CDHash), Origin: []byte("unsigned"),
	}
	if id.CDHash != nil {
		var err error
		id.CDHash, err = hex.DecodeString(*p.CDHash)
		bad = err != nil || len(id.CDHash) != 20
	}
	if p.PPID != nil && int32(*p.PPID) >= 0 {
		id.PPID = int32(*p.PPID)
	} else if p.Parent != nil && p.Parent.named.PID != nil {
		id.PPID = max(0, int32(*p.Parent.named.PID))
	}
	if p.Responsible != nil && p.Responsible.named.PID != nil {
		id.ResponsiblePID = max(0, int32(*p.Responsible.named.PID))
	}
	if p.Platform != nil && *p.Platform {
		id.Origin = []byte("platform")
	} else if id.TeamID != nil && (p.Flags == nil || *p.Flags&2 == 0) {
		id.Origin = []byte("team:" + *p.TeamID)
	}
	start, badStart := nanos(p.Start)
	id.Start = start
	return id, bad || badStart || id.PID < 0
}

// foldedKeys says that a line has a member whose name encoding/json takes for one of ours
// although its letters are of another case.
func foldedKeys(line []byte) bool {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber() // or a number beyond float64 would end the search
	for {
		t, err := d.Token()
		if err == io.EOF || err != nil {
			return false
		}
		if s, ok := t.(string); ok && strings.IndexFunc(s, mayFold) >= 0 {
			for _, w := range wantedNames {
				if s != w && strings.EqualFold(s, w) {
					return true
				}
			}
		}
	}
}

// mayFold says that r has a lower-case letter that it could be taken for.
func mayFold(r rune) bool { return r >= 'A' && r <= 'Z' || r >= utf8.RuneSelf }
