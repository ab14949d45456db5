package eslogger

import (
	"strings"

	"summarizer/esbridge"
)

var wantedNames = strings.Fields(`time event_type seq_num global_seq_num action result auth process event
	audit_token parent_audit_token responsible_audit_token ppid codesigning_flags is_platform_binary executable
	cdhash signing_id team_id start_time path stat st_size target source file1 file2 destination existing_file
	new_path dir filename target_dir target_filename target_name modified was_mapped_writable pid pidversion euid
	write create rename unlink close truncate link clone copyfile exchangedata setextattr deleteextattr setmode
	setowner setflags utimes setattrlist setacl`)

// fill sets the kind, the paths and the size of e; missing says that a member is not there.
func (b *oracleBody) fill(name string, e *esbridge.Event) (missing bool) {
	simple := map[string]esbridge.Kind{
		"write": esbridge.Write, "unlink": esbridge.Unlink, "truncate": esbridge.Truncate, "setextattr": esbridge.SetAttr,
		"deleteextattr": esbridge.SetAttr, "setmode": esbridge.SetAttr, "setowner": esbridge.SetAttr,
		"setflags": esbridge.SetAttr, "utimes": esbridge.SetAttr, "setattrlist": esbridge.SetAttr, "setacl": esbridge.SetAttr,
	}
	switch name {
	case "close":
		e.Kind = esbridge.MappedWrite
		if b.Modified == nil {
			return true
		}
		if *b.Modified {
			e.Kind = esbridge.CloseModified
		}
		return b.Target.at(&e.Path, e)
	case "create":
		e.Kind = esbridge.Create
		return b.destination(e)
	case "rename":
		e.Kind = esbridge.Rename
		missing = b.destination(e)
		e.Size, e.HasSize = 0, false
		return missing || b.Source.at(&e.SourcePath, e)
	case "link":
		e.Kind = esbridge.Link
		return inDir(b.Dir, b.LinkName, e) || b.Source.at(&e.SourcePath, e)
	case "clone", "copyfile":
		e.Kind = map[string]esbridge.Kind{"clone": esbridge.Clone, "copyfile": esbridge.Copy}[name]
		return inDir(b.Dir, b.TargetName, e) || b.Source.at(&e.SourcePath, e)
	case "exchangedata":
		e.Kind = esbridge.Exchange
		missing = b.File2.at(&e.Path, e) || b.File1.at(&e.SourcePath, e)
		e.Size, e.HasSize = 0, false
		return missing
	}
	e.Kind = simple[name]
	return b.Target.at(&e.Path, e)
}

func (b *oracleBody) destination(e *esbridge.Event) (missing bool) {
	switch d := b.Destination; {
	case d == nil:
		return true
	case d.Existing.known():
		return d.Existing.at(&e.Path, e)
	case d.New == nil:
		return true
	default:
		return inDir(d.New.Dir, d.New.Filename, e)
	}
}

func inDir(dir *oracleFile, name *string, e *esbridge.Event) (missing bool) {
	if !dir.known() || name == nil || *name == "" {
		return true
	}
	if *dir.Path != "" {
		e.Path = []byte(strings.TrimSuffix(*dir.Path, "/") + "/" + *name)
	}
	// A directory that is not absolute is one even if the name makes the path look so.
	if *dir.Path != "" && (*dir.Path)[0] != '/' {
		e.Path = []byte("relative")
	}
	return false
}

func (f *oracleFile) at(path *[]byte, e *esbridge.Event) (missing bool) {
	if !f.known() {
		return true
	}
	*path = orEmpty(f.Path)
	if f.Stat != nil && f.Stat.Size != nil {
		e.Size, e.HasSize = int64(*f.Stat.Size), true
	}
	return false
}
