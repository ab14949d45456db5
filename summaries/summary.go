// Package summaries is what leaves a machine: the value Summary, the tree it comes from, and
// its forms on the wire and for people.
//
// # The value
//
// A Summary says what the programs of a machine did to files in one window. It is a plain
// tree: origins (trust groups), programs, processes, and paths. It adds up at every level,
// and every number says how wrong it can be; docs/summary.md explains each field.
//
// # The tree
//
// Tree counts events in tables of fixed size. There is one operation on it, fold up: when
// room is short, the largest families fold their smallest members into their parents. It
// bounds the memory, fits a summary into a frame (Tree.Fit) and merges summaries (Merge). The
// rules are at the top of fold.go.
//
// # The wire
//
// AppendFrame, DecodeFrame and FrameReader are the frame: a head, a protobuf message
// (proto/summarizer/v1/summary.proto), zeros up to a size that never changes. What is decoded
// has been validated: it adds up. AppendJSON writes the summarizer.summary/1 contract
// (docs/summary.schema.json).
package summaries

import "summarizer/esbridge"

// Summary is what left a machine for one window, or for several merged: the one value that
// crosses from the aggregator to whoever reads. It is a plain tree, ordered canonically
// (see Tree.Snapshot), and owns everything it points to.
//
// Times are nanoseconds since the Unix epoch, 0 where unknown.
type Summary struct {
	Machine Machine
	Window  Window
	// Seq numbers the summaries of one boot of one machine from 1; a merged summary covers
	// FirstSeq to Seq.
	FirstSeq, Seq uint64

	Events   uint64 // Σ Origins[i].Events
	Kinds    Kinds
	Peak     Peak
	Series   Series
	Programs Distinct // distinct programs, processes and paths of the machine
	Procs    Distinct
	Paths    Distinct
	KeyID    uint64 // which sketch key the sketches were made with; see sketch.Key.ID
	Ledger   Ledger
	Limits   Limits
	Muted    []MuteRule
	Findings []Finding
	// LowerBound is true where the source cannot count exactly.
	LowerBound bool
	Agent      Agent
	Origins    []Origin
}

// Agent is the state of the program that makes the summaries, at the end of the window. The
// zero Agent is not known.
type Agent struct {
	MemoryBytes  uint64 // resident
	SpoolWaiting uint64 // summaries that wait for the host
	SpoolSlots   uint64 // how many can wait before the oldest merge
}

// Machine says where a summary comes from.
type Machine struct {
	ID, Boot, Hostname, OS, Source string
}

// Window is the stretch of time a summary covers: [Start, End).
type Window struct {
	Start, End int64
	Hop        int64 // nanoseconds between summaries
	// Tile is true where Start is a multiple of the window length: tiles cover time
	// without overlap and are the ones that history sums.
	Tile      bool
	EndReason EndReason
	Merged    uint32 // how many windows this one was merged from; 1 for one of its own
}

// EndReason is why a window ended.
type EndReason uint8

const (
	Closed        EndReason = iota // its time was over
	Shutdown                       // the program was asked to stop
	SourceEnded                    // the input ended or failed
	ClockStep                      // the wall clock was set
	Sleep                          // the machine slept
	Reloaded                       // window or hop were changed
	Recovered                      // read from a checkpoint after a crash
	NumEndReasons = iota
)

var endReasonNames = [NumEndReasons]string{"closed", "shutdown", "source_ended", "clock_step", "sleep", "reloaded", "recovered"}

func (r EndReason) String() string {
	if int(r) < len(endReasonNames) {
		return endReasonNames[r]
	}
	return "invalid"
}

// Kinds counts events by kind.
type Kinds [esbridge.NumKinds]uint64

// Sum is the number of events of all kinds.
func (k *Kinds) Sum() (n uint64) {
	for _, c := range k {
		n += c
	}
	return n
}

// Add adds o to k.
func (k *Kinds) Add(o *Kinds) {
	for i, c := range o {
		k[i] += c
	}
}

// Peak is the busiest stretch of Per nanoseconds and when it began.
type Peak struct {
	Events uint64
	Per    int64
	At     int64
}

// Series is the number of events in consecutive stretches of Per nanoseconds, the first
// beginning at Window.Start.
type Series struct {
	Per    int64
	Events []uint64
}

// Distinct is the number of different members of a set.
type Distinct struct {
	Estimate uint64
	// StdError is the relative standard error of Estimate; 0 means exact.
	StdError float64
	// AtMost marks an upper bound: summaries without a sketch were merged, and what both
	// had seen counts twice.
	AtMost bool
	// Registers is the dense HyperLogLog sketch, 2^p bytes (sketch.Sketch.AppendRegisters);
	// empty where the set has none in this summary.
	Registers []byte
}

