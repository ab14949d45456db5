//go:build cgo && linux

#define _GNU_SOURCE
#include "simulator.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "es_abi.h"

void *_NSConcreteGlobalBlock[32];

enum { MOST_CLIENTS = 8, POISON = 0xDD };

struct es_client {
	struct es_block *handler;
	pthread_t creator, worker;
	int working;
	atomic_int deleted, inverted;
	atomic_uchar subscribed[SIM_TYPES];
	uint64_t seq[SIM_TYPES], global;
	struct sim_report report;
};

static struct es_client clients[MOST_CLIENTS];
static uint32_t client_count, fail_at, fail_result, refusing;
static char calls[1 << 16];

static struct {
	const struct sim_message *script;
	uint32_t script_size;
	struct sim_flood flood;
} job;

// Several threads may wait for the same worker.
static void join(struct es_client *c) {
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
	if (c->working) pthread_join(c->worker, NULL);
	c->working = 0;
	pthread_mutex_unlock(&lock);
}

static void note(const char *call, const es_client_t *c, const char *detail) {
	size_t n = strlen(calls);
	snprintf(calls + n, sizeof calls - n, "%s %ld %s\n", call, (long)(c - clients), detail);
}

void sim_reset(void) {
	memset(clients, 0, sizeof clients);
	client_count = fail_at = refusing = 0;
	calls[0] = 0;
}

void sim_fail(uint32_t n, uint32_t result) { fail_at = n, fail_result = result; }
void sim_refuse(uint32_t refuse) { refusing = refuse; }
const char *sim_calls(void) { return calls; }

// The functions of libEndpointSecurity.

uint32_t es_new_client(es_client_t **client, struct es_block *handler) {
	*client = NULL;
	if (fail_at && --fail_at == 0) return fail_result;
	if (client_count == MOST_CLIENTS) return 6;
	// Who keeps a block copies it, unless it says that it is global.
	if (handler->isa != _NSConcreteGlobalBlock || !(handler->flags & ES_BLOCK_IS_GLOBAL)) return 1;
	es_client_t *c = &clients[client_count++];
	c->handler = handler;
	c->creator = pthread_self();
	*client = c;
	note("new", c, "");
	return ES_SUCCESS;
}

uint32_t es_delete_client(es_client_t *c) {
	if (!pthread_equal(c->creator, pthread_self())) {
		note("delete", c, "by another thread");
		return ES_ERROR;
	}
	note("delete", c, "");
	if (refusing) return ES_ERROR;
	atomic_store(&c->deleted, 1);
	join(c);
	return ES_SUCCESS;
}

uint32_t es_subscribe(es_client_t *c, const uint32_t *events, uint32_t count) {
	char list[1024] = "";
	for (uint32_t i = 0; i < count; i++) {
		atomic_store(&c->subscribed[events[i]], 1);
		size_t n = strlen(list);
		snprintf(list + n, sizeof list - n, "%s%u", i ? "," : "", events[i]);
	}
	note("subscribe", c, list);
	return refusing ? ES_ERROR : ES_SUCCESS;
}

uint32_t es_unsubscribe_all(es_client_t *c) {
	for (int i = 0; i < SIM_TYPES; i++) atomic_store(&c->subscribed[i], 0);
	note("unsubscribe_all", c, "");
	return ES_SUCCESS;
}

uint32_t es_mute_process(es_client_t *c, const struct es_token *token) {
	char detail[64];
	snprintf(detail, sizeof detail, "%u.%u", token->pid, token->pidversion);
	note("mute_process", c, detail);
	return refusing ? ES_ERROR : ES_SUCCESS;
}

uint32_t es_mute_path(es_client_t *c, const char *path, uint32_t type) {
	char detail[256];
	snprintf(detail, sizeof detail, "%u %s", type, path);
	note("mute_path", c, detail);
	return refusing ? ES_ERROR : ES_SUCCESS;
}

uint32_t es_unmute_all_target_paths(es_client_t *c) {
	note("unmute_targets", c, "");
	return refusing ? ES_ERROR : ES_SUCCESS;
}

// It turns what is inverted back, as on a Mac.
uint32_t es_invert_muting(es_client_t *c, uint32_t type) {
	char detail[16];
	snprintf(detail, sizeof detail, "%u", type);
	note("invert", c, detail);
	c->inverted = !c->inverted;
	return refusing ? ES_ERROR : ES_SUCCESS;
}

uint32_t es_muting_inverted(es_client_t *c, uint32_t type) {
	(void)type;
	if (refusing) return ES_MUTE_INVERTED_ERROR;
	return c->inverted ? ES_MUTE_INVERTED : ES_MUTE_NOT_INVERTED;
}

