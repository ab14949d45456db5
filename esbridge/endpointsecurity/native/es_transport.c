//go:build cgo && (darwin || linux)

// Endpoint Security calls the handler of a client strictly one message after the other, and
// drops messages in the kernel while it is late. So the handler does little, waits for nobody
// and calls nothing: it finds the slot of the process, and then raises the count of an equal
// record that still waits in the ring, or appends a record.
//
// Each client has a lane of its own: a ring of records, a table of processes, counters. The
// handler is the only writer of all of them but for what is marked as the consumer's. Memory
// is taken once, when the lane is opened.
//
// The count of a record is handed over by its state word. The handler raises with a
// compare-and-swap to busy, writes, and stores the raised count; the consumer takes the record
// with a compare-and-swap to taken, which fails while it is busy. A handler that finds the
// record taken appends a new one. So no raise is lost, and the handler never waits.
//
// The ring is shared out: a process may have as much waiting in it as it leaves free. What
// finds no room is counted in its slot by kind, and drained as a loss of that process. A slot
// goes to another process only when nothing of its process waits.

#include "es_transport.h"

#include <stdlib.h>
#include <string.h>

#include "es_abi.h"
#include "es_change.h"
#include "es_lane.h"

struct est_transport {
	struct lane lanes[EST_LANES];
	uint32_t *events;
	uint32_t event_count;
};

// Slots.

static uint8_t *copy(uint8_t *to, const char *data, uint64_t size) {
	memcpy(to, data, size);
	return to + size;
}

// What is kept of a text: its head and its tail.
struct cut {
	const char *data;
	uint64_t size, head, tail;
};

static struct cut cut(const struct es_string *s, uint64_t most) {
	uint64_t size = s->data ? s->length : 0;
	if (size <= most) return (struct cut){s->data, size, size, 0};
	return (struct cut){s->data, size, most - most / 2, most / 2};
}

static uint8_t *copy_cut(uint8_t *to, const struct cut *c) {
	if (c->head) to = copy(to, c->data, c->head);
	if (c->tail) to = copy(to, c->data + c->size - c->tail, c->tail);
	return to;
}

static uint32_t padded(uint64_t size) { return (uint32_t)((size + 7) & ~7ull); }

static int append_process(struct lane *l, uint32_t slot, const struct identity *id, const struct es_process *p) {
	struct cut executable = cut(&p->executable->path, EST_EXECUTABLE_MAX);
	struct cut signing_id = cut(&p->signing_id, EST_SIGNING_ID_MAX), team_id = cut(&p->team_id, EST_TEAM_ID_MAX);
	struct est_process r = {
		.slot = slot, .euid = id->token.euid, .pid = (int32_t)id->token.pid, .ppid = id->ppid,
		.responsible_pid = id->responsible_pid, .pidversion = id->token.pidversion, .start = id->start,
		.platform = id->platform, .adhoc = id->adhoc,
		.executable_size = (uint16_t)(executable.head + executable.tail),
		.signing_id_size = (uint16_t)(signing_id.head + signing_id.tail),
		.team_id_size = (uint16_t)(team_id.head + team_id.tail),
	};
	uint32_t size = padded(sizeof r + r.executable_size + r.signing_id_size + r.team_id_size);
	uint8_t *to = reserve(l, slot, size);
	if (!to) return 0;
	r.head = (struct est_head){size, EST_PROCESS, EST_LAYOUT};
	memcpy(r.token, &id->token, sizeof r.token);
	memcpy(r.cdhash, id->cdhash, sizeof r.cdhash);
	l->slots[slot].bound = get(&l->head);
	to = copy(to, (const char *)&r, sizeof r);
	to = copy_cut(copy_cut(copy_cut(to, &executable), &signing_id), &team_id);
	publish(l, slot, size);
	return 1;
}

