// Folds messages of Endpoint Security from two threads, each a client of its own, in turns of
// ten. A message lies in memory of exactly its size, which is overwritten and freed when the call
// returns. Both scripts have the same number of messages.
//
//	messages FRAMES SCRIPT SCRIPT
//
// A script is messages, each as: u32 size, u32 pointers, the offsets of pointers as u32, the bytes. At the
// offsets are offsets into the message.

#include "host.h"

struct client {
	pthread_t id;
	struct host *host;
	summarizer_t s;
	const char *script;
	int number; // stands for the es_client_t *, which nobody looks into
	uint64_t given;
};

static pthread_barrier_t together;

static void *play(void *arg) {
	struct client *c = arg;
	FILE *f = fopen(c->script, "rb");
	uint32_t head[2];
	CHECK(f);
	while (fread(head, sizeof head, 1, f) == 1) {
		uint32_t *pointers = malloc(4 * head[1] + 4);
		uint8_t *message = malloc(head[0]);
		CHECK(pointers && message && fread(pointers, 4, head[1], f) == head[1] && fread(message, 1, head[0], f) == head[0]);
		for (uint32_t i = 0; i < head[1]; i++) {
			uint64_t offset;
			memcpy(&offset, message + pointers[i], 8);
			offset += (uint64_t)(uintptr_t)message;
			memcpy(message + pointers[i], &offset, 8);
		}
		int r = summarizer_fold(c->s, (const void *)(uintptr_t)c->number, message);
		CHECK(r == SUMMARIZER_OK || r == SUMMARIZER_ERROR_DROPPED); // on a machine that is busy with others
		memset(message, 0xee, head[0]);
		free(message);
		free(pointers);
		if (c->given++ % 10 == 0) pthread_barrier_wait(&together);
		atomic_fetch_add(&c->host->progress, 1);
	}
	CHECK(fclose(f) == 0);
	return NULL;
}

int main(int argc, char **argv) {
	CHECK(argc == 4);
	struct host h;
	struct client c[2];
	pthread_barrier_init(&together, NULL, 2);
	host_begin(&h, argv[1], 65536, 1000, 0);
	summarizer_t s = summarizer_open("{\"mute_self\": false}", on_frame, &h, NULL);
	CHECK(s != 0);
	for (int i = 0; i < 2; i++) {
		c[i] = (struct client){.host = &h, .s = s, .script = argv[2 + i], .number = 1 + i};
		pthread_create(&c[i].id, NULL, play, &c[i]);
	}
	for (int i = 0; i < 2; i++) pthread_join(c[i].id, NULL);
	struct summarizer_stats stats = {.size = sizeof stats};
	CHECK(summarizer_stats(s, &stats) == SUMMARIZER_OK && stats.given == c[0].given + c[1].given);
	host_ending(&h);
	CHECK(summarizer_close(s, 600000) == SUMMARIZER_OK);
	host_end(&h);
	printf("given %" PRIu64 "\ndropped %" PRIu64 "\n", stats.given, stats.dropped);
	return 0;
}
