// Folds events from two threads, good ones and hostile ones, while frames are acknowledged late and
// the open window is flushed; or closes in the middle of it. Prints what it gave.
//
//	events FRAMES flush|close|discard EVENTS

#include "host.h"

struct thread {
	pthread_t id;
	struct host *host;
	summarizer_t s;
	uint64_t events; // to fold
	int closes;      // HANDLE is to be expected at some time
	uint64_t given, malformed, muted, dropped;
};

static struct summarizer_bytes bytes(const char *text) { return (struct summarizer_bytes){text, strlen(text)}; }

static uint64_t random64(uint64_t *state) {
	*state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
	return *state;
}

// one call, whose result must be what is expected.
static int give(struct thread *t, const struct summarizer_event *e, int expected, uint64_t count) {
	int r = summarizer_fold_event(t->s, e);
	if (t->closes && r == SUMMARIZER_ERROR_HANDLE) return 0;
	if (r == SUMMARIZER_ERROR_DROPPED && expected == SUMMARIZER_OK) t->dropped++;
	else CHECK(r == expected);
	if (expected == SUMMARIZER_OK) t->given += count;
	if (expected == SUMMARIZER_ERROR_EVENT) t->given++, t->malformed++;
	return 1;
}

static int hostile(struct thread *t, struct summarizer_event e, struct summarizer_process p, uint64_t which) {
	static char path[32769] = "/";
	struct { struct summarizer_event e; uint8_t more[24]; } grown = {e, {0}};
	int expected = SUMMARIZER_ERROR_EVENT;
	e.process = &p;
	switch (which % 20) {
	case 0: CHECK(summarizer_fold_event(t->s, NULL) == SUMMARIZER_ERROR_ARGUMENT); return 1;
	case 1: CHECK(summarizer_fold_event(0, &e) == SUMMARIZER_ERROR_HANDLE); return 1;
	case 2: CHECK(summarizer_fold_event(t->s + 1, &e) == SUMMARIZER_ERROR_HANDLE); return 1;
	case 3: CHECK(summarizer_fold(t->s, NULL, NULL) == SUMMARIZER_ERROR_ARGUMENT); return 1;
	case 4: e.size = 0, expected = SUMMARIZER_ERROR_SIZE; break;
	case 5: e.size -= 8, expected = SUMMARIZER_ERROR_SIZE; break;
	case 6: e.size = 1u << 31, expected = SUMMARIZER_ERROR_SIZE; break;
	case 7: p.size = 12, expected = SUMMARIZER_ERROR_SIZE; break;
	case 8: e.process = NULL; break;
	case 9: e.path.length = SIZE_MAX; break;
	case 10: e.path = (struct summarizer_bytes){NULL, 5}; break;
	case 11: e.path = bytes("relative"); break;
	case 12: e.kind = 99; break;
	case 13: e.count = 0; break;
	case 14: e.count = UINT64_MAX; break;
	case 15: e.first = 2, e.last = 1; break;
	case 16: *(which % 40 < 20 ? &e.flags : &e.reserved) = 4; break;
	case 17: p.origin = (struct summarizer_bytes){path, 1025}; break;
	case 18: // a later version of the structure, without and with something in it
		grown.e.size = sizeof grown;
		if (!give(t, &grown.e, SUMMARIZER_OK, e.count)) return 0;
		grown.more[20] = 1;
		return give(t, &grown.e, SUMMARIZER_ERROR_SIZE, 0);
	case 19: // the longest path that there is, and not UTF-8; then one that is too long
		memset(path + 1, 0xff, sizeof path - 1);
		e.path = (struct summarizer_bytes){path, 32768};
		if (!give(t, &e, SUMMARIZER_OK, e.count)) return 0;
		e.path.length++;
		break;
	}
	return give(t, &e, expected, 0);
}

