package store

import (
	"fmt"
	"strings"
	"testing"
)

// The queries' plans: each step of all but the small tables is a search by the index that
// was made for it, in its order, so that nothing is sorted or read through.
func TestQueryPlans(t *testing.T) {
	s, m := newStore(t, Config{}), newMaker(1)
	m.fill(t, s, noon, 20)
	whole, open := piece{level: Raw}, piece{level: Raw, open: true}
	for name, c := range map[string]struct {
		query string
		args  int
		want  []string
	}{
		"heads":       {whole.headsQuery(), 3, []string{"SEARCH windows USING PRIMARY KEY (level=? AND start_ns>? AND start_ns<?)"}},
		"open heads":  {open.headsQuery(), 3, []string{"SEARCH windows USING INDEX windows_open (level=? AND start_ns>? AND start_ns<?)"}},
		"cost":        {whole.costQuery(), 4, []string{"SEARCH windows USING PRIMARY KEY (level=? AND start_ns>? AND start_ns<?)"}},
		"roll up":     {openQuery, 5, []string{"SEARCH w USING INDEX windows_open (level=? AND start_ns>? AND start_ns<?)", "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)"}},
		"parent":      {parentQuery, 5, []string{"SEARCH w USING INDEX windows_open (level=? AND start_ns>? AND start_ns<?)", "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)"}},
		"oldest":      {oldestQuery, 3, []string{"SEARCH windows USING PRIMARY KEY (level=? AND start_ns<?)"}},
		"one origin":  {originQuery, 4, []string{"SEARCH o USING COVERING INDEX sqlite_autoindex_origins_1 (name=?)", "SEARCH r USING INDEX origin_rows_by_origin (origin=? AND level=? AND start_ns>? AND start_ns<?)"}},
		"one program": {programQuery, 4, []string{"SEARCH p USING COVERING INDEX sqlite_autoindex_programs_1 (key=?)", "SEARCH r USING INDEX program_rows_by_program (program=? AND level=? AND start_ns>? AND start_ns<?)"}},
		"frame":       {"SELECT packed FROM frames WHERE window = ?", 1, []string{"SEARCH frames USING INTEGER PRIMARY KEY (rowid=?)"}},
		"programs at": {programColumns + "WHERE p.path = ? ORDER BY p.id LIMIT 1000", 1, []string{"SEARCH p USING INDEX programs_by_path (path=?)", "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)"}},
		"next id":     {nextIDQuery, 0, []string{"SEARCH windows USING COVERING INDEX windows_by_id"}},
		"run":         {runQuery, 2, []string{"SEARCH runs USING PRIMARY KEY (source=? AND first_seq<?)"}},
		"raw window":  {rawWindowQuery, 2, []string{"SEARCH windows USING INDEX windows_by_source (source=? AND first_seq<?)"}},
		"first to go": {firstDeletableQuery, 1, []string{"SEARCH windows USING PRIMARY KEY (level=?)"}},
		"window list": {windowColumns + "WHERE w.level = ? AND w.start_ns >= ? AND w.start_ns < ? ORDER BY w.start_ns, w.id LIMIT ?", 4,
			[]string{"SEARCH w USING PRIMARY KEY (level=? AND start_ns>? AND start_ns<?)", "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plan(t, s, c.query, c.args); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("plan\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// Forgetting names reads through the few origins and sources, and searches all else: how many
// programs there are is for those to decide who make executables.
func TestForgettingPlans(t *testing.T) {
	s, m := newStore(t, Config{}), newMaker(1)
	m.fill(t, s, noon, 20)
	for query, args := range map[string]int{forgetOrigins: 0, forgetPrograms: 2, forgetSources: 0} {
		for _, step := range plan(t, s, query, args) {
			if strings.HasPrefix(step, "SCAN ") && step != "SCAN origins" && step != "SCAN sources" {
				t.Errorf("%s in\n%s", step, query)
			}
		}
	}
}

func plan(t *testing.T, s *Store, query string, args int) (steps []string) {
	t.Helper()
	values := make([]any, args)
	for i := range values {
		values[i] = 1
	}
	rows, err := s.reader.Query("EXPLAIN QUERY PLAN "+query, values...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	return steps
}
