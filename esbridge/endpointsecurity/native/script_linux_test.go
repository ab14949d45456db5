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

// TestScript plays random messages of every kind and version, spoilt ones and ones that the
// kernel drops among them, and compares what the handler in C made of them with what the decoder
// in Go makes of the same memory.
func TestScript(t *testing.T) {
	rng := newRand(t)
	for version := uint32(simulator.FirstVersion); version <= simulator.LastVersion; version++ {
		var script []*simulator.Message
		var images []simulator.Image
		for range 1000 {
			m := simulator.Random(rng, version, simulator.Types())
			if rng.IntN(4) == 0 {
				simulator.Spoil(rng, m)
			}
			if rng.IntN(200) == 0 {
				m.Version = 0
			}
			script = append(script, m)
			images = append(images, m.Image())
		}
		shift := rng.IntN(10)
		dropped := func(i int) bool { return (i/50+shift)%7 == 0 }
		got, want, tally := books{}, books{}, esbridge.Tally{}
		decodeAll(script, dropped, endpointsecurity.FileEvents(), want, &tally)
		decodeAll(script, dropped, endpointsecurity.LifecycleEvents(), want, &tally)
		resetSimulator()
		r := startRunWith(t, endpointsecurity.Config{Slots: [2]int{1 << 14, 1 << 14}}, func(b *esbridge.Batch) {
			for i := range b.Events {
				got.record(&b.Events[i])
			}
		})
		play(images, dropped)()
		r.end()
		compareBooks(t, got, want)
		if r.tally != tally {
			t.Errorf("version %d: tally %+v, want %+v", version, r.tally, tally)
		}
	}
}

// TestSteps: OnStep is told of every exec with the image that runs from then on.
func TestSteps(t *testing.T) {
	rng := newRand(t)
	var images []simulator.Image
	want, got := books{}, books{}
	for i := range 300 {
		m := simulator.Random(rng, 9, endpointsecurity.LifecycleEvents())
		m.Denied = false
		m.Process.PID, m.Subject.PID = int32(1000+i), int32(2000+i)
		p, step := &m.Subject, map[uint32]esbridge.Lifecycle{9: esbridge.Exec, 11: esbridge.Fork, 15: esbridge.Exit}[m.Type]
		if step == esbridge.Exit {
			p = &m.Process
		}
		want[fmt.Sprintf("%v %d.%d %q", step, p.PID, p.Version, p.TeamID.Bytes)]++
		images = append(images, m.Image())
	}
	resetSimulator()
	r := startRunWith(t, endpointsecurity.Config{Slots: [2]int{1 << 10, 1 << 14}, OnStep: func(s *endpointsecurity.Step) {
		got[fmt.Sprintf("%v %d.%d %q", s.Lifecycle, s.Token[5], s.Token[7], s.Process.TeamID)]++
	}}, nil)
	play(images, func(int) bool { return false })()
	r.end()
	compareBooks(t, got, want)
}

// TestLongNames: names of a process beyond the limits of a record are cut, the executable in its
// middle; the limits themselves fit.
func TestLongNames(t *testing.T) {
	text := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = 'a' + byte(i%26)
		}
		b[0] = '/'
		return b
	}
	for _, c := range []struct{ executable, signingID, teamID int }{{1536, 256, 64}, {1537, 257, 65}, {30000, 30000, 30000}, {1, 1, 1}} {
		m := simulator.Random(newRand(t), 9, []uint32{33})
		m.Denied, m.Process.Platform, m.Process.Flags = false, false, 0
		m.Process.Executable.Path.Bytes = text(c.executable)
		m.Process.SigningID, m.Process.TeamID = simulator.Text(string(text(c.signingID))), simulator.Text(string(text(c.teamID)))
		resetSimulator()
		r := startRunWith(t, endpointsecurity.Config{}, func(b *esbridge.Batch) {
			for _, e := range b.Events {
				p := e.Process
				half := min(c.executable, 1536) / 2
				want := text(c.executable)
				if c.executable > 1536 {
					want = append(slices.Clone(want[:half]), want[c.executable-half:]...)
				}
				if !slices.Equal(p.Executable, want) || len(p.SigningID) != min(c.signingID, 256) || len(p.TeamID) != min(c.teamID, 64) ||
					string(p.Origin) != "team:"+string(p.TeamID) {
					t.Errorf("%+v: %d, %d and %d bytes", c, len(p.Executable), len(p.SigningID), len(p.TeamID))
				}
			}
		})
		play([]simulator.Image{m.Image()}, func(int) bool { return false })()
		r.end()
		if r.events() != 1 {
			t.Errorf("%+v: %d events, tally %+v", c, r.events(), r.tally)
		}
	}
}
