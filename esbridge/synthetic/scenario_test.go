package synthetic

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"summarizer/esbridge"
)

// allNames are all scenarios and all their quiet variants.
func allNames() (names []string) {
	for _, n := range Names() {
		names = append(names, n, n+quietSuffix)
	}
	return names
}

func lookup(t testing.TB, name string, seed uint64) *Scenario {
	t.Helper()
	s, err := Lookup(name, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// digest depends on all that an event says.
func digest(s *Scenario, n uint64) uint64 {
	h := fnv.New64a()
	var buf []byte
	s.Generate(n, func(e *esbridge.Event) bool {
		p := e.Process
		buf = fmt.Appendf(buf[:0], "%d %q %q %d %d %d %d %v|", e.Kind, e.Path, e.SourcePath, e.Count, e.First, e.Last, e.Size, e.HasSize)
		buf = fmt.Appendf(buf, "%d %d %d %d %d %q %x %q %q %q %d\n", p.PID, p.PPID, p.EUID, p.Version, p.Start, p.Executable, p.CDHash, p.SigningID, p.TeamID, p.Origin, p.Inode)
		h.Write(buf)
		return true
	})
	return h.Sum64()
}

// The digests were made on linux/amd64; any other machine has to reproduce them.
func TestScenariosAreTheSameEverywhere(t *testing.T) {
	for _, name := range Names() {
		got := digest(lookup(t, name, 42), 5000)
		if got != golden[name] {
			t.Errorf("%q: %#x, want %#x", name, got, golden[name])
		}
	}
	for _, random := range []string{"zipf", "attack-mix", "quiet-desktop", "browser"} {
		if digest(lookup(t, random, 1), 1000) == digest(lookup(t, random, 2), 1000) {
			t.Errorf("%s does not depend on its seed", random)
		}
	}
}

type identity struct {
	pid     int32
	version uint64
	start   int64
}

// truth is an exact model of what a scenario did.
type truth struct {
	programs, paths map[string]uint64
	processes       map[identity]uint64
	pids            map[int32]bool
	events          uint64
	bytes           int // of all paths
}

func observe(t *testing.T, s *Scenario, n uint64) *truth {
	t.Helper()
	m := &truth{programs: map[string]uint64{}, paths: map[string]uint64{}, processes: map[identity]uint64{}, pids: map[int32]bool{}}
	last := Epoch - 1
	s.Generate(n, func(e *esbridge.Event) bool {
		if problem := wellFormed(e); problem != "" || e.First <= last {
			t.Fatalf("event %d: %s: %+v", m.events, problem, e)
		}
		last = e.Last
		m.programs[string(e.Process.Executable)]++
		m.paths[string(e.Path)]++
		m.processes[identity{e.Process.PID, e.Process.Version, e.Process.Start}]++
		m.pids[e.Process.PID] = true
		m.events += e.Count
		m.bytes += len(e.Path)
		return true
	})
	return m
}

func wellFormed(e *esbridge.Event) string {
	switch {
	case e.Process == nil || len(e.Process.Executable) == 0 || len(e.Process.Origin) == 0 || e.Process.PID <= 0:
		return "no process"
	case e.Count != 1 || e.First != e.Last || int(e.Kind) >= esbridge.NumKinds:
		return "count, times or kind"
	case len(e.Path) == 0 || e.Path[0] != '/' || len(e.Path) > linuxPathMax || !utf8.Valid(e.Path):
		return "path"
	case e.Path[len(e.Path)-1] == '/' || strings.Contains(string(e.Path), "//"):
		return "a path that is no file"
	case (e.Kind == esbridge.Rename) != (len(e.SourcePath) > 0):
		return "source path"
	}
	for part := range strings.SplitSeq(string(e.Path), "/") {
		if len(part) > nameMax {
			return "a name no file system takes"
		}
	}
	return ""
}

// What a scenario says it does is what it does, at every length.
func TestExpectIsTrue(t *testing.T) {
	for _, name := range allNames() {
		t.Run(name, func(t *testing.T) {
			s := lookup(t, name, 7)
			for _, n := range []uint64{0, 1, 2, 3, 4, 5, 6, 99, 100, 101, 250, 251, 252, 513, 1001, 1002, 8000} {
				got, want := observe(t, s, n), s.Expect(n)
				if got.events != n || want.Events != n {
					t.Errorf("%d events, expected %d, asked for %d", got.events, want.Events, n)
				}
				check(t, n, want.AtMost, "programs", len(got.programs), want.Programs)
				check(t, n, want.AtMost, "processes", len(got.processes), want.Processes)
				check(t, n, want.AtMost, "paths", len(got.paths), want.Paths)
				checkQuiet(t, s, got, n)
			}
		})
	}
}

func check(t *testing.T, n uint64, atMost bool, what string, got int, want uint64) {
	t.Helper()
	if uint64(got) > want || !atMost && uint64(got) != want {
		t.Errorf("%d events: %d %s, expected %d (at most: %v)", n, got, what, want, atMost)
	}
}

func checkQuiet(t *testing.T, s *Scenario, m *truth, n uint64) {
	t.Helper()
	want := uint64(0)
	if s.quiet && n > 0 {
		want = 1
	}
	if m.programs[QuietProgram] != want || m.paths[QuietPath] != want {
		t.Errorf("%d events: quiet program %d, quiet path %d, want %d", n, m.programs[QuietProgram], m.paths[QuietPath], want)
	}
}

func TestLookup(t *testing.T) {
	for _, name := range allNames() {
		if s := lookup(t, name, 1); s.Name() != name {
			t.Errorf("%q has the name %q", name, s.Name())
		}
	}
	for _, bad := range []string{"", "flood", "+quiet", "zipf+quiet+quiet", "ZIPF"} {
		_, err := Lookup(bad, 1)
		if err == nil {
			t.Errorf("%q was found", bad)
			continue
		}
		for _, name := range append(Names(), quietSuffix) {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%q: error does not list %s: %v", bad, name, err)
			}
		}
	}
}

func TestGenerateStops(t *testing.T) {
	calls := 0
	lookup(t, "zipf", 1).Generate(1000, func(*esbridge.Event) bool { calls++; return calls < 600 })
	if calls != 600 {
		t.Errorf("%d calls", calls)
	}
}

// A million events of the floods have what their names promise.
func TestFloodsAtScale(t *testing.T) {
	if testing.Short() {
		t.Skip("makes more than a million events")
	}
	paths := make(map[string]struct{}, distinctPaths)
	lookup(t, "distinct-flood", 1).Generate(distinctPaths+5, func(e *esbridge.Event) bool {
		paths[string(e.Path)] = struct{}{}
		return true
	})
	if len(paths) != distinctPaths {
		t.Errorf("distinct-flood: %d paths", len(paths))
	}
	storm := observe(t, lookup(t, "fork-storm", 1), 110_000)
	if pids := lastPID - firstPID + 1; len(storm.pids) != pids || len(storm.processes) != 110_000 {
		t.Errorf("fork-storm: %d pids of %d, %d processes", len(storm.pids), pids, len(storm.processes))
	}
	hidden := observe(t, lookup(t, "hidden-heavy-hitter", 1), 50_000)
	for path, count := range hidden.paths {
		if want := uint64(1); path == HeavyPath && count != 50_000/HeavyEvery || path != HeavyPath && count != want {
			t.Fatalf("hidden-heavy-hitter: %s %d times", path, count)
		}
	}
}

func TestAttackMix(t *testing.T) {
	m := observe(t, lookup(t, "attack-mix", 3), 50_000)
	if m.programs[attacker.path] != 45_000 {
		t.Errorf("the attacker makes %d of 50000 events", m.programs[attacker.path])
	}
	most := uint64(0)
	for id, count := range m.processes {
		if id.version > zipfProcesses && count != 10 {
			t.Fatalf("attacking process %v makes %d events", id, count)
		}
		most = max(most, count)
	}
	if most < 50 {
		t.Errorf("the busiest process makes %d events: the background is no Zipf's law", most)
	}
}

// Ranks follow the stated distribution: the largest distance of the cumulative counts from it
// is within the bound of Kolmogorov and Smirnov for a level of 10^-6.
func TestZipf(t *testing.T) {
	const members, n = 1000, 200_000
	g := lookup(t, "zipf", 9).generator(0)
	counts := make([]float64, members)
	for range n {
		counts[g.zipf(members)]++
	}
	sum := 0.0
	for k, c := range counts {
		sum += c
		want := (1 - math.Pow(float64(k+2), -0.1)) / (1 - math.Pow(members+1, -0.1))
		if math.Abs(sum/n-want) > 2.7/math.Sqrt(n) {
			t.Fatalf("P(rank <= %d) is %.4f, want %.4f", k, sum/n, want)
		}
	}
}

func TestPathLengths(t *testing.T) {
	for _, name := range []string{"zipf", "distinct-flood", "attack-mix", "compile", "unpack", "backup", "browser"} {
		m := observe(t, lookup(t, name, 5), 10_000)
		if mean := float64(m.bytes) / 10_000; mean < 65 || mean > 95 {
			t.Errorf("%s: paths are %.1f bytes long on average", name, mean)
		}
	}
	lengths, levels := map[int]bool{}, 0
	for path := range observe(t, lookup(t, "deep-paths", 5), 1000).paths {
		lengths[len(path)] = true
		levels = max(levels, strings.Count(path, "/"))
	}
	if !lengths[macPathMax] || !lengths[linuxPathMax] || levels < 400 || len(lengths) < 100 {
		t.Errorf("deep-paths: %d lengths, %d levels", len(lengths), levels)
	}
}

func TestNoAllocationsPerEvent(t *testing.T) {
	for _, name := range Names() {
		g := lookup(t, name, 1).generator(0)
		for range 50 {
			g.fill(BatchSize, Epoch)
		}
		if n := testing.AllocsPerRun(20, func() { g.fill(BatchSize, Epoch) }); n != 0 {
			t.Errorf("%s allocates %g times a batch", name, n)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, name := range []string{"one-file-flood", "distinct-flood", "fork-storm", "attack-mix", "zipf"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var sum uint64
			lookup(b, name, 1).Generate(uint64(b.N), func(e *esbridge.Event) bool {
				sum += uint64(binary.LittleEndian.Uint32(e.Path))
				return true
			})
		})
	}
}