static void *fold(void *arg) {
	struct thread *t = arg;
	uint64_t state = 88172645463325252u + t->events;
	for (uint64_t i = 0; i < t->events; i++) {
		char path[64];
		struct summarizer_process p = {.size = sizeof p};
		struct summarizer_event e = {.size = sizeof e};
		uint64_t n = random64(&state);
		int self = n % 97 == 0;
		p.pid = self ? getpid() : 1 << 23 | (int)(n % 40), p.version = 1;
		p.executable = bytes(n % 2 ? "/bin/one" : "/bin/\xff\xfe"), p.signing_id = bytes("\xc3\x28"), p.origin = bytes("team:\xf0");
		snprintf(path, sizeof path, n % 8 ? "/tmp/%" PRIu64 : "/tmp/\xc0%" PRIu64, n % 3000);
		e.kind = n % SUMMARIZER_KINDS, e.count = 1 + n % 3, e.process = &p, e.path = bytes(path);
		if (!give(t, &e, SUMMARIZER_OK, e.count)) return NULL;
		if (self) t->muted += e.count;
		if (!self && n % 64 == 1 && !hostile(t, e, p, n / 64)) return NULL;
		atomic_fetch_add(&t->host->progress, 1);
	}
	return NULL;
}

static void check_stats(summarizer_t s, const struct thread *t) {
	struct summarizer_stats all = {.size = sizeof all}, part = {.size = offsetof(struct summarizer_stats, dropped)}, wrong = {.size = 4};
	CHECK(summarizer_stats(s, &all) == SUMMARIZER_OK);
	CHECK(all.given == t[0].given + t[1].given && all.malformed_events == t[0].malformed + t[1].malformed);
	CHECK(all.frames - all.acknowledged <= 1 && all.waiting <= 2);
	CHECK((all.dropped > 0) == (t[0].dropped + t[1].dropped > 0));
	CHECK(summarizer_stats(s, &part) == SUMMARIZER_OK && part.given == all.given && part.dropped == 0);
	CHECK(summarizer_stats(s, &wrong) == SUMMARIZER_ERROR_SIZE);
	CHECK(summarizer_stats(s, NULL) == SUMMARIZER_ERROR_ARGUMENT);
	printf("dropped %" PRIu64 "\nmerged %" PRIu64 "\n", all.dropped, all.merged);
}

static void check_open(void) {
	char *error = NULL;
	CHECK(summarizer_open("{\"windw\": 1, \"hop\": \"1s\"}", on_frame, NULL, &error) == 0);
	CHECK(error && strstr(error, "windw"));
	free(error);
	CHECK(summarizer_open(NULL, NULL, NULL, NULL) == 0);
	CHECK(summarizer_error_text(-1) && summarizer_error_text(1 << 30) && summarizer_error_text(SUMMARIZER_ERROR_SIZE));
}

int main(int argc, char **argv) {
	CHECK(argc == 4);
	const char *end = argv[2];
	struct host h;
	struct thread t[2] = {{0}};
	check_open();
	host_begin(&h, argv[1], 16384, strtoull(argv[3], NULL, 10), end[0] == 'd');
	summarizer_t s = summarizer_open("{\"window\": \"100ms\", \"frame_size\": 16384}", on_frame, &h, NULL);
	CHECK(s != 0);
	for (int i = 0; i < 2; i++) {
		t[i] = (struct thread){.host = &h, .s = s, .events = strtoull(argv[3], NULL, 10) + (uint64_t)i, .closes = end[0] != 'f'};
		pthread_create(&t[i].id, NULL, fold, &t[i]);
	}
	for (uint64_t n = 1; n <= 4; n++) {
		while (atomic_load(&h.progress) < n * t[0].events / 4) usleep(1000);
		CHECK(summarizer_flush(s) == SUMMARIZER_OK);
	}
	if (end[0] == 'f') {
		for (int i = 0; i < 2; i++) pthread_join(t[i].id, NULL);
		check_stats(s, t);
	}
	host_ending(&h);
	CHECK(summarizer_close(s, end[0] == 'd' ? 0 : 600000) == SUMMARIZER_OK);
	if (end[0] != 'f') {
		for (int i = 0; i < 2; i++) pthread_join(t[i].id, NULL);
	}
	CHECK(summarizer_close(s, 0) == SUMMARIZER_ERROR_HANDLE && summarizer_flush(s) == SUMMARIZER_ERROR_HANDLE);
	CHECK(summarizer_acknowledge(s, h.last) == SUMMARIZER_ERROR_HANDLE);
	host_end(&h);
	printf("given %" PRIu64 "\nmalformed %" PRIu64 "\nmuted %" PRIu64 "\n", t[0].given + t[1].given, t[0].malformed + t[1].malformed, t[0].muted + t[1].muted);
	return 0;
}
