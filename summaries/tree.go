package summaries

import (
	"hash/maphash"
	"math"
	"math/rand/v2"

	"summarizer/summaries/sketch"
)

// maxRowPath is the longest path a row keeps, in bytes; longer ones lose their middle.
const maxRowPath = 1024

// Precisions of the sketches of a live tree: 2^p registers of one byte.
const (
	machinePrecision = 12
	memberPrecision  = 10
	processPrecision = 9 // there are many
)

// Tree is what everything is counted in:
//
//	machine ─ origin ─ program ─ process ─ directory … ─ file
//
// in tables whose size is fixed when it is made. There is one operation on it, fold up
// (fold.go): when room is short, the largest families fold their smallest members into
// their parents. Counts move up and are never lost.
//
// Only path rows and the roots of processes count events by kind; everything above is a sum
// over them, so the books always balance. A Tree belongs to one goroutine.
type Tree struct {
	limits Limits
	watch  Watch
	hash   *sketch.Hasher // of the sketches; nil in a merge of summaries whose key is not known
	keyID  uint64         // of the sketches; 0 where there are none, or of different keys

	origins   []originRow
	programs  []programRow
	processes []processRow
	paths     []pathRow
	kinds     kindsTable
	arena     []byte

	freeOrigins, freePrograms, freeProcesses []int32
	programIndex, processIndex, pathIndex    index

	// How many rows are listed; the rows behind them are the others of each row one level up.
	maxOrigins, maxPrograms, maxProcesses int
	maxPathCost, pathCost                 int
	unit                                  int // bytes of a path that cost one unit
	last                                  last
	known                                 known
	filter                                filter
	born                                  uint64
	moved                                 bool // path rows of others wait for the next sweep
	lazy                                  bool // a file is in the sketches only once it folds
	machine                               machineRow
	foldedUp                              FoldedUp

	seed      maphash.Seed
	secret    [2]uint64
	scratch   []byte
	selection selection
}

// last is what the next event is most likely of.
type last struct {
	program int32 // row
	member        // process that was looked up in vain
}

// member is a process of a program, and its keyed hash for sketches.
type member struct {
	of      uint64 // the program's
	pid     int32
	version uint64
	start   int64
	id      uint64
}

// machineRow is the root of the tree.
type machineRow struct {
	programs, processes, paths seen
}

// capacities are the sizes of the tables of a tree, in rows and in bytes of paths.
type capacities struct{ origins, programs, processes, paths, arena int }

// withSlack is how large the tables of a live tree are: a quarter more than its limits, towards
// which they are folded when they are full. A fold frees a good part of that, which makes its
// cost per event constant.
func withSlack(l Limits) capacities {
	slack := func(n int) int { return n + max(n/4, 1) }
	return capacities{
		slack(l.Origins), slack(l.Programs), slack(l.Processes), slack(l.Paths), slack(l.Paths)*(l.PathBytes/l.Paths) + maxRowPath,
	}
}

// NewTree makes an empty tree for a stream of events. Everything that it will ever use is
// allocated here. Rows under a watched path prefix fold last within their family; a "*" in
// a prefix stands for one path component.
func NewTree(limits Limits, watch []string, key *sketch.Key) *Tree {
	t := newTables(withSlack(limits), watch)
	t.limits, t.unit = limits, max(limits.PathBytes/limits.Paths, 1)
	t.kinds = newKindsTable(t.maxPathCost)
	t.selection.reserve(t.maxPathCost, len(t.processes)+len(t.programs)+len(t.origins))
	for i := range t.maxOrigins {
		t.origins[i].seen.sketch = sketch.New(memberPrecision)
	}
	for i := range t.maxPrograms {
		t.programs[i].seen.sketch = sketch.New(memberPrecision)
	}
	for i := range t.maxProcesses {
		t.processes[i].seen.sketch = sketch.New(processPrecision)
	}
	t.keyID, t.hash, t.lazy = key.ID(), sketch.NewHasher(key), true
	t.filter = make(filter, 1<<filterBits)
	t.machine.programs.sketch = sketch.New(machinePrecision)
	t.machine.processes.sketch = sketch.New(machinePrecision)
	t.machine.paths.sketch = sketch.New(machinePrecision)
	return t
}

