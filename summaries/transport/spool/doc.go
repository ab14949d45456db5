// Package spool keeps the tiles that no host has acknowledged yet, in a file of fixed size, so
// that they outlive a slow host, a killed agent and a restart of the machine.
//
// # The file
//
// A spool is preallocated when it is created and never changes its size:
//
//	head A · head B · checkpoint 0 · checkpoint 1 · slot 0 · slot 1 … slot N+2
//
// A head is one sector of 4 KiB, written in turn. Every other place is one sector and the room
// of one frame; written of it are the sector and the part of the frame that is not padding.
// Each sector begins with the same record (record.go): what it is and where it belongs, a
// generation that grows with every record written, a CRC-32C, the session, and three numbers:
// the last one put, the last one acknowledged, the last one sent. So every place describes
// itself. Opening a spool reads them all, takes the highest of the three numbers, and keeps the
// slots beyond the acknowledged number, newest generation first, unless a newer one covers the
// same numbers. The heads may both be damaged; what waits is found all the same.
//
// N is Config.Slots. The three slots beyond them are spare: one for a new tile, one for a merged
// one, one for a tile that was in flight while the disk failed.
//
// # Order of writes
//
// A slot is overwritten only after what made it free has reached the disk: the merged tile that
// replaces it, or a record with the acknowledgement. Put writes the new tile, and a merged one
// when the ring is full, into spare slots and syncs once (fdatasync); only then are the merged
// ones free. Next writes a head that names the tile as sent, and syncs, before it hands the tile
// out: a tile that a host may have seen never merges with others, whoever is killed in between.
// Ack writes nothing. It reaches the disk with the next head, slot or checkpoint; until then a crash
// makes the tile come back with the same numbers, and a store takes it once.
//
// # What is lost
//
//   - A SIGKILL loses nothing that was put, and of the open window what came after the last
//     checkpoint.
//   - A power loss loses nothing that was put. Checkpoints are not synced, a disk that is flushed
//     every second would wear and wake for little, so it may lose all of the open window.
//   - A damaged slot loses its tile, or, if an older version of it has not been overwritten, only
//     what was merged into it since. It is counted, and the gap in the numbers shows it.
//   - While the disk fails, up to four tiles are held in memory, and the newest ones merge to
//     keep to that. A SIGKILL loses these; and if tiles were acknowledged meanwhile, the next
//     start finds them not acknowledged on the disk. They are sent again with the same numbers,
//     unless they merge first because the ring runs full before a host connects.
//
// # Numbers
//
// The tiles in a ring have rising numbers, those of one session: Put refuses others. A spool that
// was not closed (killed agent, power loss) skips one number when it is opened, so that the gap
// says where something may be missing.
//
// # When it is full
//
// Put never fails for want of room. The two neighbours not sent whose merged span of time is the
// shortest become one, the oldest among equals: history gets coarser evenly and is never lost.
// Ledger.SpoolMerged of a merged tile is how many windows it was merged from.
// Neighbours with a gap between their numbers, or of different machines, merge only when there
// are no others, because that hides the gap; Stats.GapsMerged counts it.
//
// # Memory
//
// Of a tile on the disk the ring holds no frame, only where it is and what it covers: 88 bytes.
// It owns one buffer of a frame and a sector. A Put that merges two full frames of 64 KiB
// allocates 6.7 MB in all, which is garbage when it returns; TestMergeMemory holds that below
// 16 MiB.
package spool
