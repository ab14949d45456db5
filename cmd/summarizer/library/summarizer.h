/*
 * libsummarizer: folds file events into summaries of constant size, inside a program that is
 * not written in Go. docs/embedding.md shows a macOS system extension that uses it.
 *
 *     summarizer_t s = summarizer_open("{\"window\": \"10s\"}", on_frame, context, &error);
 *     ...
 *     summarizer_fold(s, client, message);        any number of times, from any thread
 *     ...
 *     summarizer_close(s, 5000);
 *
 * THREADS. Every function may be called from any thread at any time, except where it says
 * otherwise. on_frame is called from one thread that belongs to the library.
 *
 * TIME. summarizer_fold and summarizer_fold_event never wait for the host, for a disk or for
 * on_frame. The thread whose event completes a batch of 128 folds that batch itself; nobody
 * else has to be scheduled first. Others may wait meanwhile: for a batch of the same client to
 * be folded, or at most 20 ms for one of another client or of the clock of the library. Where
 * these 20 ms are not enough the batch is dropped and counted by kind (struct
 * summarizer_stats, queue_dropped in the summaries).
 *
 * MEMORY. Nothing that is passed in is kept: a function has copied what it needs when it
 * returns. All tables are sized when a summarizer is opened, about 35 MiB with the default
 * limits. Folding allocates nothing.
 *
 * ERRORS. Functions return one of enum summarizer_error. An input that is wrong never ends the
 * process, with the exception that no C function can avoid: memory that is not there.
 *
 * The library is a Go archive: a process can hold one archive of Go, may not fork without exec
 * after it has been opened, and must install its own signal handlers with SA_ONSTACK.
 */
#ifndef SUMMARIZER_H
#define SUMMARIZER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A summarizer: a number, never 0. The number of one that was closed is not used again. */
typedef uint64_t summarizer_t;

/* What functions return. Values are only ever added. */
enum summarizer_error {
	SUMMARIZER_OK = 0,
	SUMMARIZER_ERROR_ARGUMENT = 1, /* a pointer is NULL that must not be */
	SUMMARIZER_ERROR_HANDLE = 2,   /* no such summarizer: it was closed, or never opened */
	SUMMARIZER_ERROR_SIZE = 3,     /* the size member of a structure is none this library knows */
	SUMMARIZER_ERROR_EVENT = 4,    /* the event contradicts itself; it is counted as malformed */
	SUMMARIZER_ERROR_DROPPED = 5,  /* the batch of the event found nobody to fold it in time; it is counted */
	SUMMARIZER_ERROR_SEQUENCE = 6, /* the outstanding frame has another number, or there is none */
	SUMMARIZER_ERROR_TIMEOUT = 7,  /* not all frames were acknowledged in time; they are lost */
	SUMMARIZER_ERROR_CALLBACK = 8, /* called by on_frame, for which it would have to wait */
	SUMMARIZER_ERROR_FAILED = 9    /* the library failed; report it with the version of your build */
};

/* The error as a sentence that says what to do. It is constant and lives forever. */
const char *summarizer_error_text(int error);

/*
 * Takes a frame. context is that of summarizer_open, and s the summarizer, because the first
 * frame may come before summarizer_open has returned. frame has length bytes, always the
 * configured frame size; it is valid until summarizer_acknowledge(s, seq) is called or s is
 * closed, and must not be written to. docs/architecture.md describes its content.
 *
 * It is called from one thread of the library, and not again before it has returned and the
 * frame was acknowledged; it may do that itself. Until then windows merge: totals stay exact,
 * and nothing queues. It may call any function but summarizer_close.
 */
typedef void (*summarizer_frame_callback)(void *context, summarizer_t s, uint64_t seq,
	const void *frame, size_t length);

/*
 * Opens a summarizer. config_json is an object whose keys are the names of the command's
 * flags, with _ for -; an unknown one is an error that names it. NULL and missing keys mean
 * the defaults.
 *
 *     "window": "10s"            what a summary covers
 *     "hop": "10s"               time between summaries; the window is a multiple of it
 *     "frame_size": 65536        bytes of every frame: a multiple of 1,024 from 16,384 to 1,048,576
 *     "limit_origins": 64, "limit_programs": 512, "limit_processes": 2048, "limit_paths": 16384,
 *     "limit_path_bytes": 3145728
 *     "watch": ["/etc"]          paths that fold last; replaces the built-in list
 *     "mute": ["exe=/usr/bin/x"] rules by which events are left out, and counted
 *     "mute_self": true          leaves out, and counts, what this process does
 *     "sketch_key": "..."        32 hexadecimal digits, the same wherever sketches are merged;
 *                                default: random
 *     "spool_slots": 2           windows that wait before they merge, the outstanding one included
 *     "machine_id", "boot", "hostname", "os": who the summaries are about; default: nothing for
 *                                machine_id, and what the system says for the others
 *
 * Returns 0 if it fails; then, if error_text is not NULL, *error_text is a sentence that says
 * what to do, to be freed with free(3). At most 16 summarizers are open at a time.
 */
summarizer_t summarizer_open(const char *config_json, summarizer_frame_callback on_frame,
	void *context, char **error_text);

/*
 * Folds a message of Endpoint Security. message is the es_message_t * that the handler of
 * es_new_client was given; it is read in place and need not be valid afterwards. client is the
 * es_client_t * beside it, and says whose sequence numbers the message carries; it is compared
 * and never looked into.
 *
 * All messages of a client must be passed, in the order in which they came, or the gaps in
 * their numbers count as dropped by the kernel; those of kinds that nobody folds count as
 * ignored. So calls for one client follow each other, while those for others may run at the
 * same time. Four clients are told apart; a fifth takes the place of the one that was silent
 * the longest.
 *
 * Returns OK for every message that was accounted for, broken ones too: those count as
 * malformed in the summaries. Otherwise ARGUMENT, HANDLE or DROPPED.
 */
