// Package esbridge is the boundary between operating systems and the fold: what every
// source of file events delivers, and nothing about where it came from.
//
// A source (a subpackage) turns the messages of one operating system interface into
// batches of Event and hands them to a callback. Everything a batch points to belongs to
// the source and is valid only until the callback returns: whoever wants to keep a path or
// a name copies it. An Event carries a Count because a source may have folded already: the
// Linux source counts in the kernel and delivers one Event for a million writes.
//
// What a source cannot deliver it counts: Batch.Tally closes the books for malformed,
// ignored and muted input and for what was dropped before it reached us.
package esbridge

// Event is one change of a file, or Count equal ones.
type Event struct {
	Kind    Kind
	Process *Process // who did it; never nil, shared between events of a batch
	// Path is the file, as the operating system names it: absolute, any bytes. For an event
	// with two paths (rename, link, clone, copy) it is the destination. Empty where the
	// source lost the path: the event folds into the root of its process.
	Path []byte
	// SourcePath is the other path of a two-path event; empty otherwise.
	SourcePath []byte
	// Count is how many equal events this one stands for. Zero is malformed.
	Count uint64
	// First and Last are event times in nanoseconds since the Unix epoch, as the source's
	// clock told them. Equal where Count is 1.
	First, Last int64
	// Arrival is when the event reached this process, in nanoseconds since the Unix epoch.
	// Zero where nobody knows (a recording).
	Arrival int64
	// Bytes is the number of bytes that the Count events changed, where HasBytes.
	Bytes    uint64
	HasBytes bool
	// Size is the size of the file after the last of the events, where HasSize.
	Size    int64
	HasSize bool
}

// Process is one execution of a program. A pid alone is not an identity: (PID, Version,
// Start) is, within one boot of one machine.
type Process struct {
	PID            int32
	PPID           int32
	ResponsiblePID int32 // macOS: the process answerable for this one; 0 unknown
	EUID           uint32
	// Version tells executions under one PID apart: the pidversion of the audit token on
	// Endpoint Security, the count of execs on Linux.
	Version uint64
	// Start is when the process began, in nanoseconds since the Unix epoch; 0 unknown.
	Start int64

	// Executable is the path of the program's file.
	Executable []byte
	// CDHash is the code directory hash (20 bytes) on macOS; empty elsewhere.
	CDHash []byte
	// SigningID and TeamID come from the code signature; empty where there is none.
	SigningID, TeamID []byte
	// Device and Inode are the file of the executable on Linux; 0 elsewhere.
	Device, Inode uint64
	// Origin is the trust group of the program, what an attacker cannot mint cheaply:
	// "platform", "team:<TEAMID>" or "unsigned" on macOS, "system" or "user:<uid>" on Linux.
	Origin []byte
	// Container names the container or mount namespace the process lives in; empty for
	// the host's own.
	Container []byte
	// LowerBound says that the process can change files in ways its source cannot count
	// (io_uring, AIO, shared writable mappings): its counts are lower bounds.
	LowerBound bool
}
