package native

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"
	"go.uber.org/goleak"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/esbridge/endpointsecurity/simulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if simulatorDir != "" {
			_ = os.RemoveAll(simulatorDir)
		}
		os.Exit(code)
	}))
}

// simLibrary is the simulated libEndpointSecurity as a library that is loaded: another one than
// that which the tests of the transport in C are linked with.
type simLibrary struct {
	library
	reset  func()
	fail   func(n, result uint32)
	refuse func(refuse uint32)
	calls  func() string
	play   func(script *simMessage, n uint32)
	flood  func(f *simFlood)
	wait   func()
	read   func(client uint32, report *simReport)
}

// simMessage and simFlood are sim_message and sim_flood of simulator.h.
type simMessage struct {
	bytes                          *byte
	pointers                       *uint32
	size, pointerCount, dropped, _ uint32
}

type simFlood struct {
	events                                                                            uint64
	processes, threads, files, version, dropEvery, lifecycleEvery, reuse, empty, _, _ uint32
}

// simReport is sim_report.
type simReport struct {
	delivered, dropped [256]uint64
	_                  [640]uint64 // calls
	_, elapsed         uint64      // longest
}

// run delivers a flood to its end.
func (s *simLibrary) run(f simFlood) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(&f)
	s.flood(&f)
	s.wait()
}

// simulatorDir is removed when the tests have ended.
var simulatorDir string

// compileSimulator makes the library, once.
var compileSimulator = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "simulator")
	if err != nil {
		return "", err
	}
	simulatorDir = dir
	path := filepath.Join(dir, "libEndpointSecurity.so")
	// -Bsymbolic: its own functions, not those of the same names in the test.
	out, err := exec.Command("gcc", "-std=gnu11", "-O1", "-shared", "-fPIC", "-Wl,-Bsymbolic", "-o", path, "simulator.c", "-lpthread").CombinedOutput()
	if err != nil {
		path = string(out)
	}
	return path, err
})

func loadSimulator(t testing.TB) *simLibrary {
	t.Helper()
	path, err := compileSimulator()
	if err != nil {
		t.Skipf("no gcc that makes a library: the transport without cgo is not tested: %v %s", err, path)
	}
	var s simLibrary
	if s.library, err = openLibrary(path, path); err != nil {
		t.Fatal(err)
	}
	functions := map[string]any{
		"sim_reset": &s.reset, "sim_fail": &s.fail, "sim_refuse": &s.refuse, "sim_calls": &s.calls,
		"sim_play": &s.play, "sim_start_flood": &s.flood, "sim_wait": &s.wait, "sim_read": &s.read,
	}
	for name, f := range functions {
		found, err := load(path, name)
		if err != nil {
			t.Fatal(err)
		}
		purego.RegisterFunc(f, found[name])
	}
	s.reset()
	return &s
}

func (s *simLibrary) start(t testing.TB, c endpointsecurity.Config, deliver func(*esbridge.Batch)) *run {
	t.Helper()
	return startRunOf(t, newSource(c, func(c endpointsecurity.Config) (clients, error) { return openPure(c, s.library) }), deliver)
}

// playAll delivers a script to its end.
func (s *simLibrary) playAll(script []simulator.Image, dropped func(int) bool) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	list := make([]simMessage, len(script))
	for i := range script {
		image := &script[i]
		image.Pointers = append(image.Pointers, 0) // so that there is one
		m := simMessage{bytes: &image.Bytes[0], pointers: &image.Pointers[0], size: uint32(len(image.Bytes)), pointerCount: uint32(len(image.Pointers) - 1)}
		if dropped(i) {
			m.dropped = 1
		}
		pinner.Pin(m.bytes)
		pinner.Pin(m.pointers)
		list[i] = m
	}
	pinner.Pin(&list[0])
	s.play(&list[0], uint32(len(list)))
	s.wait()
}

// TestBlock: a block has the layout that the compiler gives one.
func TestBlock(t *testing.T) {
	var b block
	want := map[string]uintptr{"isa": 0, "flags": 8, "_": 12, "invoke": 16, "descriptor": 24}
	for i := range reflect.TypeOf(b).NumField() {
		f := reflect.TypeOf(b).Field(i)
		if at, ok := want[f.Name]; !ok || f.Offset != at {
			t.Errorf("%s is at %d, want %d", f.Name, f.Offset, at)
		}
	}
	made := newBlock(1, 2)
	if unsafe.Sizeof(b) != blockSize || made.descriptor.size != blockSize ||
		unsafe.Sizeof(*made.descriptor) != 16 || made.isa != 1 || made.invoke != 2 || made.flags != blockIsGlobal {
		t.Errorf("%+v of %d bytes", made, unsafe.Sizeof(b))
	}
}

