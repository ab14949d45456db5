package summaries

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"summarizer/esbridge"
)

// workload draws random events over a changing set of origins, programs, processes and
// paths: few or many of each, so that every table comes under pressure in some seed.
type workload struct {
	rng                                 *rand.Rand
	origins, programs, processes, paths int
	depth                               int
	skew                                float64
	lost                                bool
}

func newWorkload(seed uint64) *workload {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(ns ...int) int { return ns[r.IntN(len(ns))] }
	return &workload{
		rng: r, origins: pick(1, 3, 12), programs: pick(1, 5, 60, 400), processes: pick(1, 4, 100, 3000),
		paths: pick(1, 20, 1000, 100000), depth: pick(1, 3, 40), skew: []float64{0, 1.2, 2}[r.IntN(3)], lost: r.IntN(4) == 0,
	}
}

// draw picks one of n, evenly or with low numbers far more often.
func (w *workload) draw(n int) int {
	if w.skew == 0 {
		return w.rng.IntN(n)
	}
	return int(float64(n) * pow(w.rng.Float64(), w.skew*3))
}

func pow(x, y float64) float64 {
	for ; y > 1; y-- {
		x *= x
	}
	return x
}

func (w *workload) next(p *esbridge.Process, e *esbridge.Event) {
	o := w.draw(w.origins)
	g := w.draw(w.programs)
	*p = esbridge.Process{
		PID: int32(w.draw(w.processes)), Version: uint64(w.rng.IntN(2)), Start: 1,
		Executable: fmt.Appendf(nil, "/bin/p%d", g), Origin: fmt.Appendf(nil, "user:%d", o),
	}
	*e = esbridge.Event{Kind: esbridge.Kind(w.rng.IntN(esbridge.NumKinds)), Process: p, Count: 1, First: 5e9, Last: 5e9}
	if w.rng.IntN(10) == 0 {
		e.Count = 1 + w.rng.Uint64N(100)
	}
	if w.lost && w.rng.IntN(50) == 0 {
		return
	}
	n := w.draw(w.paths)
	var b bytes.Buffer
	for d := range 1 + n%w.depth {
		fmt.Fprintf(&b, "/d%d", (n>>d)%7)
	}
	fmt.Fprintf(&b, "/f%d", n)
	e.Path = b.Bytes()
}