// newTables makes a tree without sketches, in which every path row costs one unit.
func newTables(c capacities, watched []string) *Tree {
	t := &Tree{
		watch: NewWatch(watched), unit: math.MaxInt32,
		maxOrigins: c.origins, maxPrograms: c.programs, maxProcesses: c.processes, maxPathCost: c.paths,
		seed:    maphash.MakeSeed(),
		secret:  [2]uint64{rand.Uint64() | 1, rand.Uint64()},
		scratch: make([]byte, 0, maxRowPath),
	}
	t.origins = make([]originRow, t.maxOrigins+1)
	t.programs = make([]programRow, t.maxPrograms+len(t.origins))
	t.processes = make([]processRow, t.maxProcesses+len(t.programs)+1) // the last is for merging
	t.paths = make([]pathRow, 0, t.maxPathCost)
	t.arena = make([]byte, 0, c.arena)
	t.programIndex, t.processIndex = newIndex(t.maxPrograms), newIndex(t.maxProcesses)
	t.pathIndex = newIndex(t.maxPathCost)
	t.freeOrigins = make([]int32, 0, t.maxOrigins)
	t.freePrograms = make([]int32, 0, t.maxPrograms)
	t.freeProcesses = make([]int32, 0, t.maxProcesses)
	t.known.used = make([]uint16, 0, len(t.known.entries))
	t.selection.offends = make([]int32, len(t.processes))
	t.Reset()
	return t
}

// Reset empties the tree and keeps its storage.
func (t *Tree) Reset() {
	t.freeOrigins = freeList(t.freeOrigins, t.maxOrigins)
	t.freePrograms = freeList(t.freePrograms, t.maxPrograms)
	t.freeProcesses = freeList(t.freeProcesses, t.maxProcesses)
	for i := range t.origins {
		t.clearOrigin(int32(i))
	}
	for i := range t.programs {
		t.clearProgram(int32(i))
	}
	for i := range t.processes {
		t.clearProcess(int32(i))
	}
	t.adoptOthers()
	t.paths, t.arena = t.paths[:0], t.arena[:0]
	t.programIndex.reset()
	t.processIndex.reset()
	t.pathIndex.reset()
	t.kinds.reset()
	t.pathCost, t.born, t.foldedUp = 0, 0, FoldedUp{}
	t.moved, t.lazy = false, t.limits.Paths > 0
	t.last = last{}
	t.End()
	clear(t.filter)
	m := &t.machine
	m.programs.reset()
	m.processes.reset()
	m.paths.reset()
}

// freeList fills a list with the rows below n. Rows on it are clear.
func freeList(free []int32, n int) []int32 {
	free = free[:0]
	for i := n - 1; i >= 0; i-- {
		free = append(free, int32(i))
	}
	return free
}

func (t *Tree) clearOrigin(i int32) {
	o := &t.origins[i]
	o.seen.reset()
	*o = originRow{seen: o.seen}
}

func (t *Tree) clearProgram(i int32) {
	p := &t.programs[i]
	p.seen.reset()
	*p = programRow{seen: p.seen}
}

func (t *Tree) clearProcess(i int32) {
	p := &t.processes[i]
	p.seen.reset()
	p.processHead = processHead{paths: -1}
	if p.root.events > 0 {
		p.root, p.rootKinds = tally{}, Kinds{}
	}
	p.container.n = 0
}

// adoptOthers gives every row that may have others its row for them.
func (t *Tree) adoptOthers() {
	t.origins[t.maxOrigins].used = true
	for i := range t.origins {
		g := &t.programs[t.othersOfOrigin(int32(i))]
		g.origin, g.used = int32(i), true
	}
	for i := range t.programs {
		p := &t.processes[t.othersOfProgram(int32(i))]
		p.program, p.used = int32(i), true
	}
}

// othersOfMachine is the origin that stands for the origins that were folded.
func (t *Tree) othersOfMachine() int32 { return int32(t.maxOrigins) }

// othersOfOrigin is the program that stands for the folded programs of an origin.
func (t *Tree) othersOfOrigin(o int32) int32 { return int32(t.maxPrograms) + o }

// othersOfProgram is the process that stands for the folded processes of a program.
func (t *Tree) othersOfProgram(g int32) int32 { return int32(t.maxProcesses) + g }

// listed rows have a name of their own; the others have none and are never folded.
func (t *Tree) originListed(o int32) bool  { return int(o) < t.maxOrigins }
func (t *Tree) programListed(g int32) bool { return int(g) < t.maxPrograms }
func (t *Tree) processListed(p int32) bool { return int(p) < t.maxProcesses }