// The slot of a process, which takes the place of the one that was needed least recently; or
// slot_count where all that could go have something waiting.
static uint32_t slot_of(struct lane *l, const struct identity *id, const struct es_process *p) {
	uint64_t hash = mix(((uint64_t)id->token.pid << 32 | id->token.pidversion) ^ l->seed, 0x9E3779B97F4A7C15);
	hash = mix(hash ^ id->token.euid ^ (uint64_t)id->adhoc << 32, ((uint64_t)(uint32_t)id->ppid << 32 | (uint32_t)id->responsible_pid) ^ 0xD1B54A32D192ED03);
	uint32_t first = (uint32_t)hash & (l->slot_count - 1) & ~(uint32_t)(WAYS - 1), tag = (uint32_t)(hash >> 32) | 1;
	uint64_t now = get(&l->counters[COUNTER(received)]);
	for (uint32_t i = first; i < first + WAYS; i++) {
		if (l->tags[i] == tag && memcmp(&l->slots[i].id, id, sizeof *id) == 0) {
			l->slots[i].used = now;
			return i;
		}
	}
	uint32_t victim = l->slot_count;
	for (uint32_t i = first; i < first + WAYS; i++) {
		int older = victim == l->slot_count || l->slots[i].used < l->slots[victim].used;
		if (older && idle(l, i)) victim = i;
	}
	if (victim == l->slot_count) return victim;
	l->tags[victim] = 0;
	if (!append_process(l, victim, id, p)) return l->slot_count;
	l->tags[victim] = tag;
	l->slots[victim].id = *id;
	l->slots[victim].used = now;
	return victim;
}

// Records of events.

static int same_text(const struct change *c, const uint8_t *text) {
	for (int i = 0; i < PARTS; i++) {
		if (memcmp(text, c->parts[i].data, c->parts[i].size) != 0) return 0;
		text += c->parts[i].size;
	}
	return 1;
}

static int same(const struct est_event *r, const struct change *c, uint32_t slot) {
	return r->head.type == EST_EVENT && r->slot == slot && r->kind == c->kind && r->ino == c->file->stat.ino &&
		r->dev == c->file->stat.dev && r->path_size == c->path_size && r->source_size == c->source_size &&
		same_text(c, (const uint8_t *)(r + 1));
}

MUST_INLINE _Atomic uint64_t *state_of(struct est_event *r) { return (_Atomic uint64_t *)&r->count; }

// Raises a record that the ring still has and that nobody has taken.
static int raise_record(struct lane *l, uint64_t at, const struct change *c, uint32_t slot) {
	if (at == 0 || get(&l->head) - at > l->ring_bytes) return 0;
	struct est_event *r = (struct est_event *)(l->ring + (at & (l->ring_bytes - 1)));
	if (!same(r, c, slot)) return 0;
	uint64_t n = get(state_of(r));
	if (n & TAKEN || !atomic_compare_exchange_strong_explicit(state_of(r), &n, n | BUSY, memory_order_acquire, memory_order_relaxed)) return 0;
	if (c->time < r->first) r->first = c->time; // the clock may be set back
	if (c->time > r->last) r->last = c->time;
	r->size = c->size;
	release(state_of(r), n + 1);
	return 1;
}

static int append(struct lane *l, const struct change *c, uint32_t slot) {
	uint32_t size = padded(sizeof(struct est_event) + c->path_size + c->source_size);
	uint8_t *to = reserve(l, slot, size);
	if (!to) return 0;
	*(struct est_event *)to = (struct est_event){
		.head = {size, EST_EVENT, EST_LAYOUT}, .slot = slot, .kind = c->kind, .truncated = c->truncated, .count = 1,
		.first = c->time, .last = c->time, .size = c->size, .first_size = c->size, .ino = c->file->stat.ino, .dev = c->file->stat.dev,
		.path_size = c->path_size, .source_size = c->source_size,
	};
	to += sizeof(struct est_event);
	for (int i = 0; i < PARTS; i++) to = copy(to, c->parts[i].data, c->parts[i].size);
	publish(l, slot, size);
	return 1;
}

static void lose(struct lane *l, const struct change *c, uint32_t slot) {
	raise_by(&l->slots[slot].lost_by[c->kind], 1);
	release(&l->slots[slot].lost, get(&l->slots[slot].lost) + 1);
	count(l, COUNTER(lost) + c->kind);
	release(&l->loss, get(&l->loss) + 1);
}

