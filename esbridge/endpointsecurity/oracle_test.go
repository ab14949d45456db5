package endpointsecurity

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity/simulator"
)

// verdict is what one message counts as: an event, written out, or the name of a tally.
type verdict struct{ event, tally string }

// names of events by es_event_type_t, as eslogger(1) calls them.
var eventNames = map[uint32]string{
	9: "exec", 10: "open", 11: "fork", 12: "close", 13: "create", 14: "exchangedata", 15: "exit", 19: "link", 25: "rename",
	26: "setattrlist", 27: "setextattr", 28: "setflags", 29: "setmode", 30: "setowner", 32: "unlink", 33: "write",
	41: "truncate", 59: "utimes", 61: "clone", 70: "deleteextattr", 82: "setacl", 110: "copyfile",
}

var eventKinds = map[string]esbridge.Kind{
	"create": esbridge.Create, "exchangedata": esbridge.Exchange, "link": esbridge.Link, "rename": esbridge.Rename,
	"setattrlist": esbridge.SetAttr, "setextattr": esbridge.SetAttr, "setflags": esbridge.SetAttr, "setmode": esbridge.SetAttr,
	"setowner": esbridge.SetAttr, "unlink": esbridge.Unlink, "write": esbridge.Write, "truncate": esbridge.Truncate,
	"utimes": esbridge.SetAttr, "clone": esbridge.Clone, "deleteextattr": esbridge.SetAttr, "setacl": esbridge.SetAttr,
	"copyfile": esbridge.Copy,
}

// expect says what a valid message must count as, from what it was made of.
func expect(m *simulator.Message) verdict {
	name := eventNames[m.Type]
	mapped := m.MappedWritable && m.Version >= 6
	switch {
	case m.Denied || name == "open" || name == "close" && !m.Modified && !mapped:
		return verdict{tally: "ignored"}
	case name == "exec" || name == "fork" || name == "exit":
		return verdict{tally: name}
	}
	e := esbridge.Event{
		Kind: eventKinds[name], Process: expectProcess(m), Path: m.Target.Path.Bytes, Count: 1,
		First: time.Unix(m.Sec, m.Nsec).UnixNano(), Size: m.Target.Size, HasSize: true,
	}
	switch name {
	case "close":
		e.Kind = esbridge.MappedWrite
		if m.Modified {
			e.Kind = esbridge.CloseModified
		}
	case "create":
		if m.Destination == 1 {
			e.Path, e.Size, e.HasSize = joined(m), 0, false
		}
	case "rename":
		e.SourcePath, e.Size = m.Source.Path.Bytes, m.Source.Size
		if m.Destination == 1 {
			e.Path = joined(m)
		}
	case "link", "clone", "copyfile":
		e.Path, e.SourcePath, e.Size = joined(m), m.Source.Path.Bytes, m.Source.Size
	case "exchangedata":
		e.SourcePath, e.Size, e.HasSize = m.Source.Path.Bytes, 0, false
	}
	e.Last = e.First
	return verdict{event: written(&e)}
}

func joined(m *simulator.Message) []byte {
	dir := string(m.Dir.Path.Bytes)
	if dir == "" {
		return nil
	}
	return []byte(strings.TrimSuffix(dir, "/") + "/" + string(m.Name.Bytes))
}

func expectProcess(m *simulator.Message) *esbridge.Process {
	p := &m.Process
	id := &esbridge.Process{
		PID: p.PID, PPID: max(p.PPID, 0), EUID: p.EUID, Version: uint64(p.Version), Executable: p.Executable.Path.Bytes,
		CDHash: p.CDHash[:], SigningID: p.SigningID.Bytes, TeamID: p.TeamID.Bytes, Origin: []byte("unsigned"),
	}
	switch {
	case p.Platform:
		id.Origin = []byte("platform")
	case len(p.TeamID.Bytes) > 0 && p.Flags&2 == 0:
		id.Origin = []byte("team:" + string(p.TeamID.Bytes))
	}
	if m.Version >= 3 {
		id.Start = time.Unix(p.StartSec, int64(p.StartUsec)*1000).UnixNano()
	}
	if m.Version >= 4 {
		id.ResponsiblePID = max(p.ResponsiblePID, 0)
		if p.PPID < 0 {
			id.PPID = max(p.ParentPID, 0)
		}
	}
	return id
}

// written is all of an event, and of its process.
func written(e *esbridge.Event) string {
	c, p := *e, *e.Process
	if !c.HasSize {
		c.Size = 0 // says nothing
	}
	return fmt.Sprintf("%v %q from %q ×%d %d–%d at %d size %d %v bytes %d %v | %d.%d of %d for %d euid %d since %d %q %x %q %q %q in %q on %d %d %v",
		c.Kind, c.Path, c.SourcePath, c.Count, c.First, c.Last, c.Arrival, c.Size, c.HasSize, c.Bytes, c.HasBytes,
		p.PID, p.Version, p.PPID, p.ResponsiblePID, p.EUID, p.Start, p.Executable, p.CDHash, p.SigningID, p.TeamID, p.Origin, p.Container, p.Device, p.Inode, p.LowerBound)
}

