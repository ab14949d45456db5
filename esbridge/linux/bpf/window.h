/* SPDX-License-Identifier: Dual MIT/GPL
 *
 * What is counted, and where. A window is everything that one drain delivers: a file table,
 * a process table, a ring of names and the totals. There are two of each; `window` says which
 * one is being filled. User space flips it, waits until no program that read the old value
 * runs any more, and then owns the old window alone, so nothing is lost or counted twice.
 */
#pragma once
#include "core.h"

/* Kinds of change. Those before FILE_SLOTS are counted per file; the others come with their
 * names as arguments and are sent one by one. */
enum slot {
	CREATE, WRITE, TRUNCATE, SETATTR, CLOSE, CLONE,
	FILE_SLOTS,
	RENAME = FILE_SLOTS, EXCHANGE, LINK, UNLINK,
	SLOTS,
};

/* One execution of a program, in one mount namespace. */
struct proc_key {
	u64 start; /* of the first thread, nanoseconds since boot */
	u32 tgid;
	u32 exec; /* how many times the process, or its ancestors, called exec */
	u32 mntns;
	u32 zero;
};

/* An inode number is reused as soon as the file is gone, its generation is not. */
struct file_key {
	struct proc_key proc;
	u64 ino;
	u32 dev;
	u32 generation;
};

struct stamp {
	u64 n, first, last; /* times in nanoseconds since boot, exact to the tick */
};

struct file_count {
	struct stamp kinds[FILE_SLOTS];
	u64 bytes; /* of the writes */
	u64 size;
	u32 name; /* id of the NAME record; INTERNAL for a file that no path leads to */
	u32 proc; /* proc_count.id */
};
#define INTERNAL 0xffffffff

/* The identity of a process, and the bucket for those of its events whose path is lost. */
struct proc_count {
	struct stamp kinds[SLOTS];
	u64 bytes;
	u64 exe_ino;
	u32 exe_dev;
	u32 exe_uid;
	u32 exe_mode;
	u32 ppid;
	u32 uid;
	u32 euid;
	u32 lower_bound; /* may change files in ways that no system call shows */
	u32 id;
	u64 names;      /* file table entries it took */
	u64 name_bytes; /* ring space it took */
};

/* Per CPU. */
struct totals {
	u64 events;      /* changes seen, by whatever table they went to */
	u64 lost;        /* changes that no table had room for */
	u64 muted;
	u64 unsupported; /* 32-bit or x32 calls, which are not decoded */
	u64 lifecycle[3];
	u64 tick, clock; /* the time, as of the last tick at which it was asked for */
};

enum record_type { NAME, EXECUTABLE, PATHS };

/* A record of the ring: a header and up to four strings, one behind the other. A walked path
 * is its names from the last to the first, each ended by a NUL. */
struct record {
	u8 type;
	u8 slot;
	u8 cut; /* bit i: string i was too long and lacks its upper part */
	u8 zero;
	u32 id; /* NAME: file_count.name; else proc_count.id */
	u16 len[4];
	u64 when;
};

/* The longest path that open(2) takes. */
#define PATH_MAX 4096
#define NAME_MAX 256 /* with its NUL */
#define STRINGS 4

struct scratch {
	struct record r;
	char data[STRINGS * PATH_MAX + NAME_MAX];
};

struct files_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct file_key);
	__type(value, struct file_count);
} files_0 SEC(".maps"), files_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct files_map);
} files SEC(".maps") = { .values = { &files_0, &files_1 } };

struct procs_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct proc_key);
	__type(value, struct proc_count);
} procs_0 SEC(".maps"), procs_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct procs_map);
} procs SEC(".maps") = { .values = { &procs_0, &procs_1 } };

struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096 * 1024);
} ring_0 SEC(".maps"), ring_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct ring_map);
} rings SEC(".maps") = { .values = { &ring_0, &ring_1 } };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct totals);
} window_totals SEC(".maps");

/* What a user took of a window. Users are told apart by a hash of their id; see share.h. */
#define USERS 64

struct share {
	u64 files; /* file table entries */
	u64 procs; /* process table entries */
	u64 bytes; /* of the ring */
};

/* The ids given out in a window, and to whom. */
struct ids {
	u64 files, procs;
	struct share users[USERS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct ids);
} window_ids SEC(".maps");

/* Where records are put together: too large for the stack. The programs that use it run in
 * process context and are not preempted, so one per CPU is enough. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/* A process row being made, for the same reason. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct proc_count);
} fresh SEC(".maps");

/* Executions that may change files without a system call for each change. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct proc_key);
	__type(value, u8);
} marks SEC(".maps");

/* Open files that were written to, by address; only with count_closes. Least recently used
 * entries give way, since a file that is closed by the end of its process leaves one behind. */
struct written {
	u64 ino;
	u32 dev;
	u32 generation;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct written);
} written SEC(".maps");