static void keep(struct lane *l, const struct change *c, const struct identity *id) {
	if (c->truncated) count(l, COUNTER(truncated));
	uint32_t slot = slot_of(l, id, c->process);
	if (slot == l->slot_count) {
		count(l, COUNTER(unattributed) + c->kind);
		return;
	}
	uint64_t hash = mix(c->file->stat.ino ^ l->seed, ((uint64_t)slot << 32 | (uint32_t)c->file->stat.dev) ^ 0x9E3779B97F4A7C15);
	hash = mix(hash ^ c->kind, ((uint64_t)c->path_size << 32 | c->source_size) ^ 0xD1B54A32D192ED03);
	struct recent *first = &l->recent[(hash & (RECENT_SETS - 1)) * RECENT_WAYS], *oldest = first;
	for (struct recent *r = first; r < first + RECENT_WAYS; r++) {
		if (r->hash == hash && raise_record(l, r->at, c, slot)) {
			count(l, COUNTER(coalesced));
			return;
		}
		// A record that could not be raised was taken: its place is free.
		if (r->hash == hash || r->at < oldest->at) oldest = r;
		if (r->hash == hash) break;
	}
	if (append(l, c, slot)) {
		*oldest = (struct recent){l->last, hash};
	} else {
		lose(l, c, slot);
	}
}

// The life of a process counts whether or not the process can be told.
static void keep_step(struct lane *l, struct change *c, const struct es_message *m) {
	static const struct es_file none = {.path = {0, ""}};
	struct identity id;
	if (m->event_type != ES_EXIT) c->process = m->event.exec.target;
	identify(c, m, &id);
	c->file = &none;
	if (c->missing || c->bad) {
		count(l, COUNTER(unattributed) + c->kind);
	} else {
		keep(l, c, &id);
	}
}

static void handle(struct lane *l, const struct es_message *m) {
	struct change c = {.process = m->process, .time = 0, .size = -1, .parts = {{"", 0}, {"", 0}, {"", 0}, {"", 0}}};
	struct identity id;
	count(l, COUNTER(received));
	if (m->version == 0) {
		count(l, COUNTER(malformed) + EST_UNSUPPORTED);
		return;
	}
	observe(l, m);
	int shape = m->event_type < TYPES ? kinds[m->event_type].shape : IGNORED;
	int denied = m->action_type == ES_ACTION_NOTIFY && m->result_type == ES_RESULT_AUTH && m->auth == ES_AUTH_DENY;
	int mapped = m->version >= ES_VERSION_MAPPED_WRITABLE && m->event.close.was_mapped_writable;
	if (shape == IGNORED || denied || (shape == ON_CLOSE && !m->event.close.modified && !mapped)) {
		count(l, COUNTER(ignored));
		return;
	}
	c.kind = kinds[m->event_type].kind;
	if (shape == ON_CLOSE) c.kind = m->event.close.modified ? EST_CLOSE_MODIFIED : EST_MAPPED_WRITE;
	c.bad = !in_range(m->time.sec, m->time.nsec);
	c.time = c.bad ? 0 : m->time.sec * SECOND + m->time.nsec;
	if (shape == LIFECYCLE) {
		keep_step(l, &c, m);
		return;
	}
	put_event(&c, shape, &m->event);
	identify(&c, m, &id);
	if (c.missing || c.bad) {
		count(l, COUNTER(malformed) + (c.missing ? EST_MISSING_FIELD : EST_BAD_FIELD));
	} else {
		keep(l, &c, &id);
	}
}

static void invoke(struct es_block *block, void *client, const struct es_message *m) {
	(void)client;
	handle(block->context, m);
}

// The consumer.

// Takes the count of a record; 0 while the handler is at it.
static uint64_t take(struct est_event *r) {
	for (int i = 0; i < SPINS; i++) {
		uint64_t n = get(state_of(r));
		if (!(n & BUSY) && atomic_compare_exchange_weak_explicit(state_of(r), &n, TAKEN, memory_order_acquire, memory_order_relaxed)) return n;
	}
	return 0;
}

static uint32_t slot_in(const struct est_head *r) { return ((const struct est_event *)r)->slot; }

_Static_assert(offsetof(struct est_process, slot) == offsetof(struct est_event, slot), "both records have the slot in one place");

