// Plays a script of messages to the transport, in C alone, so that sanitizers see what the handler
// does with every kind of message, broken ones too. Prints what was counted, by name.
//
//	script FILE
//
// A script is messages, each as u32: size, number of pointers, whether it is dropped; then the
// offsets of pointers as u32, and the bytes. At the offsets are offsets into the message.

#include <stdio.h>
#include <stdlib.h>

#include "../es_transport.h"
#include "../simulator.h"

static void fail(const char *what) {
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void *take(FILE *f, size_t size) {
	void *p = malloc(size + 1);
	if (!p || fread(p, 1, size, f) != size) fail("the script ends in a message");
	return p;
}

static uint32_t read_script(const char *name, struct sim_message **script) {
	FILE *f = fopen(name, "rb");
	uint32_t n = 0, head[3];
	if (!f) fail("no script");
	for (*script = NULL; fread(head, sizeof head, 1, f) == 1; n++) {
		*script = realloc(*script, (n + 1) * sizeof **script);
		if (!*script) fail("no memory");
		struct sim_message *m = &(*script)[n];
		*m = (struct sim_message){.size = head[0], .pointer_count = head[1], .dropped = head[2]};
		m->pointers = take(f, head[1] * sizeof *m->pointers);
		m->bytes = take(f, head[0]);
	}
	fclose(f);
	return n;
}

static uint64_t counts[EST_KINDS];

static void count_records(const uint8_t *p, size_t n) {
	while (n > 0) {
		const struct est_head *h = (const struct est_head *)p;
		if (h->layout != EST_LAYOUT || h->size == 0 || h->size > n) fail("not a record");
		if (h->type == EST_EVENT) counts[((const struct est_event *)p)->kind] += ((const struct est_event *)p)->count;
		if (h->type == EST_LOST) {
			for (int k = 0; k < EST_KINDS; k++) counts[k] += ((const struct est_lost *)p)->counts[k];
		}
		p += h->size;
		n -= h->size;
	}
}

int main(int argc, char **argv) {
	static const uint32_t events[] = {12, 13, 14, 19, 25, 26, 27, 28, 29, 30, 32, 33, 41, 59, 61, 70, 82, 110};
	static uint8_t out[EST_DRAIN_MIN];
	struct est_config config = {{EST_RING_MIN, EST_RING_MIN}, {64, 64}, 0x5EED, events, sizeof events / sizeof *events};
	struct sim_message *script;
	uint32_t result, n = read_script(argc > 1 ? argv[1] : "", &script);
	struct est_transport *t = est_open(&config, &result);
	if (!t || est_start(t)) fail("cannot open");
	sim_play(script, n);
	sim_wait();
	if (est_stop(t)) fail("cannot stop");
	uint64_t ignored = 0, dropped = 0, malformed[EST_REASONS] = {0};
	for (int lane = 0; lane < EST_LANES; lane++) {
		struct est_counters c;
		for (size_t size; (size = est_drain(t, (enum est_lane)lane, out, sizeof out)) > 0;) count_records(out, size);
		est_read_counters(t, (enum est_lane)lane, &c);
		ignored += c.ignored, dropped += c.kernel_dropped;
		for (int r = 0; r < EST_REASONS; r++) malformed[r] += c.malformed[r];
		for (int k = 0; k < EST_KINDS; k++) counts[k] += c.unattributed[k];
	}
	est_free(t);
	for (uint32_t i = 0; i < n; i++) free((void *)script[i].pointers), free((void *)script[i].bytes);
	free(script);
	printf("ignored %llu dropped %llu malformed", (unsigned long long)ignored, (unsigned long long)dropped);
	for (int r = 0; r < EST_REASONS; r++) printf(" %llu", (unsigned long long)malformed[r]);
	printf(" kinds");
	for (int k = 0; k < EST_KINDS; k++) printf(" %llu", (unsigned long long)counts[k]);
	printf("\n");
	return 0;
}
