package findings

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// quietPrograms is a window of a few programs of each of some origins.
func quietPrograms(origins, each int) *summaries.Summary {
	s := &summaries.Summary{Window: summaries.Window{Start: 1e18, End: 1e18 + windowLength, Hop: windowLength}}
	for o := range origins {
		var list []summaries.Program
		for i := range each {
			list = append(list, program(fmt.Sprintf("/bin/%d", i), esbridge.Write, 1, "/x"))
		}
		with(s, fmt.Sprintf("origin-%d", o), list...)
	}
	return s
}

// storm is a window of new programs of an origin.
func storm(origin string, n int, next *int) *summaries.Summary {
	var list []summaries.Program
	for range n {
		*next++
		list = append(list, program(fmt.Sprintf("/tmp/storm/%d", *next), esbridge.Write, 1, "/x"))
	}
	return tile(origin, list...)
}

// Law 4 in the table of programs: whatever number of programs an origin starts, others keep
// theirs, up to their share, and so does the origin those that are active longer.
func TestStormPushesNobodyOut(t *testing.T) {
	d := detector(t, Config{Programs: 64})
	next := 0
	for range 3 {
		observe(t, d, quietPrograms(3, 16)) // 48 programs: three shares of 64/4
	}
	observe(t, d, tile("evil", program("/bin/old", esbridge.Write, 1, "/x")))
	for range 50 {
		observe(t, d, storm("evil", 500, &next))
	}
	for o := range 3 {
		for i := range 16 {
			if d.history.find(identify(fmt.Sprintf("origin-%d", o), fmt.Appendf(nil, "/bin/%d", i), nil)) == nil {
				t.Errorf("program %d of origin %d is forgotten", i, o)
			}
		}
	}
	if d.history.find(identify("evil", []byte("/bin/old"), nil)) == nil {
		t.Error("a storm pushed out an older program of its own origin")
	}
	if n := len(d.history.entries); n != 64 || len(d.history.index) != 64 {
		t.Errorf("%d entries, %d in the index", n, len(d.history.index))
	}
}

// A storm came first: an origin that comes later takes its share from it.
func TestLateOriginGetsItsShare(t *testing.T) {
	d := detector(t, Config{Programs: 64})
	next := 0
	for range 20 {
		observe(t, d, storm("evil", 500, &next))
	}
	observe(t, d, quietPrograms(3, 16))
	for o := range 3 {
		for i := range 16 {
			if d.history.find(identify(fmt.Sprintf("origin-%d", o), fmt.Appendf(nil, "/bin/%d", i), nil)) == nil {
				t.Errorf("program %d of origin %d found no room", i, o)
			}
		}
	}
}

// Random admissions: sums over the table agree, and no origin below its share loses anybody.
func TestHistoryKeepsShares(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	h := newHistory(40)
	for step := range 5000 {
		before := map[identity]int32{}
		for k, n := range h.members {
			before[k] = n
		}
		origin := identify(fmt.Sprint(r.IntN(1+step/500)), nil, nil)
		key := identify(fmt.Sprint(r.IntN(500)), []byte("x"), origin[:])
		if e := h.find(key); e != nil {
			e.seen()
			continue
		}
		h.admit(key, origin)
		total := int32(0)
		for k, n := range h.members {
			total += n
			if share := cap(h.entries) / len(h.members); k != origin && n < before[k] && int(before[k]) <= share {
				t.Fatalf("step %d: an origin with %d of a share of %d lost one", step, before[k], share)
			}
		}
		if int(total) != len(h.entries) || len(h.index) != len(h.entries) || h.find(key) == nil {
			t.Fatalf("step %d: %d members, %d indexed, %d entries", step, total, len(h.index), len(h.entries))
		}
	}
}