int summarizer_fold(summarizer_t s, const void *client, const void *message);

/* Kinds of events. They are those of the summaries. */
enum summarizer_kind {
	SUMMARIZER_CREATE = 0,
	SUMMARIZER_WRITE = 1,
	SUMMARIZER_TRUNCATE = 2,
	SUMMARIZER_RENAME = 3, /* counted once, at its destination, as the next three */
	SUMMARIZER_LINK = 4,
	SUMMARIZER_CLONE = 5,
	SUMMARIZER_COPY = 6,
	SUMMARIZER_EXCHANGE = 7,
	SUMMARIZER_UNLINK = 8,
	SUMMARIZER_SETATTR = 9,
	SUMMARIZER_CLOSE_MODIFIED = 10,
	SUMMARIZER_MAPPED_WRITE = 11,
	SUMMARIZER_OTHER = 12,
	SUMMARIZER_KINDS = 13
};

/* Bytes, in any encoding, without a NUL at the end. All zeros: none. */
struct summarizer_bytes {
	const void *data;
	size_t length;
};

/*
 * One execution of a program. Set size to sizeof(struct summarizer_process) and everything
 * that is not known to zero. Texts have at most 32,768 bytes, as paths do, those of the code signature and
 * origin 1,024.
 */
struct summarizer_process {
	uint32_t size;
	int32_t pid, ppid, responsible_pid;
	uint32_t euid;
	uint32_t lower_bound; /* not 0: it can change files in ways that nobody counts */
	uint64_t version;     /* tells executions under one pid apart: the pidversion */
	int64_t start;        /* nanoseconds since the Unix epoch */
	struct summarizer_bytes executable, cdhash, signing_id, team_id;
	/* The trust group, what cannot be minted cheaply: "platform", "team:<TEAMID>", "unsigned".
	   Empty: "unsigned". */
	struct summarizer_bytes origin;
};

enum {
	SUMMARIZER_HAS_BYTES = 1, /* bytes is set */
	SUMMARIZER_HAS_SIZE = 2   /* file_size is set */
};

/*
 * An event, or count equal ones. Set size to sizeof(struct summarizer_event) and everything
 * that is not known to zero.
 */
struct summarizer_event {
	uint32_t size;
	uint32_t kind;  /* enum summarizer_kind */
	uint64_t count; /* from 1 to 2^48 */
	const struct summarizer_process *process;
	/* The file: absolute, or empty where nobody knows it; of two paths the destination. */
	struct summarizer_bytes path;
	struct summarizer_bytes source_path; /* the other one of two */
	int64_t first, last;                 /* nanoseconds since the Unix epoch; both 0: now */
	uint32_t flags;                      /* SUMMARIZER_HAS_ */
	uint32_t reserved;                   /* 0 */
	uint64_t bytes;                      /* that the events changed */
	int64_t file_size;                   /* after the last of them */
};

/*
 * Folds an event of a host that has no messages of Endpoint Security. event, its process and
 * their texts are copied. Returns OK; EVENT, and counts it as malformed, if it contradicts
 * itself; otherwise ARGUMENT, HANDLE, SIZE or DROPPED. A structure that is longer than this
 * library knows is taken if what is beyond is zero.
 */
int summarizer_fold_event(summarizer_t s, const struct summarizer_event *event);

/*
 * Says that the frame of number seq is safe: it may be overwritten, and the next one comes.
 * Returns OK, HANDLE or SEQUENCE.
 */
int summarizer_acknowledge(summarizer_t s, uint64_t seq);

/*
 * Ends the open window, so that all that was folded before the call is in frames that wait for
 * on_frame; the window goes on with another summary. Use it before sleep, or when somebody
 * wants to look now. It does not wait for on_frame. For a moment the tables exist twice.
 * Returns OK, HANDLE or FAILED.
 */
int summarizer_flush(summarizer_t s);

/*
 * Numbers of a summarizer since it was opened. Set size to sizeof(struct summarizer_stats).
 * Events count by their count, messages as one.
 */
struct summarizer_stats {
	uint32_t size;
	uint32_t waiting;                   /* windows that wait, the outstanding one among them */
	uint64_t given;                     /* events and messages of all calls that found the summarizer open */
	uint64_t dropped;                   /* of these, those that nobody folded in time: the sum of the next */
	uint64_t dropped_by[SUMMARIZER_KINDS];
	uint64_t malformed_events;          /* of those given to summarizer_fold_event */
	uint64_t frames;                    /* calls of on_frame */
	uint64_t acknowledged;
	uint64_t merged;                    /* times that a window merged with one that waited */
	uint64_t outstanding;               /* number of the frame that is not acknowledged; 0: none */
};

/* Fills in as much of *stats as its size has room for. Returns OK, ARGUMENT, HANDLE or SIZE. */
int summarizer_stats(summarizer_t s, struct summarizer_stats *stats);

/*
 * Closes a summarizer. Calls that fold meanwhile either get in before or return HANDLE.
 *
 * If wait_ms is 0 what was not delivered is lost. Otherwise the last window and all that wait
 * are delivered, and summarizer_close waits up to wait_ms milliseconds for their
 * acknowledgement. In either case it returns after on_frame has returned, which is not called
 * again, and frees everything, the outstanding frame too.
 *
 * Returns OK, HANDLE, TIMEOUT (closed all the same), FAILED (closed all the same) or CALLBACK
 * (not closed).
 */
int summarizer_close(summarizer_t s, uint32_t wait_ms);

#ifdef __cplusplus
}
#endif

#endif
