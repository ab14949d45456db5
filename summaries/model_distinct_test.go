package summaries

import (
	"math"
	"testing"
)

// checkDistinct holds the distinct counts of a summary against the model, at every level.
//
// An executable that several origins use is as many rows, but one member of the machine's
// sketch: the machine's count is held between the two.
func (m *model) checkDistinct(t *testing.T, s *Summary) {
	t.Helper()
	type execution struct {
		program string
		id      modelID
	}
	programRows, processRows := 0, 0
	programs, processes, paths := map[string]bool{}, map[execution]bool{}, map[string]bool{}
	for _, o := range m.origins {
		programRows += len(o.programs)
		for exe, g := range o.programs {
			programs[exe] = true
			processRows += len(g.processes)
			for id, p := range g.processes {
				processes[execution{exe, id}] = true
				for path := range p.paths {
					paths[path] = true
				}
			}
		}
	}
	delete(paths, "")
	checkSeen(t, "programs of the machine", &s.Programs, len(programs), programRows)
	checkSeen(t, "processes of the machine", &s.Procs, len(processes), processRows)
	checkSeen(t, "paths of the machine", &s.Paths, len(paths), len(paths))
	for i := range s.Origins {
		row := &s.Origins[i]
		if o := m.origins[row.Name]; o != nil {
			n := len(o.programs)
			checkSeen(t, "programs of "+row.Name, &row.Seen, less(n, m.othersBound(s)), n)
			o.checkDistinct(t, row)
		}
	}
}

func (o *modelOrigin) checkDistinct(t *testing.T, row *Origin) {
	t.Helper()
	for i := range row.Programs {
		g := &row.Programs[i]
		truth := o.programs[string(g.Path)]
		n := len(truth.processes)
		checkSeen(t, "processes of "+string(g.Path), &g.Seen, less(n, g.MissedMax), n)
		for j := range g.Processes {
			p := &g.Processes[j]
			paths := truth.processes[modelID{p.PID, p.Version}].paths
			n := len(paths)
			if _, lost := paths[""]; lost {
				n--
			}
			checkSeen(t, "paths of a process of "+string(g.Path), &p.Seen, less(n, p.MissedMax), n)
		}
	}
}

// less is how many of n members a row has surely seen that may miss so many events: each of
// them can have been one more member.
func less(n int, missed uint64) int { return n - int(min(missed, uint64(n))) }

// checkSeen: the truth is between least and most. An exact count is one of those, an
// estimate within six standard errors of them: random seeds make too many estimates for
// four, which TestDistinct holds over fixed ones. What was merged without sketches is no
// better than its parts, of which the worst have 128 registers.
func checkSeen(t *testing.T, what string, d *Distinct, least, most int) {
	t.Helper()
	err, n := d.StdError, float64(d.Estimate)
	if d.AtMost {
		err, most = 1.04/math.Sqrt(1<<registerPrecision), math.MaxInt
	}
	if err == 0 && (n < float64(least) || n > float64(most)) ||
		n < float64(least)*(1-6*err)-3 || n > float64(most)*(1+6*err)+3 {
		t.Fatalf("%s: %d seen (standard error %.3f, at most: %v), in truth %d to %d", what, d.Estimate, d.StdError, d.AtMost, least, most)
	}
}
