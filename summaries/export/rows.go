package export

import "summarizer/summaries"

// row is a path row with all that is above it.
type row struct {
	summary *summaries.Summary
	origin  *summaries.Origin
	program *summaries.Program // nil for the folded programs of an origin
	process *summaries.Process // nil for folded programs or processes
	path    *summaries.Path
	// lowerBound says that the one it belongs to could not be counted exactly.
	lowerBound bool
}

// Whose a row is.
const (
	ofProcess       = "process"
	ofOtherProcess  = "other_processes"
	ofOtherPrograms = "other_programs"
)

func (r *row) owner() string {
	switch {
	case r.process != nil:
		return ofProcess
	case r.program != nil:
		return ofOtherProcess
	}
	return ofOtherPrograms
}

func (r *row) scope() string {
	if r.path.Directory {
		return "directory"
	}
	return "file"
}

// eachRow calls visit with every path row of s, in the order of the summary; the row is
// valid until visit returns. It stops at the first error.
func eachRow(s *summaries.Summary, visit func(*row) error) error {
	r := row{summary: s}
	for i := range s.Origins {
		r.origin = &s.Origins[i]
		for j := range r.origin.Programs {
			r.program = &r.origin.Programs[j]
			if err := r.eachOfProgram(visit); err != nil {
				return err
			}
		}
		r.program, r.lowerBound = nil, s.LowerBound || r.origin.Other.LowerBound
		if err := r.each(r.origin.Other.Paths, visit); err != nil {
			return err
		}
	}
	return nil
}

func (r *row) eachOfProgram(visit func(*row) error) error {
	for i := range r.program.Processes {
		r.process = &r.program.Processes[i]
		r.lowerBound = r.summary.LowerBound || r.process.LowerBound
		if err := r.each(r.process.Paths, visit); err != nil {
			return err
		}
	}
	r.process, r.lowerBound = nil, r.summary.LowerBound || r.program.Other.LowerBound
	return r.each(r.program.Other.Paths, visit)
}

func (r *row) each(paths []summaries.Path, visit func(*row) error) error {
	for i := range paths {
		r.path = &paths[i]
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}
