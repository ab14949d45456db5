// What the test programs share: counters, and a callback that keeps frames in a file and leaves them
// unacknowledged until an own thread is told to acknowledge them.
#ifndef HOST_H
#define HOST_H

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../summarizer.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			exit(1); \
		} \
	} while (0)

struct host {
	FILE *frames;
	size_t frame_size;
	pthread_mutex_t mu;
	pthread_cond_t changed;
	uint64_t outstanding, last; // numbers of frames; 0: none
	summarizer_t s;
	const uint8_t *frame;
	uint8_t *copy;
	int ended, quit; // no folding from now on; no frames either
	int discards;    // frames go away when the summarizer is closed
	uint64_t late;             // how many calls later a frame is acknowledged
	_Atomic uint64_t progress; // calls that folded
	pthread_t acknowledger;
};

// acknowledges each frame late: when folding has gone on by so many calls, or has ended.
static void *acknowledge_late(void *arg) {
	struct host *h = arg;
	for (;;) {
		pthread_mutex_lock(&h->mu);
		while (!h->outstanding && !h->quit) pthread_cond_wait(&h->changed, &h->mu);
		uint64_t seq = h->outstanding;
		summarizer_t s = h->s;
		pthread_mutex_unlock(&h->mu);
		if (!seq) return NULL;
		uint64_t until = atomic_load(&h->progress) + h->late;
		while (atomic_load(&h->progress) < until) {
			pthread_mutex_lock(&h->mu);
			int ended = h->ended;
			pthread_mutex_unlock(&h->mu);
			if (ended) break;
			usleep(1000);
		}
		if (!h->discards) {
			CHECK(memcmp(h->frame, h->copy, h->frame_size) == 0); // nobody wrote to it meanwhile
			CHECK(summarizer_acknowledge(s, seq + 1) == SUMMARIZER_ERROR_SEQUENCE);
		}
		pthread_mutex_lock(&h->mu);
		h->outstanding = 0;
		pthread_mutex_unlock(&h->mu);
		int r = summarizer_acknowledge(s, seq);
		CHECK(r == SUMMARIZER_OK || (h->discards && r == SUMMARIZER_ERROR_HANDLE));
		// The next frame may be here by now, but its number is another.
		CHECK(summarizer_acknowledge(s, seq) == SUMMARIZER_ERROR_SEQUENCE || h->discards);
	}
}

static void on_frame(void *context, summarizer_t s, uint64_t seq, const void *frame, size_t length) {
	struct host *h = context;
	CHECK(length == h->frame_size);
	CHECK(fwrite(frame, 1, length, h->frames) == length);
	CHECK(summarizer_close(s, 1000) == SUMMARIZER_ERROR_CALLBACK);
	pthread_mutex_lock(&h->mu);
	CHECK(h->outstanding == 0); // one in flight
	CHECK(seq > h->last);
	h->outstanding = h->last = seq;
	h->s = s;
	h->frame = frame;
	memcpy(h->copy, frame, length);
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->mu);
}

static void host_begin(struct host *h, const char *file, size_t frame_size, uint64_t late, int discards) {
	memset(h, 0, sizeof *h);
	CHECK(h->frames = fopen(file, "ab"));
	CHECK(h->copy = malloc(frame_size));
	h->frame_size = frame_size, h->late = late, h->discards = discards;
	pthread_mutex_init(&h->mu, NULL);
	pthread_cond_init(&h->changed, NULL);
	pthread_create(&h->acknowledger, NULL, acknowledge_late, h);
}

// no folding from now on: frames are acknowledged at once.
static void host_ending(struct host *h) {
	pthread_mutex_lock(&h->mu);
	h->ended = 1;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->mu);
}

static void host_end(struct host *h) {
	pthread_mutex_lock(&h->mu);
	h->quit = 1;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->mu);
	pthread_join(h->acknowledger, NULL);
	CHECK(fclose(h->frames) == 0);
	free(h->copy);
}

#endif
