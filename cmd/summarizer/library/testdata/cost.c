// Measures a call of summarizer_fold_event, from one thread or several:
//
//	cost THREADS EVENTS FILES
//
// Each thread writes to FILES files of one process; 0: every event has a file of its own. Prints
// nanoseconds: of processor time per event, and of single calls by the wall, with the clock, which costs
// about 25 of them.

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "../summarizer.h"

static summarizer_t s;
static uint64_t events, files;

static uint64_t now(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct thread {
	pthread_t id;
	int number;
	uint32_t *calls; // nanoseconds of each
	uint64_t elapsed;
};

static void *fold(void *arg) {
	struct thread *t = arg;
	struct summarizer_process p = {.size = sizeof p};
	struct summarizer_event e = {.size = sizeof e};
	char path[64];
	p.pid = 1000 + t->number, p.executable = (struct summarizer_bytes){"/usr/bin/writer", 15};
	e.kind = SUMMARIZER_WRITE, e.count = 1, e.process = &p, e.path.data = path;
	uint64_t start = now(CLOCK_THREAD_CPUTIME_ID);
	for (uint64_t i = 0; i < events; i++) {
		e.path.length = (size_t)snprintf(path, sizeof path, "/private/tmp/%d/%" PRIu64, t->number, files ? i % files : i);
		if (t->calls) {
			uint64_t before = now(CLOCK_MONOTONIC);
			summarizer_fold_event(s, &e);
			t->calls[i] = (uint32_t)(now(CLOCK_MONOTONIC) - before);
		} else {
			summarizer_fold_event(s, &e);
		}
	}
	t->elapsed = now(CLOCK_THREAD_CPUTIME_ID) - start;
	return NULL;
}

static void on_frame(void *context, summarizer_t number, uint64_t seq, const void *frame, size_t length) {
	(void)context, (void)frame, (void)length;
	summarizer_acknowledge(number, seq);
}

static int ascending(const void *a, const void *b) {
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

// run returns the nanoseconds of processor time that a thread took per event.
static double run(int threads, int timed) {
	struct thread t[16];
	double sum = 0;
	for (int i = 0; i < threads; i++) {
		t[i] = (struct thread){.number = i, .calls = timed ? calloc(events, sizeof(uint32_t)) : NULL};
		pthread_create(&t[i].id, NULL, fold, &t[i]);
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(t[i].id, NULL);
		sum += (double)t[i].elapsed / (double)events;
	}
	if (timed) {
		qsort(t[0].calls, events, sizeof(uint32_t), ascending);
		printf("calls: p50 %u ns, p99 %u, p99.9 %u, p99.99 %u, longest %u\n", t[0].calls[events / 2], t[0].calls[events / 100 * 99],
			t[0].calls[events / 1000 * 999], t[0].calls[events / 10000 * 9999], t[0].calls[events - 1]);
	}
	for (int i = 0; i < threads; i++) free(t[i].calls);
	return sum / threads;
}

int main(int argc, char **argv) {
	if (argc != 4) return 2;
	int threads = atoi(argv[1]);
	events = strtoull(argv[2], NULL, 10), files = strtoull(argv[3], NULL, 10);
	if (threads < 1 || threads > 16 || events < 10000) return 2;
	double empty = run(threads, 0); // there is no summarizer yet: the call alone, and making the path
	s = summarizer_open("{\"mute_self\": false}", on_frame, NULL, NULL);
	run(threads, 0); // warms up
	double folded = run(threads, 0);
	printf("threads %d: %.0f ns of processor time per event, %.0f of them for the way into the library and making the path\n", threads, folded, empty);
	run(threads, 1);
	struct summarizer_stats stats = {.size = sizeof stats};
	summarizer_stats(s, &stats);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("dropped %" PRIu64 " of %" PRIu64 ", resident at most %ld KiB\n", stats.dropped, stats.given, usage.ru_maxrss);
	return summarizer_close(s, 10000);
}
