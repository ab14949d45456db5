package summaries

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"summarizer/esbridge"
)

// operations runs what an aggregator does to a tree and its summaries, in an order that
// bytes choose, and holds each result against the model of the events in it.
type operations struct {
	t      *testing.T
	in     []byte // what is left of the program
	tree   *Tree
	open   *model // of the tree
	load   *workload
	closed []pane
	seq    uint64
}

// pane is a summary and the model of what it counted.
type pane struct {
	s *Summary
	m *model
}

// mostPanes bounds the closed ones: beyond it two are merged.
const mostPanes = 4

// runOperations runs a program: eight bytes of seed, then operations until it ends.
func runOperations(t *testing.T, program []byte) {
	if len(program) < 9 {
		return
	}
	o := &operations{t: t, in: program[8:], open: newModel(), load: newWorkload(binary.LittleEndian.Uint64(program))}
	limits := []Limits{small, {Origins: 8, Programs: 32, Processes: 64, Paths: 512, PathBytes: 512 * minUnit}}[o.byte()%2]
	o.tree = NewTree(limits, DefaultWatch, &testKey)
	for len(o.in) > 0 {
		o.step()
	}
	o.boundary(false)
	for len(o.closed) > 1 {
		o.merge()
	}
	o.encode()
}

func (o *operations) byte() byte {
	if len(o.in) == 0 {
		return 0
	}
	b := o.in[0]
	o.in = o.in[1:]
	return b
}

func (o *operations) step() {
	switch op := o.byte(); op % 8 {
	case 0, 1:
		o.foldMany(int(o.byte()))
	case 2:
		o.foldOne()
	case 3:
		o.load = newWorkload(uint64(o.byte()))
	case 4:
		o.boundary(op&8 != 0)
	case 5:
		o.merge()
	case 6:
		o.fit()
	case 7:
		o.encode()
	}
}

func (o *operations) foldMany(n int) {
	var p esbridge.Process
	var e esbridge.Event
	for range n {
		o.load.next(&p, &e)
		o.fold(&e)
	}
}

// foldOne folds an event that the program spells out, its path of any bytes and any length.
func (o *operations) foldOne() {
	who, shape := o.byte(), o.byte()
	n := min(int(shape&15), len(o.in))
	path := append([]byte("/"), o.in[:n]...)
	o.in = o.in[n:]
	if shape&16 != 0 {
		path = append(bytes.Repeat(path, 1+int(o.byte())), o.byte())
	}
	p := esbridge.Process{PID: int32(who & 3), Executable: []byte{'/', 'p', who >> 4}, Origin: []byte{'o', who >> 2 & 3}}
	o.fold(&esbridge.Event{Process: &p, Kind: esbridge.Kind(who) % esbridge.NumKinds, Path: path, Count: 1 + uint64(shape>>5), First: 1, Last: 2})
}

// fold counts an event in the tree and, by the name its row has, in the model.
func (o *operations) fold(e *esbridge.Event) {
	o.tree.Fold(e, e.Last)
	row := *e
	row.Path, _ = o.tree.rowPath(bytes.TrimRight(e.Path, "/"))
	o.open.fold(&row)
}

// boundary closes the open pane, fitted into a frame or as it is.
func (o *operations) boundary(fit bool) {
	o.tree.check(o.t)
	s := testHead()
	o.seq++
	s.Seq, s.FirstSeq = o.seq, o.seq
	s.Ledger.Folded, s.Ledger.Received = o.open.events, o.open.events
	o.tree.Snapshot(s)
	o.open.check(o.t, s)
	if fit {
		o.must(o.tree.Fit(s, MinFrameSize))
		o.tree.check(o.t)
		o.open.check(o.t, s)
	}
	o.tree.Reset()
	o.closed = append(o.closed, pane{s, o.open})
	o.open = newModel()
	if len(o.closed) > mostPanes {
		o.merge()
	}
}

// merge unites two panes or more, with the key of their sketches or without.
func (o *operations) merge() {
	if len(o.closed) < 2 {
		return
	}
	choice := o.byte()
	n := 2 + int(choice>>2)%(len(o.closed)-1)
	first := int(choice>>4) % (len(o.closed) - n + 1)
	key := &testKey
	if choice&1 != 0 {
		key = nil
	}
	var all []*Summary
	sum := newModel()
	for _, p := range o.closed[first : first+n] {
		all = append(all, p.s)
		sum.add(p.m)
	}
	s, err := Merge(key, MinFrameSize<<(choice>>1&1), all...)
	o.must(err)
	sum.check(o.t, s)
	o.closed = append(o.closed[:first], append([]pane{{s, sum}}, o.closed[first+n:]...)...)
}

// fit puts the oldest pane into the smallest frame, by merging it alone.
func (o *operations) fit() {
	if len(o.closed) == 0 {
		return
	}
	p := &o.closed[0]
	s, err := Merge(&testKey, MinFrameSize, p.s)
	o.must(err)
	p.m.check(o.t, s)
	p.s = s
}

// encode sends the newest pane over the wire, where its frame is large enough.
func (o *operations) encode() {
	if len(o.closed) == 0 {
		return
	}
	p := &o.closed[len(o.closed)-1]
	p.s = overTheWire(o.t, p.s, MaxFrameSize)
	p.m.check(o.t, p.s)
}

func (o *operations) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// randomProgram is a program of n bytes.
func randomProgram(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 3))
	program := binary.LittleEndian.AppendUint64(nil, seed)
	for range n {
		program = append(program, byte(rng.Uint32()))
	}
	return program
}

// TestOperations runs random programs.
func TestOperations(t *testing.T) {
	for _, seed := range seeds(t, 30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runOperations(t, randomProgram(seed, 120)) })
	}
}

// FuzzOperations runs the programs that the fuzzer thinks of. The corpus has short ones.
func FuzzOperations(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(randomProgram(seed, 24))
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		runOperations(t, program[:min(len(program), 200)])
	})
}
