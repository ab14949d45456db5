package endpointsecurity

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity/simulator"
)

// TestHostile: what is missing or out of range is counted by reason.
func TestHostile(t *testing.T) {
	long := simulator.String{Bytes: bytes.Repeat([]byte{'/'}, maxPath+1)}
	const write, create, rename, link, exchange = 33, 13, 25, 19, 14
	cases := []struct {
		name      string
		eventType uint32
		change    func(*simulator.Message)
		want      string
	}{
		{"as it was", write, func(*simulator.Message) {}, ""},
		{"no process", write, func(m *simulator.Message) { m.WithoutProcess = true }, "missing_field"},
		{"no target", write, func(m *simulator.Message) { m.WithoutTarget = true }, "missing_field"},
		{"no path", write, func(m *simulator.Message) { m.Target.Path.Null = true }, "missing_field"},
		{"no executable path", write, func(m *simulator.Message) { m.Process.Executable.Path.Null = true }, "missing_field"},
		{"missing comes before bad", write, func(m *simulator.Message) { m.WithoutTarget, m.Process.PID = true, -1 }, "missing_field"},
		{"relative path", write, func(m *simulator.Message) { m.Target.Path = simulator.Text("tmp") }, "bad_field"},
		{"relative source", rename, func(m *simulator.Message) { m.Source.Path = simulator.Text("tmp") }, "bad_field"},
		{"absurd length", write, func(m *simulator.Message) { m.AbsurdPathBytes = math.MaxUint64 }, "bad_field"},
		{"length beyond the memory", write, func(m *simulator.Message) { m.AbsurdPathBytes = maxPath }, "bad_field"},
		{"path too long", write, func(m *simulator.Message) { m.Target.Path = long }, "bad_field"},
		{"team too long", write, func(m *simulator.Message) { m.Process.TeamID = long }, "bad_field"},
		{"signing id too long", write, func(m *simulator.Message) { m.Process.SigningID = long }, "bad_field"},
		{"executable too long", write, func(m *simulator.Message) { m.Process.Executable.Path = long }, "bad_field"},
		{"joined path too long", link, func(m *simulator.Message) {
			m.Dir.Path, m.Name = simulator.String{Bytes: long.Bytes[:maxPath]}, simulator.Text("x")
		}, "bad_field"},
		{"negative pid", write, func(m *simulator.Message) { m.Process.PID = -1 }, "bad_field"},
		{"absurd time", write, func(m *simulator.Message) { m.Sec = math.MaxInt64 / 1_000_000_000 }, "bad_field"},
		{"absurd nanoseconds", write, func(m *simulator.Message) { m.Nsec = 1e9 }, "bad_field"},
		{"absurd start", write, func(m *simulator.Message) { m.Process.StartSec = math.MinInt64 }, "bad_field"},
		{"negative start", write, func(m *simulator.Message) { m.Process.StartUsec = -1 }, "bad_field"},
		{"absurd start of a version without", write, func(m *simulator.Message) { m.Version, m.Process.StartSec = 2, math.MinInt64 }, ""},
		{"negative size", write, func(m *simulator.Message) { m.Target.Size = -5 }, ""},
		{"no destination", create, func(m *simulator.Message) { m.Destination = 2 }, "missing_field"},
		{"no name", rename, func(m *simulator.Message) { m.Destination, m.Name = 1, simulator.Text("") }, "missing_field"},
		{"NULL name", link, func(m *simulator.Message) { m.Name.Null = true }, "missing_field"},
		{"no file2", exchange, func(m *simulator.Message) { m.WithoutTarget = true }, "missing_field"},
		{"version 0", write, func(m *simulator.Message) { m.Version, m.WithoutTarget = 0, true }, "unsupported"},
		{"version of tomorrow", write, func(m *simulator.Message) { m.Version = math.MaxUint32 }, ""},
		{"type of tomorrow", write, func(m *simulator.Message) { m.Type = 1000; m.WithoutProcess = true }, "ignored"},
		{"type absurd", write, func(m *simulator.Message) { m.Type = math.MaxUint32 }, "ignored"},
		{"exec of nothing still counts", 9, func(m *simulator.Message) { m.Subject.Executable.Path.Null = true }, "exec"},
	}
	rng, d := newRand(t), NewDecoder()
	for _, c := range cases {
		m := simulator.Random(rng, 9, []uint32{c.eventType})
		m.Denied, m.Destination = false, 0
		c.change(m)
		if got := judge(t, d, m.Image()); got.tally != c.want {
			t.Errorf("%s: counted as %+v, want %q", c.name, got, c.want)
		}
	}
}