// tallied names the one counter of t that is 1, beside those of the kernel's drops.
func tallied(t *esbridge.Tally) string {
	var names []string
	add := func(n uint64, name string) {
		for range n {
			names = append(names, name)
		}
	}
	add(t.Ignored, "ignored")
	add(t.Muted, "muted")
	add(t.QueueDropped, "queue")
	for i, n := range t.Lifecycle {
		add(n, esbridge.Lifecycle(i).String())
	}
	for i, n := range t.Malformed {
		add(n, esbridge.Reason(i).String())
	}
	return strings.Join(names, " ")
}

// line writes the message as eslogger(1) does.
func line(m *simulator.Message) string {
	auth := 0
	if m.Denied {
		auth = 1
	}
	global := ""
	if m.Version >= 4 {
		global = fmt.Sprintf(`,"global_seq_num":%d`, m.Global)
	}
	return fmt.Sprintf(`{"schema_version":1,"version":%d,"event_type":%d,"time":%q,"seq_num":%d%s,"action_type":1,"action":{"result":{"result_type":0,"result":{"auth":%d}}},"process":%s,"event":{%q:%s}}`,
		m.Version, m.Type, time.Unix(m.Sec, m.Nsec).UTC().Format("2006-01-02T15:04:05.000000000Z"), m.Seq, global, auth,
		jsonProcess(&m.Process, m.Version), eventNames[m.Type], jsonBody(m))
}

func jsonString(s simulator.String) string {
	if s.Null {
		return "null"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s.Bytes {
		switch c {
		case '/', '"', '\\':
			b.WriteByte('\\')
		}
		b.WriteByte(c) // other bytes are raw
	}
	return b.String() + `"`
}

func jsonFile(f *simulator.File) string {
	return fmt.Sprintf(`{"path":%s,"path_truncated":%v,"stat":{"st_dev":%d,"st_ino":%d,"st_size":%d}}`, jsonString(f.Path), f.Truncated, f.Device, f.Inode, f.Size)
}

func jsonToken(pid int32, version, euid uint32) string {
	return fmt.Sprintf(`{"pid":%d,"pidversion":%d,"euid":%d}`, pid, version, euid)
}

func jsonProcess(p *simulator.Process, version uint32) string {
	s := fmt.Sprintf(`{"audit_token":%s,"ppid":%d,"codesigning_flags":%d,"is_platform_binary":%v,"cdhash":"%X","signing_id":%s,"team_id":%s,"executable":%s,"tty":null`,
		jsonToken(p.PID, p.Version, p.EUID), p.PPID, p.Flags, p.Platform, p.CDHash, jsonString(p.SigningID), jsonString(p.TeamID), jsonFile(&p.Executable))
	if version >= 3 {
		s += fmt.Sprintf(`,"start_time":%q`, time.Unix(p.StartSec, int64(p.StartUsec)*1000).UTC().Format("2006-01-02T15:04:05.000000Z"))
	}
	if version >= 4 {
		s += fmt.Sprintf(`,"responsible_audit_token":%s,"parent_audit_token":%s`, jsonToken(p.ResponsiblePID, 3, 501), jsonToken(p.ParentPID, 4, 501))
	}
	return s + "}"
}

func jsonBody(m *simulator.Message) string {
	destination := `"existing_file":` + jsonFile(&m.Target)
	if m.Destination == 1 {
		destination = `"new_path":{"dir":` + jsonFile(&m.Dir) + `,"filename":` + jsonString(m.Name) + `}`
	}
	switch eventNames[m.Type] {
	case "exec":
		return `{"target":` + jsonProcess(&m.Subject, m.Version) + `}`
	case "fork":
		return `{"child":` + jsonProcess(&m.Subject, m.Version) + `}`
	case "exit":
		return `{"stat":9}`
	case "open":
		return `{"fflag":1,"file":` + jsonFile(&m.Target) + `}`
	case "close":
		mapped := ""
		if m.Version >= 6 {
			mapped = fmt.Sprintf(`,"was_mapped_writable":%v`, m.MappedWritable)
		}
		return fmt.Sprintf(`{"modified":%v,"target":%s%s}`, m.Modified, jsonFile(&m.Target), mapped)
	case "create":
		return fmt.Sprintf(`{"destination_type":%d,"destination":{%s}}`, m.Destination, destination)
	case "rename":
		return fmt.Sprintf(`{"source":%s,"destination_type":%d,"destination":{%s}}`, jsonFile(&m.Source), m.Destination, destination)
	case "link":
		return fmt.Sprintf(`{"source":%s,"target_dir":%s,"target_filename":%s}`, jsonFile(&m.Source), jsonFile(&m.Dir), jsonString(m.Name))
	case "clone", "copyfile":
		return fmt.Sprintf(`{"source":%s,"target_dir":%s,"target_name":%s}`, jsonFile(&m.Source), jsonFile(&m.Dir), jsonString(m.Name))
	case "exchangedata":
		return fmt.Sprintf(`{"file1":%s,"file2":%s}`, jsonFile(&m.Source), jsonFile(&m.Target))
	}
	return `{"target":` + jsonFile(&m.Target) + `}`
}

// hexed shortens what a failing test prints.
func hexed(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
