package summaries

// FramePart is what one part of a summary takes of its frame, in bytes.
type FramePart struct {
	Name  string // "head", "sketches", "origins", "programs", "processes", "paths"
	Bytes int
}

// FrameParts tells where the bytes of a frame with s went. The sizes are those that fitting
// reckons with (size.go), so that their sum is a little more than the payload.
func FrameParts(s *Summary) []FramePart {
	var sketches, origins, programs, processes, paths int
	registers := func(d *Distinct) int {
		sketches += len(d.Registers)
		return len(d.Registers)
	}
	rows := func(list []Path) {
		var prev []byte
		for i := range list {
			paths += pathSize(&list[i], prev, s.Window.Start)
			prev = list[i].Path
		}
	}
	head := headerSize(s) - registers(&s.Programs) - registers(&s.Procs) - registers(&s.Paths)
	for i := range s.Origins {
		o := &s.Origins[i]
		origins += originSize(o) - registers(&o.Seen)
		rows(o.Other.Paths)
		for j := range o.Programs {
			g := &o.Programs[j]
			programs += programSize(g) - registers(&g.Seen)
			rows(g.Other.Paths)
			for k := range g.Processes {
				p := &g.Processes[k]
				processes += processSize(p) - registers(&p.Seen)
				rows(p.Paths)
			}
		}
	}
	return []FramePart{{"head", head}, {"sketches", sketches}, {"origins", origins}, {"programs", programs}, {"processes", processes}, {"paths", paths}}
}