// The memory of a detector does not grow with what it sees.
func TestMemoryIsFixed(t *testing.T) {
	d := detector(t, Config{Programs: 256})
	next := 0
	for range 20 {
		observe(t, d, storm("evil", 500, &next))
	}
	before := heap()
	for i := range 60 {
		observe(t, d, storm(fmt.Sprintf("evil-%d", i%20), 500, &next))
	}
	if after := heap(); after > before+256<<10 {
		t.Errorf("grew from %d to %d bytes", before, after)
	}
	runtime.KeepAlive(d)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What is not used is forgotten before what is, in time.
func TestHistoryDecays(t *testing.T) {
	h := newHistory(2)
	origin := identify("o", nil, nil)
	old, busy := identify("o", []byte("old"), nil), identify("o", []byte("busy"), nil)
	for range 100 {
		h.admitOrFind(old, origin).seen()
	}
	for range 8 {
		h.age(day)
	}
	for range 2 {
		h.admitOrFind(busy, origin).seen()
	}
	h.admit(identify("o", []byte("new"), nil), origin)
	if h.find(old) != nil || h.find(busy) == nil {
		t.Error("the program of last week was kept, that of today forgotten")
	}
}

func (h *history) admitOrFind(key, origin identity) *entry {
	if e := h.find(key); e != nil {
		return e
	}
	return h.admit(key, origin)
}

// A storm of findings by one origin leaves the first of each other one its place.
func TestFindingsAreShared(t *testing.T) {
	d := learned(t, "unsigned", "/bin/a", 1, "/x")
	var list []summaries.Program
	for i := range 300 {
		list = append(list, program(fmt.Sprintf("/tmp/evil-%d", i), esbridge.Write, 1_000_000-uint64(i), "/etc/x"))
	}
	s := tile("unsigned", list...)
	with(s, "user:501", program("/home/sam/bin/quiet", esbridge.Write, 1, "/home/sam/.ssh/authorized_keys"))
	s.Ledger.KernelDropped = s.Events
	r := d.Observe(s)
	if len(r.Findings) != MaxFindings || r.LeftOut != 300+300+1+1-MaxFindings {
		t.Fatalf("%d findings, %d left out", len(r.Findings), r.LeftOut)
	}
	if has(r.Findings, NewWriter, "/home/sam/bin/quiet") == nil || has(r.Findings, Blind, "") == nil || has(r.Findings, Flood, "/tmp/evil-0") == nil {
		t.Errorf("%+v", r.Findings)
	}
	if last := r.Findings[MaxFindings-1].Text; !strings.HasSuffix(last, fmt.Sprintf("(and %d more findings, left out)", r.LeftOut)) {
		t.Errorf("the last says %q", last)
	}
}

// Whatever names there are, all findings take less than 6 KiB of a frame.
func TestFindingsAreBounded(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 1000), strings.Repeat("\xff", 1000), strings.Repeat("\u202e", 300), strings.Repeat("ü", 500), "\x00", "\x1b[2J"} {
		d := learned(t, "unsigned", "/bin/a", 1, "/x")
		var list []summaries.Program
		for i := range 20 {
			g := program(fmt.Sprintf("/%s/%d", name, i), esbridge.Write, math.MaxUint64/64, "/etc/"+name)
			g.Processes[0].PID, g.Processes[0].EUID, g.Processes[0].ResponsiblePID = math.MinInt32, math.MaxUint32, math.MaxInt32
			g.Processes[0].Peak = summaries.Peak{Events: math.MaxUint64, Per: math.MaxInt64}
			g.Seen.Estimate, g.Seen.StdError = math.MaxUint64, 0.01
			list = append(list, g)
		}
		s := tile(name, list...)
		s.Machine.Source = name
		with := *s
		with.Findings = observe(t, d, s)
		size := func(s *summaries.Summary) int {
			frame, err := summaries.AppendFrame(nil, s, summaries.MaxFrameSize)
			if err != nil {
				t.Fatal(err)
			}
			h, _ := summaries.ParseHeader(frame)
			return h.PayloadSize
		}
		if n := size(&with) - size(s); n > 6<<10 || len(with.Findings) != MaxFindings {
			t.Errorf("%d findings of %d bytes", len(with.Findings), n)
		}
		for _, f := range with.Findings {
			if strings.ContainsAny(f.Text, "\u202e\x1b\x00") {
				t.Errorf("text %q acts on a terminal", f.Text)
			}
		}
	}
}

// The same summaries give the same findings.
func TestDeterministic(t *testing.T) {
	run := func() (all []summaries.Finding) {
		d, next := detector(t, Config{Programs: 32}), 0
		for i := range 30 {
			s := storm(fmt.Sprintf("evil-%d", i%3), 100, &next)
			with(s, "quiet", program("/bin/q", esbridge.Write, uint64(i)*1000, "/etc/x", "/y"))
			all = append(all, observe(t, d, s)...)
		}
		return all
	}
	if a, b := run(), run(); len(a) == 0 || !reflect.DeepEqual(a, b) {
		t.Error("two runs differ")
	}
}

func TestConfig(t *testing.T) {
	for _, cfg := range []Config{{FloodRate: -1}, {SpreadRate: math.NaN()}, {Memory: -1}, {Learn: -1}, {Programs: -1}, {Programs: 1 << 30}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v: accepted", cfg)
		}
	}
}