// Durations in buckets, 16 for each power of two.

static uint64_t read_clock(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now(void) { return read_clock(CLOCK_MONOTONIC); }

static uint32_t bucket(uint64_t ns) {
	if (ns < SIM_SUB) return (uint32_t)ns;
	uint32_t log = 63 - (uint32_t)__builtin_clzll(ns);
	uint32_t i = (log - 3) * SIM_SUB + (uint32_t)(ns >> (log - 4)) - SIM_SUB;
	return i < SIM_BUCKETS ? i : SIM_BUCKETS - 1;
}

uint64_t sim_bucket_end(uint32_t i) {
	if (i < SIM_SUB) return i;
	uint32_t log = i / SIM_SUB + 3;
	return ((uint64_t)(i % SIM_SUB + SIM_SUB + 1) << (log - 4)) - 1;
}

// Delivery.

static void nothing(struct es_block *b, void *client, const struct es_message *m) {
	(void)b, (void)client;
	__asm__ volatile("" ::"r"(m) : "memory");
}

// number gives a message its numbers; a dropped one takes them with it.
static void number(struct es_client *c, struct es_message *m, uint32_t type, int dropped) {
	uint64_t seq = c->seq[type]++, global = c->global++;
	if (dropped) {
		c->report.dropped[type]++;
		return;
	}
	c->report.delivered[type]++;
	if (m->version >= ES_VERSION_SEQ_NUM) m->seq_num = seq;
	if (m->version >= ES_VERSION_GLOBAL_SEQ_NUM) m->global_seq_num = global;
}

static void call(struct es_client *c, const struct es_message *m) {
	void (*invoke)(struct es_block *, void *, const struct es_message *) = job.flood.empty ? nothing : c->handler->invoke;
	if (!job.flood.timed) {
		invoke(c->handler, c, m);
		return;
	}
	uint64_t begin = now();
	invoke(c->handler, c, m);
	uint64_t took = now() - begin;
	c->report.calls[bucket(took)]++;
	if (took > c->report.longest) c->report.longest = took;
}

static void drop_memory(void *p, size_t size) {
	memset(p, POISON, size);
	free(p);
}

static void play(struct es_client *c, const struct sim_message *s) {
	uint32_t type = ((const struct es_message *)s->bytes)->event_type;
	if (type >= SIM_TYPES || !atomic_load(&c->subscribed[type])) return;
	uint8_t *image = malloc(s->size);
	memcpy(image, s->bytes, s->size);
	for (uint32_t i = 0; i < s->pointer_count; i++) {
		uint64_t offset, address;
		memcpy(&offset, image + s->pointers[i], sizeof offset);
		address = (uint64_t)(uintptr_t)image + offset;
		memcpy(image + s->pointers[i], &address, sizeof address);
	}
	number(c, (struct es_message *)image, type, (int)s->dropped);
	if (!s->dropped) call(c, (const struct es_message *)image);
	drop_memory(image, s->size);
}

// A message of a flood, each part in memory of its own and of no more than its version has.
struct flood_message {
	struct es_message *message;
	struct es_process *process;
	struct es_file *executable, *target;
	char *executable_path, *target_path;
	uint64_t *thread;
	size_t message_size, process_size;
};

static struct es_file *make_file(char **path, uint64_t ino, const char *format, unsigned a, unsigned long long b) {
	char text[128];
	int n = snprintf(text, sizeof text, format, a, b);
	struct es_file *f = calloc(1, sizeof *f);
	*path = malloc((size_t)n); // no NUL: the length says where it ends
	memcpy(*path, text, (size_t)n);
	f->path = (struct es_string){(uint64_t)n, *path};
	f->stat.dev = 16777234;
	f->stat.ino = ino;
	return f;
}

static void build(const struct sim_flood *f, uint64_t i, struct flood_message *m) {
	uint32_t process = (uint32_t)(i % f->processes);
	uint64_t file = f->files ? i / f->processes % f->files : i / f->processes;
	m->message_size = f->version >= ES_VERSION_GLOBAL_SEQ_NUM ? 224 : 208;
	m->process_size = f->version >= ES_VERSION_RESPONSIBLE ? 208 : f->version >= ES_VERSION_START_TIME ? 144 : 128;
	m->message = calloc(1, m->message_size);
	m->process = calloc(1, m->process_size);
	m->executable = make_file(&m->executable_path, 7, "/private/tmp/flood-%u%.0llu", process, 0ull);
	m->target = make_file(&m->target_path, (uint64_t)process << 32 | file, "/private/tmp/flood/%u/%llu", process, (unsigned long long)file);
	m->target->stat.size = (int64_t)i;
	m->process->token = (struct es_token){501, 501, 20, 501, 20, 1000 + process, 100, 9};
	m->process->ppid = 1;
	m->process->executable = m->executable;
	if (f->version >= ES_VERSION_START_TIME) m->process->start_sec = 1767323040;
	m->message->version = f->version;
	m->message->time = (struct es_time){1767323041 + (int64_t)(i / 1000000), (int64_t)(i % 1000000) * 1000};
	m->message->process = m->process;
	m->message->action_type = ES_ACTION_NOTIFY;
	m->thread = calloc(1, sizeof *m->thread);
	*m->thread = i / f->processes % f->threads;
	if (f->version >= ES_VERSION_GLOBAL_SEQ_NUM) m->message->thread = m->thread;
	if (f->lifecycle_every && i % f->lifecycle_every == 0) {
		m->message->event_type = ES_EXEC;
		m->message->event.exec.target = m->process;
	} else {
		m->message->event_type = ES_WRITE;
		m->message->event.target = m->target;
	}
}

static void drop_message(struct flood_message *m) {
	drop_memory(m->executable_path, m->executable->path.length);
	drop_memory(m->target_path, m->target->path.length);
	drop_memory(m->thread, sizeof *m->thread);
	drop_memory(m->executable, sizeof *m->executable);
	drop_memory(m->target, sizeof *m->target);
	drop_memory(m->process, m->process_size);
	drop_memory(m->message, m->message_size);
}

// is_dropped spares the last events, so that the numbers of those show every loss.
static int is_dropped(const struct sim_flood *f, uint64_t i) {
	uint64_t last = 2 * ((uint64_t)f->lifecycle_every + f->drop_every);
	return f->drop_every && i % f->drop_every == f->drop_every / 2 && i + last < f->events;
}

static void flood(struct es_client *c, const struct sim_flood *f) {
	for (uint64_t i = 0; i < f->events && !atomic_load(&c->deleted); i++) {
		uint32_t type = f->lifecycle_every && i % f->lifecycle_every == 0 ? ES_EXEC : ES_WRITE;
		if (!atomic_load(&c->subscribed[type])) continue;
		struct flood_message m;
		build(f, i, &m);
		int dropped = is_dropped(f, i);
		number(c, m.message, type, dropped);
		if (!dropped) call(c, m.message);
		drop_message(&m);
	}
}

// flood_again delivers the same messages over and over, so that the time is that of the handler.
static void flood_again(struct es_client *c, const struct sim_flood *f) {
	enum { MOST = 1 << 16 };
	uint64_t n = f->files ? (uint64_t)f->processes * f->files : MOST;
	if (n > MOST) n = MOST;
	struct flood_message *m = malloc(n * sizeof *m);
	for (uint64_t i = 0; i < n; i++) build(f, i, &m[i]);
	uint64_t begin = read_clock(CLOCK_THREAD_CPUTIME_ID);
	for (uint64_t i = 0, j = 0; i < f->events && !atomic_load(&c->deleted); i++) {
		number(c, m[j].message, ES_WRITE, 0);
		call(c, m[j].message);
		if (++j == n) j = 0;
	}
	c->report.elapsed = read_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
	for (uint64_t i = 0; i < n; i++) drop_message(&m[i]);
	free(m);
}

static void *work(void *arg) {
	struct es_client *c = arg;
	for (uint32_t i = 0; i < job.script_size && !atomic_load(&c->deleted); i++) play(c, &job.script[i]);
	if (!job.flood.reuse) {
		flood(c, &job.flood);
	} else if (atomic_load(&c->subscribed[ES_WRITE])) {
		flood_again(c, &job.flood);
	}
	return NULL;
}

static void start(void) {
	for (uint32_t i = 0; i < client_count; i++) {
		if (atomic_load(&clients[i].deleted)) continue;
		clients[i].working = pthread_create(&clients[i].worker, NULL, work, &clients[i]) == 0;
	}
}

void sim_play(const struct sim_message *script, uint32_t n) {
	memset(&job, 0, sizeof job);
	job.script = script, job.script_size = n;
	start();
}

void sim_start_flood(const struct sim_flood *f) {
	memset(&job, 0, sizeof job);
	job.flood = *f;
	start();
}

void sim_wait(void) {
	for (uint32_t i = 0; i < client_count; i++) join(&clients[i]);
}

void sim_read(uint32_t client, struct sim_report *report) { *report = clients[client].report; }
