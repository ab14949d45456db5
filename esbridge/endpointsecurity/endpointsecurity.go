// Package endpointsecurity turns messages of macOS Endpoint Security (es_message_t) into events.
//
// It is portable: nothing in it calls macOS. Package native opens Endpoint Security itself.
//
// # Two ways in
//
// Decoder reads the memory of a message, wherever it lies: for hosts that receive messages
// themselves and hand each over. It is the reference for what a message means.
//
// Source drains a Transport: two clients whose handlers, in C, run to completion, fold equal
// events that still wait into one record, and leave records in rings of fixed size. Nothing of
// Go runs in a handler, because the kernel drops messages while one is late. Collector is what
// the handlers do, in Go, for a build that has no C.
//
// # What is wanted
//
// Selection says which events are wanted, and its Plan which calls of Endpoint Security leave
// out the rest. What they leave out nobody can count: it is listed as a blind spot.
//
// # What counts as what
//
// A message and the line that eslogger(1) writes of it make the same event; each counts once,
// as an event or in the Tally.
//
//	write, create, rename, unlink, truncate    their kinds
//	link, clone, copyfile                      Link, Clone, Copy, at the new name
//	exchangedata                               Exchange: Path is file2, SourcePath is file1
//	close, modified                            CloseModified
//	close, not modified, was_mapped_writable   MappedWrite (message version 6 and later)
//	setextattr, deleteextattr, setmode, setowner,
//	setflags, utimes, setattrlist, setacl      SetAttr
//	exec, fork, exit                           Tally.Lifecycle
//	any other, a close that is neither, and what an authorization client denied: ignored
//
// Malformed are MissingField (a NULL where a process, a file, a path or a name must be, or an
// unknown type of destination), BadField (a relative path, a text longer than 32 KiB, a pid, time
// or pointer out of range) and Unsupported (message version 0). A field that came with a later
// version than the message has is not read. Tally.KernelDropped comes from the sequence numbers,
// which begin at 0 for each client.
//
// Event.Size is st_size of the file that has the name from now on; Endpoint Security tells no
// bytes written. Equal events that were folded while they waited are delivered as the first of
// them and the others where the size changed in between, so that what the file grew by is not lost.
// Of events of several kinds of one file that waited together, the size that counts as the last is
// that of the kind which began last. An event says nothing of the device and inode of its file, but events of files
// that differ in them are never folded together.
//
// # When there is no room
//
// A handler that finds no room in the ring counts the event for its process, by kind: it is
// delivered with an empty Path and the time of its delivery. A process may have as much waiting
// as it leaves free, so one that floods the ring does not take the paths of another. If even
// the table of processes has no room, because all of a set of 16 have something waiting, the
// event counts in Tally.QueueDropped. A step of a process (exec, fork, exit) counts in any case.
//
// # Identity
//
// A process is (PID, Version, Start): pid, pidversion and start time. Origin is "platform" for
// platform binaries, "team:<TEAMID>" for a signature that is not ad hoc and names a team,
// "unsigned" else. Each message tells who did it in full, so a lost exec makes no identity wrong.
// A Source keeps the names of a process as they were when it was first seen, and cuts an
// executable's path beyond 1,536 bytes in its middle, a signing id beyond 256, a team id beyond 64.
//
// # Memory
//
// All of it is sized at start: with the default Config 5 MiB of rings and 13 MiB of tables.
package endpointsecurity
