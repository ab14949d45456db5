package summaries

import (
	"encoding/hex"
	"unicode/utf8"
)

type jsonOrigin struct {
	Origin   string        `json:"origin"`
	Events   uint64        `json:"events"`
	Kinds    jsonKinds     `json:"kinds"`
	Seen     jsonDistinct  `json:"programs_seen"`
	Other    jsonOther     `json:"other"`
	Programs []jsonProgram `json:"programs"`
}

type jsonProgram struct {
	jsonPath
	CDHash    *string       `json:"cdhash"`
	SigningID *string       `json:"signing_id"`
	TeamID    *string       `json:"team_id"`
	Device    uint64        `json:"device,omitempty"`
	Inode     uint64        `json:"inode,omitempty"`
	Events    uint64        `json:"events"`
	MissedMax uint64        `json:"missed_max"`
	Kinds     jsonKinds     `json:"kinds"`
	Seen      jsonDistinct  `json:"processes_seen"`
	Other     jsonOther     `json:"other"`
	Processes []jsonProcess `json:"processes"`
}

// jsonOther has Programs in an origin and Processes in a program.
type jsonOther struct {
	Programs         *uint64    `json:"programs,omitempty"`
	Processes        *uint64    `json:"processes,omitempty"`
	Events           uint64     `json:"events"`
	Kinds            jsonKinds  `json:"kinds"`
	Counts           jsonCounts `json:"counts,omitempty"`
	UnlistedMax      uint64     `json:"unlisted_max"`
	First            jsonTime   `json:"first"`
	Last             jsonTime   `json:"last"`
	PathsUnlistedMax uint64     `json:"paths_unlisted_max"`
	Paths            []jsonRow  `json:"paths"`
}

type jsonProcess struct {
	PID              int32        `json:"pid"`
	PIDVersion       uint64       `json:"pidversion"`
	Start            jsonTime     `json:"start"`
	PPID             int32        `json:"ppid"`
	ResponsiblePID   *int32       `json:"responsible_pid"`
	EUID             uint32       `json:"euid"`
	Container        string       `json:"container,omitempty"`
	Events           uint64       `json:"events"`
	MissedMax        uint64       `json:"missed_max"`
	Kinds            jsonKinds    `json:"kinds"`
	Counts           jsonCounts   `json:"counts,omitempty"`
	First            jsonTime     `json:"first"`
	Last             jsonTime     `json:"last"`
	Peak             jsonPeak     `json:"peak"`
	ExtensionChanges uint64       `json:"extension_changes"`
	Seen             jsonDistinct `json:"paths_seen"`
	UnlistedMax      uint64       `json:"unlisted_max"`
	Paths            []jsonRow    `json:"paths"`
}

// jsonPath says a path, and what of it JSON or the row had no room for.
type jsonPath struct {
	Path   jsonText `json:"path"`
	Base64 []byte   `json:"path_base64,omitempty"`
	Elided bool     `json:"elided,omitempty"`
	Full   int      `json:"path_bytes,omitempty"`
}

// jsonRow has Folded in a directory and MissedMax in a file.
type jsonRow struct {
	jsonPath
	Scope     string    `json:"scope"`
	Events    uint64    `json:"events"`
	Folded    *uint64   `json:"folded_paths,omitempty"`
	MissedMax *uint64   `json:"missed_max,omitempty"`
	Kinds     jsonKinds `json:"kinds"`
	First     jsonTime  `json:"first"`
	Last      jsonTime  `json:"last"`
	Bytes     *uint64   `json:"bytes,omitempty"`
	Growth    *int64    `json:"growth_bytes,omitempty"`
}

func newJSONOrigin(o *Origin) jsonOrigin {
	j := jsonOrigin{
		Origin: o.Name, Events: o.Events, Kinds: jsonKinds(o.Kinds), Seen: newJSONDistinct(&o.Seen),
		Other: newJSONOther(&o.Other), Programs: each(o.Programs, newJSONProgram),
	}
	j.Other.Programs = &o.Other.Members
	return j
}

func newJSONProgram(p *Program) jsonProgram {
	j := jsonProgram{
		jsonPath: newJSONPath(p.Path, p.PathLen),
		CDHash:   stringOrNull(hex.EncodeToString(p.CDHash)), SigningID: stringOrNull(p.SigningID), TeamID: stringOrNull(p.TeamID),
		Device: p.Device, Inode: p.Inode,
		Events: p.Events, MissedMax: p.MissedMax, Kinds: jsonKinds(p.Kinds), Seen: newJSONDistinct(&p.Seen),
		Other: newJSONOther(&p.Other), Processes: each(p.Processes, newJSONProcess),
	}
	j.Other.Processes = &p.Other.Members
	return j
}

func newJSONOther(o *Other) jsonOther {
	return jsonOther{
		Events: o.Events, Kinds: jsonKinds(o.Kinds), Counts: jsonCounts(o.LowerBound), UnlistedMax: o.UnlistedMax,
		First: jsonTime(o.First), Last: jsonTime(o.Last),
		PathsUnlistedMax: o.PathsUnlistedMax, Paths: each(o.Paths, newJSONRow),
	}
}

func newJSONProcess(p *Process) jsonProcess {
	j := jsonProcess{
		PID: p.PID, PIDVersion: p.Version, Start: jsonTime(p.Start), PPID: p.PPID, EUID: p.EUID, Container: p.Container,
		Events: p.Events, MissedMax: p.MissedMax, Kinds: jsonKinds(p.Kinds), Counts: jsonCounts(p.LowerBound),
		First: jsonTime(p.First), Last: jsonTime(p.Last), Peak: newJSONPeak(p.Peak),
		ExtensionChanges: p.ExtensionChanges, Seen: newJSONDistinct(&p.Seen), UnlistedMax: p.UnlistedMax,
		Paths: each(p.Paths, newJSONRow),
	}
	if p.ResponsiblePID != 0 {
		j.ResponsiblePID = &p.ResponsiblePID
	}
	return j
}

func newJSONRow(p *Path) jsonRow {
	j := jsonRow{
		jsonPath: newJSONPath(p.Path, p.PathLen), Scope: "file",
		Events: p.Events, Kinds: jsonKinds(p.Kinds), First: jsonTime(p.First), Last: jsonTime(p.Last),
	}
	if p.Directory {
		j.Scope, j.Folded = "directory", &p.Folded
	} else {
		j.MissedMax = &p.MissedMax
	}
	if p.HasBytes {
		j.Bytes = &p.Bytes
	}
	if p.HasSize {
		growth := p.SizeLast - p.SizeFirst
		j.Growth = &growth
	}
	return j
}

func newJSONPath(path []byte, full int) jsonPath {
	j := jsonPath{Path: jsonText(path)}
	if !utf8.Valid(path) {
		j.Base64 = path
	}
	if full > len(path) {
		j.Elided, j.Full = true, full
	}
	return j
}

func stringOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
