package export

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// ocsfEvent is one line, in the field names of OCSF; docs/ocsf.schema.json is its schema.
// Times are milliseconds since the Unix epoch.
type ocsfEvent struct {
	ActivityID   int          `json:"activity_id"`
	ActivityName string       `json:"activity_name"`
	CategoryUID  int          `json:"category_uid"`
	CategoryName string       `json:"category_name"`
	ClassUID     int          `json:"class_uid"`
	ClassName    string       `json:"class_name"`
	TypeUID      int          `json:"type_uid"`
	TypeName     string       `json:"type_name"`
	SeverityID   int          `json:"severity_id"`
	Severity     string       `json:"severity"`
	Time         int64        `json:"time"`
	StartTime    int64        `json:"start_time"`
	EndTime      int64        `json:"end_time"`
	Duration     int64        `json:"duration"`
	Count        uint64       `json:"count"`
	Message      string       `json:"message"`
	Metadata     ocsfMetadata `json:"metadata"`
	Device       ocsfDevice   `json:"device"`
	Actor        ocsfActor    `json:"actor"`
	File         ocsfFile     `json:"file"`
	Unmapped     ocsfUnmapped `json:"unmapped"`
}

type ocsfMetadata struct {
	Version string `json:"version"`
	Product struct {
		Name string `json:"name"`
	} `json:"product"`
	UID         string `json:"uid"`
	Sequence    uint64 `json:"sequence"`
	EventCode   string `json:"event_code"`
	LogProvider string `json:"log_provider,omitempty"`
	IsTruncated bool   `json:"is_truncated,omitempty"`
}

type ocsfDevice struct {
	UID      string  `json:"uid"`
	Hostname string  `json:"hostname,omitempty"`
	TypeID   int     `json:"type_id"` // 0: unknown
	BootUID  string  `json:"boot_uid,omitempty"`
	OS       *ocsfOS `json:"os,omitempty"`
}

type ocsfOS struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
}

// ocsfActor has Process, or AppName where nobody knows which process it was.
type ocsfActor struct {
	Process *ocsfProcess `json:"process,omitempty"`
	AppName string       `json:"app_name,omitempty"`
}

type ocsfProcess struct {
	PID           int32      `json:"pid"`
	UID           string     `json:"uid"`
	Name          string     `json:"name"`
	CreatedTime   int64      `json:"created_time,omitempty"`
	File          ocsfFile   `json:"file"`
	User          ocsfUser   `json:"user"`
	ParentProcess ocsfParent `json:"parent_process"`
}

type ocsfUser struct {
	UID string `json:"uid"`
}

type ocsfParent struct {
	PID int32 `json:"pid"`
}

type ocsfFile struct {
	Name         string         `json:"name"`
	Path         string         `json:"path"`
	ParentFolder string         `json:"parent_folder,omitempty"`
	Ext          string         `json:"ext,omitempty"`
	TypeID       int            `json:"type_id"`
	Signature    *ocsfSignature `json:"signature,omitempty"`
}

type ocsfSignature struct {
	AlgorithmID  int         `json:"algorithm_id"` // 0: unknown
	DeveloperUID string      `json:"developer_uid,omitempty"`
	Digest       *ocsfDigest `json:"digest,omitempty"`
}

type ocsfDigest struct {
	AlgorithmID int    `json:"algorithm_id"` // 99: other
	Algorithm   string `json:"algorithm"`
	Value       string `json:"value"`
}

// ocsfUnmapped is what OCSF has no field for.
type ocsfUnmapped struct {
	Origin         string `json:"origin"`
	Owner          string `json:"owner"`
	Scope          string `json:"scope"`
	WindowStart    int64  `json:"window_start"`
	WindowEnd      int64  `json:"window_end"`
	FirstSeq       uint64 `json:"first_seq"`
	MissedMax      uint64 `json:"missed_max"`
	FoldedPaths    uint64 `json:"folded_paths,omitempty"`
	Counts         string `json:"counts,omitempty"`
	PathBase64     []byte `json:"path_base64,omitempty"`
	PathBytes      int    `json:"path_bytes,omitempty"`
	ProgramBase64  []byte `json:"program_base64,omitempty"`
	ProgramBytes   int    `json:"program_bytes,omitempty"`
	SigningID      string `json:"signing_id,omitempty"`
	ResponsiblePID int32  `json:"responsible_pid,omitempty"`
	Container      string `json:"container,omitempty"`
	// Bytes and GrowthBytes are those of the row; one event of it has them.
	Bytes       *uint64 `json:"bytes,omitempty"`
	GrowthBytes *int64  `json:"growth_bytes,omitempty"`
}

// activities are the File System Activity ids of OCSF by kind; what it has no id for is 99.
var activities = [esbridge.NumKinds]struct {
	id   int
	name string
}{
	esbridge.Create: {1, "Create"}, esbridge.Write: {3, "Update"}, esbridge.Truncate: {3, "Update"},
	esbridge.Rename: {5, "Rename"}, esbridge.Unlink: {4, "Delete"}, esbridge.SetAttr: {6, "Set Attributes"},
	esbridge.CloseModified: {3, "Update"}, esbridge.MappedWrite: {3, "Update"},
}