// The handler may still look at the state word, so that is not copied.
static void copy_record(uint8_t *out, const struct est_head *r, uint64_t events) {
	enum { HEAD = offsetof(struct est_event, count), REST = offsetof(struct est_event, first) };
	memcpy(out, r, HEAD);
	memcpy(out + HEAD, events ? (const void *)&events : (const uint8_t *)r + HEAD, REST - HEAD);
	memcpy(out + REST, (const uint8_t *)r + REST, r->size - REST);
}

static size_t drain_ring(struct lane *l, uint8_t *out, size_t size) {
	uint64_t tail = get(&l->tail), head = acquire(&l->head);
	size_t n = 0;
	while (tail != head) {
		struct est_head *r = (struct est_head *)(l->ring + (tail & (l->ring_bytes - 1)));
		if (r->type != EST_PAD) {
			if (r->size > size - n) break;
			uint64_t events = r->type == EST_EVENT ? take((struct est_event *)r) : 0;
			if (r->type == EST_EVENT && events == 0) break;
			struct taken *t = &l->taken[slot_in(r)];
			copy_record(out + n, r, events);
			n += r->size;
			release(&t->bytes, get(&t->bytes) + r->size);
		}
		tail += r->size;
	}
	release(&l->tail, tail);
	return n;
}

// What a slot lost since it was last taken; 0 where there is nothing, or where the record that
// says whose slot it is still waits. A loss that the handler has not finished to count may have
// been taken before it shows in slot.lost: only while that is ahead is the slot sure to stay
// with its process.
static uint64_t take_lost(struct lane *l, uint32_t slot, struct est_lost *r) {
	struct slot *s = &l->slots[slot];
	struct taken *t = &l->taken[slot];
	if ((int64_t)(acquire(&s->lost) - get(&t->lost)) <= 0 || s->bound >= get(&l->tail)) return 0;
	uint64_t sum = 0;
	*r = (struct est_lost){.head = {sizeof *r, EST_LOST, EST_LAYOUT}, .slot = slot};
	for (int k = 0; k < EST_KINDS; k++) {
		uint64_t n = get(&s->lost_by[k]);
		r->counts[k] = n - t->lost_by[k];
		t->lost_by[k] = n;
		sum += r->counts[k];
	}
	release(&t->lost, get(&t->lost) + sum);
	return sum;
}

static size_t drain_lost(struct lane *l, uint8_t *out, size_t size) {
	uint64_t loss = acquire(&l->loss), left = 0;
	size_t n = 0;
	if (loss == l->loss_seen) return 0;
	for (uint32_t i = 0; i < l->slot_count; i++) {
		struct est_lost r;
		if (size - n < sizeof r) {
			left = 1;
			break;
		}
		if (take_lost(l, i, &r)) {
			memcpy(out + n, &r, sizeof r);
			n += sizeof r;
		} else if (acquire(&l->slots[i].lost) != get(&l->taken[i].lost)) {
			left = 1;
		}
	}
	if (!left) l->loss_seen = loss;
	return n;
}

size_t est_drain(struct est_transport *t, enum est_lane lane, void *out, size_t size) {
	struct lane *l = &t->lanes[lane];
	size_t n = drain_ring(l, out, size);
	return n + drain_lost(l, (uint8_t *)out + n, size - n);
}

void est_read_counters(struct est_transport *t, enum est_lane lane, struct est_counters *out) {
	uint64_t *to = (uint64_t *)out;
	for (size_t i = 0; i < sizeof *out / 8; i++) to[i] = get(&t->lanes[lane].counters[i]);
}

// Opening and closing.

static const struct es_block_size block_size = {0, sizeof(struct es_block)};

static int power_of_two(uint64_t n) { return n && !(n & (n - 1)); }

