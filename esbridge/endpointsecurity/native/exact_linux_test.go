//go:build cgo

package native

import (
	"fmt"
	"slices"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
	"summarizer/esbridge/endpointsecurity/simulator"
)

// recordWhole counts e under all that it says, but for its arrival.
func (b books) recordWhole(e *esbridge.Event) {
	of := books{}
	of.record(e)
	for key := range of {
		size := int64(0)
		if e.HasSize {
			size = e.Size
		}
		b[fmt.Sprintf("%s from %d to %d size %d %v bytes %d %v", key, e.First, e.Last, size, e.HasSize, e.Bytes, e.HasBytes)] += e.Count
	}
}

// playWhole plays a script and compares all that the source and the decoder say of it.
func playWhole(t *testing.T, script []*simulator.Message) {
	t.Helper()
	got, want := books{}, books{}
	var images []simulator.Image
	d := endpointsecurity.NewDecoder()
	for _, m := range script {
		image := m.Image()
		images = append(images, image)
		d.Add(endpointsecurity.Arena{Base: 1 << 40, Bytes: image.At(1 << 40)}, 1<<40, 0)
		b := d.Batch(0)
		for i := range b.Events {
			want.recordWhole(&b.Events[i])
		}
	}
	resetSimulator()
	r := startRunWith(t, endpointsecurity.Config{Slots: [2]int{1 << 14, 1 << 10}}, func(b *esbridge.Batch) {
		for i := range b.Events {
			got.recordWhole(&b.Events[i])
		}
	})
	play(images, func(int) bool { return false })()
	r.end()
	compareBooks(t, got, want)
}

// TestExact: messages that cannot be folded together come out of the handler in C just as out of
// the decoder: every kind, every version, with times and sizes.
func TestExact(t *testing.T) {
	rng := newRand(t)
	var script []*simulator.Message
	for version := uint32(simulator.FirstVersion); version <= simulator.LastVersion; version++ {
		for _, eventType := range endpointsecurity.FileEvents() {
			for range 4 {
				m := simulator.Random(rng, version, []uint32{eventType})
				m.Process.PID = int32(1000 + len(script))
				script = append(script, m)
			}
		}
	}
	playWhole(t, script)
}

// TestRaises: a record that was raised has the least and the greatest time, though the clock is
// set back, and the first and the last size.
func TestRaises(t *testing.T) {
	m := simulator.Random(newRand(t), 9, []uint32{33})
	m.Denied, m.Sec, m.Target.Path = false, 1, simulator.Text("/a")
	var images []simulator.Image
	for i, nsec := range []int64{20, 10, 30, 25} {
		m.Nsec, m.Target.Size = nsec, int64(100+i)
		images = append(images, m.Image())
	}
	var got []string
	resetSimulator()
	r := startRunWith(t, endpointsecurity.Config{}, func(b *esbridge.Batch) {
		if images != nil { // the first batch, before anything is drained
			play(images, func(int) bool { return false })()
			images = nil
		}
		for _, e := range b.Events {
			got = append(got, fmt.Sprint(e.Count, " ", e.First%1000, "–", e.Last%1000, " size ", e.Size))
		}
	})
	r.end()
	if want := []string{"1 10–10 size 100", "3 10–30 size 103"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestIdentityChange: what differs in anything about its process is not folded together, and not
// taken for another's.
func TestIdentityChange(t *testing.T) {
	changes := []func(*simulator.Process){
		func(p *simulator.Process) { p.PID++ }, func(p *simulator.Process) { p.Version++ }, func(p *simulator.Process) { p.EUID++ },
		func(p *simulator.Process) { p.PPID = 9 }, func(p *simulator.Process) { p.ResponsiblePID = 9 }, func(p *simulator.Process) { p.StartSec++ },
		func(p *simulator.Process) { p.StartUsec ^= 1 }, func(p *simulator.Process) { p.CDHash[19]++ },
		func(p *simulator.Process) { p.Flags ^= 2 }, func(p *simulator.Process) { p.Platform = !p.Platform },
	}
	rng := newRand(t)
	for _, change := range changes {
		m := simulator.Random(rng, 9, []uint32{33})
		m.Denied = false
		other := *m
		change(&other.Process)
		playWhole(t, []*simulator.Message{m, &other, m, &other})
	}
}

// TestFileChange: what differs in its file, kind or other path is not folded together.
func TestFileChange(t *testing.T) {
	rng := newRand(t)
	for _, change := range []func(*simulator.Message){
		func(m *simulator.Message) { m.Target.Path = simulator.Text("/another") }, func(m *simulator.Message) { m.Target.Inode++ },
		func(m *simulator.Message) { m.Target.Device++ }, func(m *simulator.Message) { m.Source.Path = simulator.Text("/another") },
		func(m *simulator.Message) { m.Type = 14 },
	} {
		m := simulator.Random(rng, 9, []uint32{25})
		m.Denied, m.Destination, m.Target.Path, m.Source.Path = false, 0, simulator.Text("/a"), simulator.Text("/b")
		other := *m
		change(&other)
		other.Nsec = (m.Nsec + 1) % 1e9
		playWhole(t, []*simulator.Message{m, &other})
	}
}