func (e *ocsfEvent) setKind(k esbridge.Kind) {
	a := activities[k]
	if a.id == 0 {
		a.id, a.name = 99, k.String()
	}
	e.ActivityID, e.ActivityName = a.id, a.name
	e.TypeUID, e.TypeName = ocsfClass*100+a.id, "File System Activity: "+a.name
	e.Metadata.EventCode = k.String()
}

func newDevice(m *summaries.Machine) ocsfDevice {
	d := ocsfDevice{UID: m.ID, Hostname: m.Hostname, BootUID: m.Boot}
	if m.OS != "" {
		d.OS = &ocsfOS{Name: m.OS}
		switch name := strings.ToLower(m.OS); {
		case strings.HasPrefix(name, "macos"):
			d.OS.TypeID = 300
		case strings.Contains(name, "linux"):
			d.OS.TypeID = 200
		}
	}
	return d
}

// Types of files in OCSF.
const (
	regularFile    = 1
	folder         = 2
	executableFile = 8
)

func newActor(r *row) ocsfActor {
	switch {
	case r.program == nil:
		return ocsfActor{AppName: "other programs of " + r.origin.Name}
	case r.process == nil:
		return ocsfActor{AppName: string(r.program.Path)}
	}
	p := r.process
	q := &ocsfProcess{
		PID: p.PID, UID: strconv.Itoa(int(p.PID)) + "." + strconv.FormatUint(p.Version, 10) + "." + strconv.FormatInt(p.Start, 10),
		Name:          string(lastPart(r.program.Path)),
		File:          nameFile(r.program.Path, executableFile),
		User:          ocsfUser{strconv.FormatUint(uint64(p.EUID), 10)},
		ParentProcess: ocsfParent{p.PPID},
	}
	if p.Start != 0 {
		q.CreatedTime = milliseconds(p.Start)
	}
	if g := r.program; g.TeamID != "" || len(g.CDHash) > 0 {
		q.File.Signature = &ocsfSignature{DeveloperUID: g.TeamID}
		if len(g.CDHash) > 0 {
			q.File.Signature.Digest = &ocsfDigest{99, "cdhash", hex.EncodeToString(g.CDHash)}
		}
	}
	return ocsfActor{Process: q}
}

func newFile(p *summaries.Path) ocsfFile {
	if p.Directory {
		return nameFile(p.Path, folder)
	}
	return nameFile(p.Path, regularFile)
}

// nameFile says a path in the parts that OCSF wants. A directory's path ends in '/', in its
// parts it does not.
func nameFile(path []byte, typeID int) ocsfFile {
	name := lastPart(path)
	f := ocsfFile{Name: string(name), Path: string(path), TypeID: typeID}
	trimmed := bytes.TrimSuffix(path, []byte("/"))
	if cut := bytes.LastIndexByte(trimmed, '/'); cut >= 0 {
		f.ParentFolder = string(path[:max(cut, 1)])
	}
	if dot := bytes.LastIndexByte(name, '.'); dot > 0 && typeID == regularFile {
		f.Ext = string(name[dot+1:])
	}
	return f
}

func newUnmapped(r *row) ocsfUnmapped {
	w := &r.summary.Window
	u := ocsfUnmapped{
		Origin: r.origin.Name, Owner: r.owner(), Scope: r.scope(),
		WindowStart: milliseconds(w.Start), WindowEnd: milliseconds(w.End), FirstSeq: r.summary.FirstSeq,
		MissedMax: r.path.MissedMax, FoldedPaths: r.path.Folded,
	}
	if r.lowerBound {
		u.Counts = "lower_bound"
	}
	u.PathBase64, u.PathBytes = exact(r.path.Path, r.path.PathLen)
	if r.program != nil {
		u.ProgramBase64, u.ProgramBytes = exact(r.program.Path, r.program.PathLen)
		u.SigningID = r.program.SigningID
	}
	if r.process != nil {
		u.ResponsiblePID, u.Container = r.process.ResponsiblePID, r.process.Container
	}
	return u
}

// exact is the path where JSON cannot show it, and its full length where its middle is missing.
func exact(path []byte, full int) (base64 []byte, length int) {
	if !utf8.Valid(path) {
		base64 = path
	}
	if full > len(path) {
		length = full
	}
	return base64, length
}

// setBytes tells the bytes of the row if this event is to tell them.
func (u *ocsfUnmapped) setBytes(p *summaries.Path, here bool) {
	u.Bytes, u.GrowthBytes = nil, nil
	if here && p.HasBytes {
		u.Bytes = &p.Bytes
	}
	if growth := p.SizeLast - p.SizeFirst; here && p.HasSize {
		u.GrowthBytes = &growth
	}
}
