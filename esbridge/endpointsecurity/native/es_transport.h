// The production transport: two Endpoint Security clients whose handlers run to completion
// in C, and the records that a consumer drains from them. es_transport.c says how it works.
#ifndef ES_TRANSPORT_H
#define ES_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

// EST_LAYOUT counts changes of the records and counters below. Every record carries it.
#define EST_LAYOUT 2

enum est_lane { EST_FILES, EST_LIFECYCLE, EST_LANES };

// What an event did; 0 to 12 are those of esbridge.Kind.
enum est_kind {
	EST_CREATE, EST_WRITE, EST_TRUNCATE, EST_RENAME, EST_LINK, EST_CLONE, EST_COPY, EST_EXCHANGE,
	EST_UNLINK, EST_SETATTR, EST_CLOSE_MODIFIED, EST_MAPPED_WRITE, EST_OTHER,
	EST_EXEC, EST_FORK, EST_EXIT,
	EST_KINDS
};

// Why a message could not be read; the values are those of esbridge.Reason.
enum est_reason { EST_BAD_FIELD = 2, EST_MISSING_FIELD = 3, EST_UNSUPPORTED = 5, EST_REASONS = 6 };

// Limits of what a record carries, in bytes. A longer path is EST_BAD_FIELD; the names of a
// process are cut, its executable in the middle.
enum {
	EST_PATH_MAX = 32 << 10,
	EST_EXECUTABLE_MAX = 1536,
	EST_SIGNING_ID_MAX = 256,
	EST_TEAM_ID_MAX = 64,
	EST_RING_MIN = 256 << 10,
	EST_DRAIN_MIN = 128 << 10, // the least room for records that est_drain must be given
};

enum est_type { EST_PAD = 1, EST_PROCESS = 2, EST_EVENT = 3, EST_LOST = 4 };

// Every record begins with this and is a multiple of 8 bytes long.
struct est_head {
	uint32_t size; // of the whole record
	uint16_t type, layout;
};

// From here on the slot stands for this process.
struct est_process {
	struct est_head head;
	uint32_t slot;
	uint32_t euid;
	uint32_t token[8]; // audit_token_t
	int32_t pid, ppid, responsible_pid;
	uint32_t pidversion;
	int64_t start; // nanoseconds since the Unix epoch; 0 unknown
	uint8_t cdhash[20];
	uint8_t platform, adhoc;
	uint16_t executable_size, signing_id_size, team_id_size;
	uint8_t reserved[4];
	// executable, signing id, team id
};

// count equal events of the process of a slot.
struct est_event {
	struct est_head head;
	uint32_t slot;
	uint8_t kind, truncated; // Endpoint Security had cut a path
	uint16_t reserved;
	uint64_t count;
	int64_t first, last; // the least and the greatest event time, in nanoseconds since the Unix epoch
	int64_t size;        // of the file after the last event; -1 unknown
	int64_t first_size;  // after the first one
	uint64_t ino;
	int32_t dev;
	uint32_t path_size, source_size;
	uint32_t reserved2;
	// path, source path
};

// Events of the process of a slot for which the ring had no room: counts by kind.
struct est_lost {
	struct est_head head;
	uint32_t slot;
	uint32_t reserved;
	uint64_t counts[EST_KINDS];
};

// What a lane has counted since it was opened.
//
//	received = ignored + Σ malformed + Σ unattributed + Σ counts of records and of losses
struct est_counters {
	uint64_t received, ignored;
	uint64_t kernel_dropped; // by the sequence numbers
	uint64_t malformed[EST_REASONS];
	uint64_t unattributed[EST_KINDS]; // no room for the process either
	uint64_t lost[EST_KINDS];         // no room in the ring: est_lost tells by which process
	uint64_t coalesced;               // events that raised the count of a record
	uint64_t truncated;               // events with a path that Endpoint Security had cut
	uint64_t ring_peak;               // the most bytes that waited in the ring
};

#define EST_AT(record, field, offset) \
	_Static_assert(offsetof(struct record, field) == (offset), #record "." #field " is not where readers expect it")
#define EST_SIZE(record, size) _Static_assert(sizeof(struct record) == (size), #record " has another size")

EST_SIZE(est_head, 8);
EST_SIZE(est_process, 104);
EST_AT(est_process, slot, 8);
EST_AT(est_process, euid, 12);
EST_AT(est_process, token, 16);
EST_AT(est_process, pid, 48);
EST_AT(est_process, ppid, 52);
EST_AT(est_process, responsible_pid, 56);
EST_AT(est_process, pidversion, 60);
EST_AT(est_process, start, 64);
EST_AT(est_process, cdhash, 72);
EST_AT(est_process, platform, 92);
EST_AT(est_process, adhoc, 93);
EST_AT(est_process, executable_size, 94);
EST_AT(est_process, signing_id_size, 96);
EST_AT(est_process, team_id_size, 98);
EST_SIZE(est_event, 80);
EST_AT(est_event, slot, 8);
EST_AT(est_event, kind, 12);
EST_AT(est_event, truncated, 13);
EST_AT(est_event, count, 16);
EST_AT(est_event, first, 24);
EST_AT(est_event, last, 32);
EST_AT(est_event, size, 40);
EST_AT(est_event, first_size, 48);
EST_AT(est_event, ino, 56);
EST_AT(est_event, dev, 64);
EST_AT(est_event, path_size, 68);
EST_AT(est_event, source_size, 72);
EST_SIZE(est_lost, 16 + 8 * EST_KINDS);
EST_AT(est_lost, counts, 16);
EST_SIZE(est_counters, 8 * (6 + EST_REASONS + 2 * EST_KINDS));

struct est_config {
	size_t ring_bytes[EST_LANES]; // powers of two, at least EST_RING_MIN
	uint32_t slots[EST_LANES];    // processes known at a time: powers of two, at least 16
	uint64_t seed;                // of the hash; secret
	const uint32_t *events;       // what to subscribe to for files
	uint32_t event_count;
};

struct est_transport;

// est_open makes both clients. On failure it returns NULL and the result of es_new_client,
// or 0 if there was no memory.
struct est_transport *est_open(const struct est_config *config, uint32_t *result);

// est_mute_process and est_mute_path leave out, in the kernel, what a process execution does
// and what executables do, or what happens to files, at a path (es_mute_path_type_t). They are
// of the client for files only: the exec by which a muted process becomes another must come.
// 0 is success.
uint32_t est_mute_process(struct est_transport *t, const uint32_t token[8]);
uint32_t est_mute_path(struct est_transport *t, const char *path, uint32_t type);

// est_unmute_targets forgets the target paths that the system mutes by default, and
// est_invert_targets makes those that are muted the only ones that are seen; twice is once.
// 0 is success.
uint32_t est_unmute_targets(struct est_transport *t);
uint32_t est_invert_targets(struct est_transport *t);

// est_start subscribes; messages come from now on. 0 is success.
uint32_t est_start(struct est_transport *t);

// est_drain moves records of a lane to out, which holds size bytes, and returns how many bytes
// they have. It returns no part of a record. One thread at a time may drain a lane.
size_t est_drain(struct est_transport *t, enum est_lane lane, void *out, size_t size);

// est_read_counters may be called by any thread.
void est_read_counters(struct est_transport *t, enum est_lane lane, struct est_counters *out);

// est_stop deletes the clients; the thread must be that of est_open. No handler runs after
// it, and what waits can still be drained. On failure (not 0) nothing is freed.
uint32_t est_stop(struct est_transport *t);

// est_free frees all that est_stop left.
void est_free(struct est_transport *t);

#endif
