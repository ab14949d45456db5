// The transport against the simulator, in C alone, so that sanitizers see all of it: a
// consumer that is fast, slow or pauses, while messages of every version come. Prints nothing
// and returns 0 if every message was counted exactly once.

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../es_transport.h"
#include "../simulator.h"

struct books {
	uint64_t events, lost, steps, records;
	uint32_t pids[8192]; // by slot
};

static void fail(const char *what) {
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void read_event(struct books *b, const struct est_event *e) {
	static const char prefix[] = "/private/tmp/flood/";
	if (b->pids[e->slot] == 0) fail("an event of a process that is not known");
	if (e->kind >= EST_EXEC) {
		b->steps += e->count;
		return;
	}
	char want[64];
	uint32_t process = b->pids[e->slot] - 1000;
	int n = snprintf(want, sizeof want, "%s%u/%llu", prefix, process, (unsigned long long)(e->ino & 0xffffffff));
	if (e->path_size != (uint32_t)n || memcmp(e + 1, want, e->path_size) != 0) fail("an event with the path of another file or process");
	// Of each file every event is later and the file larger than before.
	if (e->count == 0 || (e->count == 1) != (e->last == e->first) || (e->count == 1) != (e->size == e->first_size) ||
		e->last < e->first || e->size < e->first_size) fail("an event that was not handed over whole");
	b->events += e->count;
	b->records++;
}

static void read_records(struct books *b, const uint8_t *p, size_t n) {
	while (n > 0) {
		const struct est_head *h = (const struct est_head *)p;
		if (h->layout != EST_LAYOUT || h->size > n) fail("not a record");
		if (h->type == EST_PROCESS) b->pids[((const struct est_process *)p)->slot] = (uint32_t)((const struct est_process *)p)->pid;
		if (h->type == EST_EVENT) read_event(b, (const struct est_event *)p);
		if (h->type == EST_LOST) {
			const struct est_lost *l = (const struct est_lost *)p;
			if (b->pids[l->slot] == 0) fail("a loss of a process that is not known");
			for (int k = 0; k < EST_KINDS; k++) *(k < EST_EXEC ? &b->lost : &b->steps) += l->counts[k];
		}
		p += h->size;
		n -= h->size;
	}
}

struct consumer {
	struct est_transport *t;
	uint32_t pause; // drains nothing so many times out of 64
	int stop;
	struct books books[EST_LANES];
	uint8_t out[EST_DRAIN_MIN];
};

static void drain(struct consumer *c) {
	for (int lane = 0; lane < EST_LANES; lane++) {
		for (size_t n; (n = est_drain(c->t, (enum est_lane)lane, c->out, sizeof c->out)) > 0;) {
			read_records(&c->books[lane], c->out, n);
			if (n < sizeof c->out / 2) break;
		}
	}
}

static void *consume(void *arg) {
	struct consumer *c = arg;
	for (uint32_t i = 0; !__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE); i++) {
		if (i % 64 >= c->pause) drain(c);
		sched_yield();
	}
	return NULL;
}

static void check(struct consumer *c, const struct sim_flood *f) {
	uint64_t delivered = 0, dropped = 0, received = 0, counted = 0, kernel = 0;
	for (int lane = 0; lane < EST_LANES; lane++) {
		struct sim_report report;
		struct est_counters n;
		sim_read((uint32_t)lane, &report);
		est_read_counters(c->t, (enum est_lane)lane, &n);
		for (int type = 0; type < SIM_TYPES; type++) delivered += report.delivered[type], dropped += report.dropped[type];
		received += n.received, kernel += n.kernel_dropped;
		counted += c->books[lane].events + c->books[lane].lost + c->books[lane].steps + n.ignored;
		for (int k = 0; k < EST_KINDS; k++) counted += n.unattributed[k];
	}
	if (delivered + dropped != f->events || received != delivered || counted != received || kernel != dropped) {
		fprintf(stderr, "delivered %llu, received %llu, counted %llu; dropped %llu, seen %llu\n", (unsigned long long)delivered,
			(unsigned long long)received, (unsigned long long)counted, (unsigned long long)dropped, (unsigned long long)kernel);
		exit(1);
	}
}

static void run(struct sim_flood f, uint32_t pause) {
	static const uint32_t events[] = {33, 13, 25};
	struct est_config config = {{EST_RING_MIN, EST_RING_MIN}, {f.processes > 500 ? 8192 : 64, 64}, 0x5EED, events, 3};
	struct consumer *c = calloc(1, sizeof *c);
	uint32_t result;
	pthread_t thread;
	sim_reset();
	if (!(c->t = est_open(&config, &result))) fail("cannot open");
	if (est_start(c->t)) fail("cannot start");
	c->pause = pause;
	pthread_create(&thread, NULL, consume, c);
	sim_start_flood(&f);
	sim_wait();
	__atomic_store_n(&c->stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	if (est_stop(c->t)) fail("cannot stop");
	for (int i = 0; i < 1000; i++) drain(c);
	check(c, &f);
	est_free(c->t);
	free(c);
}

int main(int argc, char **argv) {
	static const uint32_t versions[] = {2, 3, 5, 11}; // of each size of message and process
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	for (int i = 0; i < 4; i++) {
		struct sim_flood f = {.events = events, .threads = 100, .version = versions[i], .lifecycle_every = 97, .drop_every = 31};
		f.processes = 1, f.files = 1;
		run(f, 16);
		f.processes = 40, f.files = 3;
		run(f, 32);
		f.processes = 1000, f.files = 0;
		run(f, 48);
		f.processes = 5, f.files = 0;
		run(f, 60);
	}
	return 0;
}
