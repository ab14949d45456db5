package summaries

import "summarizer/esbridge"

// tally is what a path row counts, but for kinds.
type tally struct {
	events, folded, bytes uint64
	first, last           int64
	sizeFirst, sizeLast   int64
	hasBytes, hasSize     bool
}

// fold adds an event.
func (t *tally) fold(e *esbridge.Event) {
	if t.events == 0 || e.First < t.first {
		t.first = e.First
	}
	t.last = max(t.last, e.Last)
	t.events += e.Count
	if e.HasBytes {
		t.bytes += e.Bytes
		t.hasBytes = true
	}
	if e.HasSize {
		if !t.hasSize {
			t.sizeFirst, t.hasSize = e.Size, true
		}
		t.sizeLast = e.Size
	}
}

// growth is how much the file, or the files together, grew.
func (t *tally) growth() int64 { return t.sizeLast - t.sizeFirst }

// same adds the tally of the same file at another time.
func (t *tally) same(o *tally) {
	if o.hasSize {
		switch {
		case !t.hasSize:
			t.sizeFirst, t.sizeLast, t.hasSize = o.sizeFirst, o.sizeLast, true
		case o.last >= t.last:
			t.sizeLast = o.sizeLast
		default:
			t.sizeFirst = o.sizeFirst
		}
	}
	t.sum(o)
}

// into adds the tally of another file, or of a directory, to the directory t.
func (t *tally) into(o *tally) {
	if o.hasSize {
		t.sizeLast += o.growth()
		t.hasSize = true
	}
	t.folded += o.folded
	t.sum(o)
}

func (t *tally) sum(o *tally) {
	if o.events > 0 {
		if t.events == 0 || o.first < t.first {
			t.first = o.first
		}
		if t.events == 0 || o.last > t.last {
			t.last = o.last
		}
	}
	t.events += o.events
	t.bytes += o.bytes
	t.hasBytes = t.hasBytes || o.hasBytes
}

// pathRow is a file, or a directory that stands for what was folded into it, of one owner.
// Its bytes are a stretch of the arena: a file that turns into its directory keeps its
// place, since a directory is a prefix of its files.
//
// A row is two cache lines. What finds a row and what ranks it are in the first.
type pathRow struct {
	hash    uint64 // of the path's bytes, with the table's secret seed
	missed  int64  // the row's missed_max is missed + its owner's debt
	off     uint32 // in the arena
	n       uint32 // bytes in the arena
	full    uint32 // length of the path before its middle was elided
	owner   int32  // process row; −1 when the row is dead and waits for the next sweep
	next    int32  // next row of the same owner; −1 ends
	cost    int32
	kinds   int32         // counters in Tree.kinds; noKinds where all events are of one kind
	kind    esbridge.Kind // which that is
	dir     bool
	watched bool // folds last
	uniform bool // of a directory: all in it is watched, or nothing, as it is itself
	tally
	seen  uint64 // its hash in sketches; 0: not known yet
	again bool   // it was folded before it got the row
}

// processRow is one execution of a program, or the others of a program, folded together.
// It owns path rows; root is its directory row "/".
type processRow struct {
	processHead
	root      tally
	rootKinds Kinds
	container name
	seen      seen
}

// processHead is all of a process row that a new process sets. What every event looks at
// comes first, in one cache line, then what a fold does.
type processHead struct {
	pid, program     int32
	version          uint64
	start            int64
	events           uint64 // root.events + Σ path rows
	second           int64  // when the second began that secondEvents counts
	secondEvents     uint64
	peakEvents       uint64
	used, lowerBound bool
	incomplete       bool // paths were folded or lost: the rows are not all there is
	registers        bool // the sketch goes with the row into a frame
	touched          bool // by the summary that is being merged
	again            bool // it was folded before it got the row

	missed    uint64
	debt      int64  // added to the missed_max of all path rows at once
	door             // of its paths
	born      uint64 // order of admission; of others that of the row whose they are
	pathCost  int    // Σ cost of its path rows
	pathRows  int32  // how many
	directory int32  // the row of the directory found last

	watchedCost int    // of pathCost what is under a watched prefix
	id          uint64 // keyed hash of what identifies it, for sketches
	paths       int32  // first path row; −1 none
	cost        int32  // its own, as a row of the process table
	key         uint32

	ppid, responsible int32
	euid              uint32
	peakSecond        int64
	extensionChanges  uint64
}

// programRow is an executable, or the others of an origin. What identifies it comes first.
type programRow struct {
	origin        int32
	cost          int32
	used          bool
	incomplete    bool
	registers     bool
	touched       bool
	device, inode uint64
	cdhash        name
	path          longName
	pathFull      uint32
	key           uint32
	id            uint64 // keyed hash of what identifies it, for sketches
	born          uint64
	missed        uint64
	door                 // of its processes
	members       uint64 // processes folded into its others
	bound         uint64 // unlisted_max of the row in the summary that is being merged
	seen          seen
	teamID        name
	signingID     name
}

// originRow is a trust group, or the others of the machine.
type originRow struct {
	name       name
	cost       int32
	born       uint64
	missed     uint64
	unlisted   uint64
	members    uint64 // programs folded into its others
	bound      uint64 // unlisted_max of the row in the summary that is being merged
	seen       seen
	used       bool
	incomplete bool
	registers  bool
	touched    bool
}

// name is a short string in place, so that a row allocates nothing. Longer ones are cut.
type name struct {
	n uint8
	b [127]byte
}

func (s *name) set(b []byte)   { s.n = uint8(copy(s.b[:], b)) }
func (s *name) bytes() []byte  { return s.b[:s.n] }
func (s *name) String() string { return string(s.b[:s.n]) }

// longName is a path in place.
type longName struct {
	n uint16
	b [maxRowPath]byte
}

func (s *longName) set(b []byte)  { s.n = uint16(copy(s.b[:], b)) }
func (s *longName) bytes() []byte { return s.b[:s.n] }