// TestUnreadable: a message that lies, in part, where nothing can be read is counted.
func TestUnreadable(t *testing.T) {
	rng, d := newRand(t), NewDecoder()
	count := func(m Memory, a uint64) string {
		d.Add(m, a, 0)
		return tallied(&d.Batch(0).Tally)
	}
	if got := count(OwnMemory{}, 0); got != "missing_field" {
		t.Errorf("NULL counted as %q", got)
	}
	if got := count(OwnMemory{}, 100); got != "bad_field" {
		t.Errorf("a message in the zero page counted as %q", got)
	}
	if got := count(Arena{base, make([]byte, 100)}, math.MaxUint64); got != "bad_field" {
		t.Errorf("a message at the end of the address space counted as %q", got)
	}
	everyMessage(rng, 1, func(m *simulator.Message) {
		m.Denied = false
		b := m.Image().At(base)
		for _, n := range []int{0, 50, 207, 208, 223, 224, len(b) / 2, len(b) - 2} {
			judgeBytes(t, d, b[:min(n, len(b))])
		}
	})
}

// TestArena: the edges of what can be read.
func TestArena(t *testing.T) {
	m := Arena{100, []byte("abcdef")}
	for _, c := range []struct {
		a, n uint64
		want string
	}{{100, 6, "abcdef"}, {105, 1, "f"}, {106, 1, ""}, {99, 1, ""}, {100, 7, ""}, {105, math.MaxUint64, ""}, {math.MaxUint64, 2, ""}, {102, 2, "cd"}} {
		if got := m.View(c.a, c.n); string(got) != c.want || got != nil && cap(got) != len(got) {
			t.Errorf("%d bytes at %d: %q", c.n, c.a, got)
		}
	}
	if (OwnMemory{}).View(math.MaxUint64, 2) != nil {
		t.Error("memory that wraps around was read")
	}
}

// TestSharedProcess: events that follow each other share a process only if it is equal.
func TestSharedProcess(t *testing.T) {
	changes := []func(*simulator.Process){
		func(p *simulator.Process) { p.PID++ }, func(p *simulator.Process) { p.Version++ }, func(p *simulator.Process) { p.EUID++ },
		func(p *simulator.Process) { p.PPID = 9 }, func(p *simulator.Process) { p.ResponsiblePID = 9 }, func(p *simulator.Process) { p.StartSec++ },
		func(p *simulator.Process) { p.Executable.Path = simulator.Text("/y") }, func(p *simulator.Process) { p.CDHash[19]++ },
		func(p *simulator.Process) { p.SigningID = simulator.Text("u") }, func(p *simulator.Process) { p.TeamID = simulator.Text("u") },
		func(p *simulator.Process) { p.Flags ^= csAdhoc }, func(p *simulator.Process) { p.Platform = !p.Platform },
	}
	for i, change := range changes {
		d := NewDecoder()
		m := simulator.Random(rand.New(rand.NewPCG(3, 3)), 9, []uint32{33})
		m.Denied, m.Process.Platform, m.Process.Flags, m.Process.TeamID = false, false, 0, simulator.Text("T")
		for step := range 4 {
			if step == 2 {
				change(&m.Process)
			}
			d.Add(Arena{base, m.Image().At(base)}, base, 0)
		}
		e := d.Batch(0).Events
		if len(e) != 4 || e[0].Process != e[1].Process || e[1].Process == e[2].Process || e[2].Process != e[3].Process {
			t.Errorf("change %d: processes are shared wrongly", i)
		}
	}
}

// FuzzDecode: whatever a message says, it counts once, and what comes of it lies in its memory.
func FuzzDecode(f *testing.F) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, version := range []uint32{2, 3, 4, 6, 11} {
		for _, eventType := range simulator.Types() {
			m := simulator.Random(rng, version, []uint32{eventType})
			f.Add(m.Image().At(base))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewDecoder()
		d.OnStep = func(s *Step) { checkText(t, b, s.Process.Executable) }
		v := judgeBytes(t, d, b)
		for _, e := range d.batch.out.Events {
			p := e.Process
			for _, text := range [][]byte{p.Executable, p.CDHash, p.SigningID, p.TeamID} {
				checkText(t, b, text)
			}
			if len(e.Path) > 0 && e.Path[0] != '/' || len(e.SourcePath) > 0 && e.SourcePath[0] != '/' || len(e.Path) > maxPath {
				t.Errorf("paths %q and %q", e.Path, e.SourcePath)
			}
			if e.Count != 1 || p.PID < 0 || e.Size < 0 || len(p.Origin) == 0 || int(e.Kind) >= esbridge.NumKinds {
				t.Errorf("event %s", v.event)
			}
		}
	})
}

func checkText(t *testing.T, memory, text []byte) {
	if !bytes.Contains(memory, text) {
		t.Errorf("%q is not in the message", text)
	}
}
