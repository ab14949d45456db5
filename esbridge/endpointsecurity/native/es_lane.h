// A lane of the transport: what the handler of one client writes, and how the ring and the
// counters are shared with the consumer.
#ifndef ES_LANE_H
#define ES_LANE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "es_abi.h"
#include "es_change.h"
#include "es_transport.h"

enum {
	WAYS = 16,          // slots a process can have: a cache line of tags
	RECENT_WAYS = 4,    // places where a recent record can be found: a cache line of them
	RECENT_SETS = 2048,
	SPINS = 128,        // how often the consumer looks at a busy record before it comes back later
};

// Of the state word of a record, beside its count.
static const uint64_t TAKEN = 1ull << 63, BUSY = 1ull << 62;

struct slot {
	struct identity id;
	uint64_t bound;        // where the ring has the record of the process
	uint64_t used;         // when it was last needed, in messages
	uint64_t appended;     // bytes of records
	_Atomic uint64_t lost; // Σ lost_by
	_Atomic uint64_t lost_by[EST_KINDS];
};

// The consumer's side of a slot.
struct taken {
	_Atomic uint64_t bytes; // of slot.appended
	_Atomic uint64_t lost;  // of slot.lost
	uint64_t lost_by[EST_KINDS];
};

struct sequence {
	uint64_t next, lost;
};

// A record that can perhaps be raised.
struct recent {
	uint64_t at; // where the ring has it; 0 is none
	uint64_t hash;
};

struct lane {
	struct es_block block;
	es_client_t *client;
	uint64_t seed;
	uint32_t slot_count;
	uint64_t ring_bytes;
	uint8_t *ring;
	uint32_t *tags; // of slots; 0 is a slot without a process
	struct slot *slots;
	struct recent *recent;
	uint64_t last; // where the ring has the newest record

	struct sequence global, types[TYPES];
	uint64_t typed;        // Σ types.lost
	_Atomic uint64_t loss; // rises with every slot.lost_by
	_Atomic uint64_t head; // bytes ever appended
	_Atomic uint64_t counters[sizeof(struct est_counters) / 8];

	_Alignas(128) _Atomic uint64_t tail; // bytes ever taken; the consumer's, as is what follows
	uint64_t loss_seen;
	struct taken *taken;
};

// Counters have one writer, so a load and a store will do.

#define COUNTER(field) (offsetof(struct est_counters, field) / 8)

MUST_INLINE uint64_t get(const _Atomic uint64_t *n) { return atomic_load_explicit(n, memory_order_relaxed); }
MUST_INLINE void set(_Atomic uint64_t *n, uint64_t v) { atomic_store_explicit(n, v, memory_order_relaxed); }
MUST_INLINE uint64_t acquire(const _Atomic uint64_t *n) { return atomic_load_explicit(n, memory_order_acquire); }
MUST_INLINE void release(_Atomic uint64_t *n, uint64_t v) { atomic_store_explicit(n, v, memory_order_release); }
MUST_INLINE void raise_by(_Atomic uint64_t *n, uint64_t by) { set(n, get(n) + by); }
MUST_INLINE void count(struct lane *l, size_t counter) { raise_by(&l->counters[counter], 1); }

static inline uint64_t saturating(uint64_t a, uint64_t b) { return a + b < a ? UINT64_MAX : a + b; }

static inline uint64_t step(struct sequence *s, uint64_t seq) {
	uint64_t missed = seq - s->next;
	s->lost = saturating(s->lost, missed);
	s->next = seq + 1;
	return missed;
}

// Sequence numbers by the rules of esbridge.GapDetector: both numbers see the same loss, which counts once.
static inline void observe(struct lane *l, const struct es_message *m) {
	struct sequence *type = m->version >= ES_VERSION_SEQ_NUM && m->event_type < TYPES ? &l->types[m->event_type] : NULL;
	int global = m->version >= ES_VERSION_GLOBAL_SEQ_NUM;
	if ((global && m->global_seq_num < l->global.next) || (type && m->seq_num < type->next)) {
		l->global.next = 0; // a new client began to number
		for (int i = 0; i < TYPES; i++) l->types[i].next = 0;
	}
	if (global) step(&l->global, m->global_seq_num);
	if (type) l->typed = saturating(l->typed, step(type, m->seq_num));
	uint64_t lost = l->global.lost > l->typed ? l->global.lost : l->typed;
	_Atomic uint64_t *dropped = &l->counters[COUNTER(kernel_dropped)];
	if (lost > get(dropped)) set(dropped, lost);
}

MUST_INLINE uint64_t mix(uint64_t a, uint64_t b) {
	unsigned __int128 p = (unsigned __int128)a * b;
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

// reserve returns where a record of the slot can be written; publish makes it the consumer's.
static inline void *reserve(struct lane *l, uint32_t slot, uint32_t size) {
	uint64_t head = get(&l->head), used = head - acquire(&l->tail);
	uint64_t at = head & (l->ring_bytes - 1), to_end = l->ring_bytes - at;
	uint64_t need = size <= to_end ? size : to_end + size;
	uint64_t waiting = l->slots[slot].appended - acquire(&l->taken[slot].bytes);
	if (need > l->ring_bytes - used || waiting + size > l->ring_bytes - used) return NULL;
	if (size > to_end) {
		*(struct est_head *)(l->ring + at) = (struct est_head){(uint32_t)to_end, EST_PAD, EST_LAYOUT};
		release(&l->head, head + to_end);
		at = 0;
	}
	return l->ring + at;
}

static inline void publish(struct lane *l, uint32_t slot, uint32_t size) {
	uint64_t head = get(&l->head) + size, used = head - get(&l->tail);
	l->last = head - size;
	l->slots[slot].appended += size;
	if (used > get(&l->counters[COUNTER(ring_peak)])) set(&l->counters[COUNTER(ring_peak)], used);
	release(&l->head, head);
}

// Nothing of the process of a slot waits.
static inline int idle(const struct lane *l, uint32_t slot) {
	const struct slot *s = &l->slots[slot];
	return s->appended == acquire(&l->taken[slot].bytes) && get(&s->lost) == acquire(&l->taken[slot].lost);
}

#endif