// Ledger closes the books of a window: Received = Folded + Muted + Ignored + malformed.
// What never reached us stands beside it.
type Ledger struct {
	Received, Folded, Muted, Ignored uint64
	Malformed                        [esbridge.NumReasons]uint64
	Late                             uint64 // folded into a window after the one of their event time
	Clamped                          uint64 // of an absurd event time, folded all the same
	KernelDropped, QueueDropped      uint64
	Lifecycle                        [esbridge.NumLifecycles]uint64
	// FoldedUp counts rows that were folded into their parent, by what they were. A member
	// that came back after it was folded, and was folded again, may count again.
	FoldedUp    FoldedUp
	SpoolMerged uint64
	SendRetries uint64
	// MaxLag is the longest time an event took from its event time to its arrival, in
	// nanoseconds; 0 where nobody knows.
	MaxLag int64
}

// FoldedUp counts rows folded into their parents.
type FoldedUp struct{ Origins, Programs, Processes, Paths uint64 }

// Limits are the table capacities that a summary was made with.
type Limits struct {
	Origins, Programs, Processes, Paths int
	PathBytes                           int
}

// MuteRule is a rule in force and what it muted.
type MuteRule struct {
	Rule   string
	Events uint64
	// Counted is false where the rule works in the kernel and nobody can tell how much it hid.
	Counted bool
}

// Finding is a conclusion drawn from the numbers, with the numbers in its text.
type Finding struct {
	Kind, Severity string
	Program        []byte
	Text           string
	Value          float64
}

// Origin is a trust group: its Events = Σ Programs[i].Events + Other.Events.
type Origin struct {
	Name     string
	Events   uint64
	Kinds    Kinds
	Programs []Program
	Seen     Distinct // programs
	Other    Other    // programs folded up
}

// Program is an executable: its Events = Σ Processes[i].Events + Other.Events.
type Program struct {
	Path          []byte
	PathLen       int // length in bytes of the path, more than len(Path) where it was elided
	CDHash        []byte
	SigningID     string
	TeamID        string
	Device, Inode uint64
	Events        uint64
	MissedMax     uint64 // events that may have been folded into Origin.Other before this row began
	Kinds         Kinds
	Processes     []Process
	Seen          Distinct // processes
	Other         Other    // processes folded up
}

// Other is what was folded up: how many members, and what they did.
type Other struct {
	Members uint64 // how many were folded; one that came back and was folded again may count again
	Events  uint64 // Σ Paths[i].Events
	Kinds   Kinds
	// UnlistedMax bounds the members that are not listed: none had more events than this.
	UnlistedMax uint64
	First, Last int64
	LowerBound  bool
	// Paths are rows as in Process.Paths, over all folded members together, and
	// PathsUnlistedMax bounds the paths not among them.
	Paths            []Path
	PathsUnlistedMax uint64
}

// Process is one execution: its Events = Σ Paths[i].Events.
type Process struct {
	PID, PPID, ResponsiblePID int32
	EUID                      uint32
	Version                   uint64 // pidversion, or count of execs
	Start                     int64
	Container                 string
	LowerBound                bool
	Events                    uint64
	MissedMax                 uint64 // events that may have been folded into Program.Other before this row began
	Kinds                     Kinds
	First, Last               int64
	Peak                      Peak
	// ExtensionChanges counts renames whose source and destination differ in their extension.
	ExtensionChanges uint64
	Seen             Distinct // paths
	UnlistedMax      uint64   // no path that is not listed had more events than this
	Paths            []Path
}

// Path is a file, or a directory that stands for what was folded into it.
type Path struct {
	Path []byte // a directory ends in '/'; the root of the owner is "/"
	// PathLen is the length in bytes of the path, more than len(Path) where its middle was
	// elided to fit the row.
	PathLen   int
	Directory bool
	Events    uint64
	// MissedMax bounds what may be missing from Events; 0 for a directory, which counts
	// what was folded into it and nothing else.
	MissedMax uint64
	// Folded is how many files were folded into a directory; one that came back may count again.
	Folded      uint64
	Kinds       Kinds
	First, Last int64
	Bytes       uint64 // bytes changed, where the source knows; else 0
	HasBytes    bool
	// SizeFirst and SizeLast are the sizes of a file after the first and the last event
	// that told one; for a directory SizeLast − SizeFirst is the sum over what it stands for.
	SizeFirst, SizeLast int64
	HasSize             bool
}