static int init_lane(struct lane *l, size_t ring_bytes, uint32_t slots, uint64_t seed) {
	if (!power_of_two(ring_bytes) || ring_bytes < EST_RING_MIN || !power_of_two(slots) || slots < WAYS) return 0;
	l->block = (struct es_block){_NSConcreteGlobalBlock, ES_BLOCK_IS_GLOBAL, 0, invoke, &block_size, l};
	l->seed = seed;
	l->slot_count = slots;
	l->ring_bytes = ring_bytes;
	l->ring = malloc(ring_bytes);
	l->tags = calloc(slots, sizeof *l->tags);
	l->slots = calloc(slots, sizeof *l->slots);
	l->taken = calloc(slots, sizeof *l->taken);
	l->recent = aligned_alloc(64, RECENT_SETS * RECENT_WAYS * sizeof *l->recent);
	set(&l->head, ring_bytes); // so that 0 is no place of a record
	set(&l->tail, ring_bytes);
	if (l->ring) memset(l->ring, 0xFF, ring_bytes); // so that no handler waits for a page
	if (l->recent) memset(l->recent, 0, RECENT_SETS * RECENT_WAYS * sizeof *l->recent);
	return l->ring && l->tags && l->slots && l->taken && l->recent;
}

static const uint32_t lifecycle[] = {ES_EXEC, ES_FORK, ES_EXIT};

struct est_transport *est_open(const struct est_config *config, uint32_t *result) {
	struct est_transport *t = aligned_alloc(128, (sizeof *t + 127) & ~(size_t)127);
	*result = 0;
	if (!t) return NULL;
	memset(t, 0, sizeof *t);
	t->event_count = config->event_count;
	t->events = calloc(config->event_count + 1, sizeof *t->events);
	int ok = t->events != NULL;
	for (int i = 0; i < EST_LANES; i++) ok &= init_lane(&t->lanes[i], config->ring_bytes[i], config->slots[i], config->seed);
	if (ok && config->event_count) memcpy(t->events, config->events, config->event_count * sizeof *t->events);
	for (int i = 0; ok && i < EST_LANES; i++) ok = (*result = es_new_client(&t->lanes[i].client, &t->lanes[i].block)) == ES_SUCCESS;
	if (ok) return t;
	if (est_stop(t) == ES_SUCCESS) est_free(t);
	return NULL;
}

// The client that mutes; none once est_stop has deleted it, while a consumer still drains.
static es_client_t *muter(const struct est_transport *t) { return t->lanes[EST_FILES].client; }

uint32_t est_mute_process(struct est_transport *t, const uint32_t token[8]) {
	struct es_token copy;
	memcpy(&copy, token, sizeof copy);
	return muter(t) ? es_mute_process(muter(t), &copy) : ES_ERROR;
}

uint32_t est_mute_path(struct est_transport *t, const char *path, uint32_t type) {
	return muter(t) ? es_mute_path(muter(t), path, type) : ES_ERROR;
}

uint32_t est_unmute_targets(struct est_transport *t) {
	return muter(t) ? es_unmute_all_target_paths(muter(t)) : ES_ERROR;
}

uint32_t est_invert_targets(struct est_transport *t) {
	if (!muter(t)) return ES_ERROR;
	switch (es_muting_inverted(muter(t), ES_INVERT_TARGET_PATH)) {
	case ES_MUTE_INVERTED: return ES_SUCCESS;
	case ES_MUTE_NOT_INVERTED: return es_invert_muting(muter(t), ES_INVERT_TARGET_PATH);
	default: return ES_ERROR; // it cannot tell: to invert what is inverted would turn it back
	}
}

uint32_t est_start(struct est_transport *t) {
	uint32_t failed = es_subscribe(t->lanes[EST_LIFECYCLE].client, lifecycle, sizeof lifecycle / sizeof *lifecycle);
	return failed ? failed : es_subscribe(t->lanes[EST_FILES].client, t->events, t->event_count);
}

uint32_t est_stop(struct est_transport *t) {
	uint32_t failed = 0;
	for (int i = 0; i < EST_LANES; i++) {
		struct lane *l = &t->lanes[i];
		if (!l->client) continue;
		es_unsubscribe_all(l->client);
		if (es_delete_client(l->client) == ES_SUCCESS) l->client = NULL;
		else failed = ES_ERROR;
	}
	return failed;
}

void est_free(struct est_transport *t) {
	for (int i = 0; i < EST_LANES; i++) {
		struct lane *l = &t->lanes[i];
		free(l->ring);
		free(l->tags);
		free(l->slots);
		free(l->taken);
		free(l->recent);
	}
	free(t->events);
	free(t);
}