// TestPureScript: without cgo, too, random messages become what the decoder makes of them.
func TestPureScript(t *testing.T) {
	sim := loadSimulator(t)
	rng := newRand(t)
	for _, version := range []uint32{simulator.FirstVersion, 4, 9, simulator.LastVersion} {
		sim.reset()
		var script []*simulator.Message
		var images []simulator.Image
		for range 500 {
			m := simulator.Random(rng, version, simulator.Types())
			if rng.IntN(4) == 0 {
				simulator.Spoil(rng, m)
			}
			script = append(script, m)
			images = append(images, m.Image())
		}
		dropped := func(i int) bool { return i/50%7 == 3 }
		got, want, tally := books{}, books{}, esbridge.Tally{}
		decodeAll(script, dropped, endpointsecurity.FileEvents(), want, &tally)
		decodeAll(script, dropped, endpointsecurity.LifecycleEvents(), want, &tally)
		r := sim.start(t, endpointsecurity.Config{}, func(b *esbridge.Batch) {
			for i := range b.Events {
				got.record(&b.Events[i])
			}
		})
		sim.playAll(images, dropped)
		r.end()
		compareBooks(t, got, want)
		if r.tally != tally {
			t.Errorf("version %d: tally %+v, want %+v", version, r.tally, tally)
		}
	}
}

// TestPureFlood: every event of a flood is counted once, what the kernel drops beside it.
func TestPureFlood(t *testing.T) {
	sim := loadSimulator(t)
	r := sim.start(t, endpointsecurity.Config{RingBytes: [2]int{256 << 10, 256 << 10}}, nil)
	sim.run(simFlood{events: 30000, processes: 10, threads: 100, version: 9, dropEvery: 7, lifecycleEvery: 11})
	var files, life simReport
	sim.read(0, &files)
	sim.read(1, &life)
	r.end()
	if got, want := r.events()+r.tally.QueueDropped, files.delivered[33]; got != want || want == 0 {
		t.Errorf("%d events, want %d", got, want)
	}
	if got, want := r.tally.Lifecycle[esbridge.Exec], life.delivered[9]; got != want || want == 0 {
		t.Errorf("%d execs, want %d", got, want)
	}
	// The last messages may be dropped ones, of which no gap tells.
	if got, want := r.tally.KernelDropped, files.dropped[33]+life.dropped[9]; got > want || got+2 < want {
		t.Errorf("%d dropped, want %d", got, want)
	}
}

// BenchmarkPure is what a call of a handler in Go costs beyond that of an empty one in C.
func BenchmarkPure(b *testing.B) {
	sim := loadSimulator(b)
	measure := func(empty uint32) uint64 {
		sim.reset()
		r := sim.start(b, endpointsecurity.Config{}, nil)
		sim.run(simFlood{events: uint64(b.N), processes: 1, threads: 100, files: 1, version: 9, reuse: 1, empty: empty})
		var report simReport
		sim.read(0, &report)
		r.end()
		return report.elapsed
	}
	full, empty := measure(0), measure(1)
	b.ReportMetric(float64(full-min(full, empty))/float64(b.N), "ns-above-empty")
}

// TestPureFailures: the errors are those of the transport in C, and no client is left behind.
func TestPureFailures(t *testing.T) {
	sim := loadSimulator(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for n := uint32(1); n <= 2; n++ {
		sim.reset()
		sim.fail(n, 4)
		p, err := openPure(endpointsecurity.Config{}, sim.library)
		if p != nil || err == nil || !strings.Contains(err.Error(), "Full Disk Access") || strings.Count(sim.calls(), "delete") != int(n)-1 {
			t.Errorf("client %d: error %v, called\n%s", n, err, sim.calls())
		}
	}
	sim.refuseStop(t)
	runtime.GC() // what a handler might still need stays: a lost Pinner would end the process
	runtime.GC()
	sim.reset()
	sim.refuse(1)
	if _, err := openPure(endpointsecurity.Config{}, sim.library); err == nil || !strings.Contains(err.Error(), "subscribing") {
		t.Errorf("error %v", err)
	}
	if slices.Contains(strings.Fields(sim.calls()), "another") {
		t.Errorf("called\n%s", sim.calls())
	}
	if _, err := openLibrary("/nowhere/libEndpointSecurity.dylib", ""); err == nil || !strings.Contains(err.Error(), "macOS is 13") {
		t.Errorf("error %v", err)
	}
}

// refuseStop leaves a transport behind whose clients could not be deleted.
func (s *simLibrary) refuseStop(t *testing.T) {
	s.reset()
	p, err := openPure(endpointsecurity.Config{}, s.library)
	if err != nil {
		t.Fatal(err)
	}
	s.refuse(1)
	if err := p.Stop(func() {}); err == nil || !strings.Contains(err.Error(), "end this process") {
		t.Errorf("stopped with %v", err)
	}
}
