// A libEndpointSecurity for tests on Linux. Clients subscribe to it as they do on a Mac, and
// each is delivered its messages by a thread of its own, strictly one after the other, numbered
// as the kernel numbers them. The memory of a message is overwritten and freed as soon as the
// handler returns.
#ifndef SIMULATOR_H
#define SIMULATOR_H

#include <stdint.h>

// A message of a script: an image that begins with the es_message_t. At the offsets in
// pointers it has offsets into itself, which become addresses.
struct sim_message {
	const uint8_t *bytes;
	const uint32_t *pointers;
	uint32_t size, pointer_count;
	uint32_t dropped; // the kernel numbers it and does not deliver it
	uint32_t reserved;
};

// Writes, as fast as the handler takes them: event i is of process i mod processes.
struct sim_flood {
	uint64_t events;
	uint32_t processes, threads;
	uint32_t files;           // of each process; 0: every event has a file of its own
	uint32_t version;         // of the messages
	uint32_t drop_every;      // the kernel drops one event of so many; 0: none
	uint32_t lifecycle_every; // one event of so many is an exec; 0: none
	uint32_t reuse;           // messages are built once and never freed: to measure the handler alone
	uint32_t empty;           // an empty handler is called instead of the client's
	uint32_t timed;           // each call is measured
};

enum { SIM_TYPES = 256, SIM_BUCKETS = 640, SIM_SUB = 16 };

struct sim_report {
	uint64_t delivered[SIM_TYPES], dropped[SIM_TYPES]; // by event type
	uint64_t calls[SIM_BUCKETS];                       // by duration: sim_bucket
	uint64_t longest;                                  // of a call, in nanoseconds
	uint64_t elapsed;                                  // processor time of a delivery of reused messages, in nanoseconds
};

// sim_reset forgets all clients, which must have been deleted.
void sim_reset(void);

// sim_fail makes the n-th es_new_client from now, from 1, return result.
void sim_fail(uint32_t n, uint32_t result);

// sim_refuse makes every other call that may fail do so.
void sim_refuse(uint32_t refuse);

// sim_calls is what clients called, in order, a line each.
const char *sim_calls(void);

// sim_play and sim_flood begin to deliver to all clients, each what it subscribed to. What is
// pointed to must last until sim_wait, which waits for the end.
void sim_play(const struct sim_message *script, uint32_t n);
void sim_start_flood(const struct sim_flood *flood);
void sim_wait(void);

// sim_read is the report of a client, by the order of es_new_client, from 0.
void sim_read(uint32_t client, struct sim_report *report);

// sim_bucket_end is the longest duration that bucket i counts, in nanoseconds.
uint64_t sim_bucket_end(uint32_t i);

#endif
