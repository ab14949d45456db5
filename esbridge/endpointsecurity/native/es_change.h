// What the transport keeps of a message, and how it is read. The rules are those of the
// decoder in Go, which serves as their oracle.
#ifndef ES_CHANGE_H
#define ES_CHANGE_H

#include <string.h>

#include "es_abi.h"
#include "es_transport.h"

#define MUST_INLINE static inline __attribute__((always_inline))

enum {
	TYPES = 256, // event types that are known or have sequence numbers of their own
	PARTS = 4,   // of the texts of a record: directory, "/", name; source path
};

struct text {
	const char *data;
	uint64_t size;
};

struct change {
	uint8_t kind, missing, bad, truncated;
	const struct es_process *process; // who did it, or what exec and fork made
	const struct es_file *file;       // whose number tells files apart
	int64_t time, size;
	struct text parts[PARTS];
	uint32_t path_size, source_size;
};

enum { IGNORED, LIFECYCLE, ON_TARGET, ON_CLOSE, ON_CREATE, ON_RENAME, ON_LINK, ON_COPYFILE, ON_EXCHANGE, ON_SET, ON_ATTRLIST };

static const struct {
	uint8_t shape, kind;
} kinds[TYPES] = {
	[ES_EXEC] = {LIFECYCLE, EST_EXEC},
	[ES_FORK] = {LIFECYCLE, EST_FORK},
	[ES_EXIT] = {LIFECYCLE, EST_EXIT},
	[ES_WRITE] = {ON_TARGET, EST_WRITE},
	[ES_TRUNCATE] = {ON_TARGET, EST_TRUNCATE},
	[ES_UNLINK] = {ON_TARGET, EST_UNLINK},
	[ES_UTIMES] = {ON_TARGET, EST_SETATTR},
	[ES_SETEXTATTR] = {ON_TARGET, EST_SETATTR},
	[ES_DELETEEXTATTR] = {ON_TARGET, EST_SETATTR},
	[ES_SETACL] = {ON_TARGET, EST_SETATTR},
	[ES_SETMODE] = {ON_SET, EST_SETATTR},
	[ES_SETOWNER] = {ON_SET, EST_SETATTR},
	[ES_SETFLAGS] = {ON_SET, EST_SETATTR},
	[ES_SETATTRLIST] = {ON_ATTRLIST, EST_SETATTR},
	[ES_CLOSE] = {ON_CLOSE, 0},
	[ES_CREATE] = {ON_CREATE, EST_CREATE},
	[ES_RENAME] = {ON_RENAME, EST_RENAME},
	[ES_LINK] = {ON_LINK, EST_LINK},
	[ES_CLONE] = {ON_LINK, EST_CLONE},
	[ES_COPYFILE] = {ON_COPYFILE, EST_COPY},
	[ES_EXCHANGEDATA] = {ON_EXCHANGE, EST_EXCHANGE},
};

MUST_INLINE uint32_t put(struct change *c, int part, const struct es_string *s) {
	if (!s->data) c->missing = 1;
	if (s->length > EST_PATH_MAX) c->bad = 1;
	if (!s->data || c->bad) return 0;
	c->parts[part] = (struct text){s->data, s->length};
	return (uint32_t)s->length;
}

// An absolute path, or the empty one that stands where the kernel could not tell it.
MUST_INLINE uint32_t put_file(struct change *c, int part, const struct es_file *f) {
	if (!f) {
		c->missing = 1;
		return 0;
	}
	uint32_t size = put(c, part, &f->path);
	if (size && f->path.data[0] != '/') c->bad = 1;
	c->truncated |= f->path_truncated != 0;
	return size;
}

MUST_INLINE void put_path(struct change *c, const struct es_file *f) {
	c->file = f;
	c->path_size = put_file(c, 0, f);
	if (f) c->size = f->stat.size;
}

MUST_INLINE void put_source(struct change *c, const struct es_file *f) {
	c->source_size = put_file(c, 3, f);
	if (f) c->size = f->stat.size;
}

// A name in a directory that nobody knows is no path.
static inline void put_named(struct change *c, const struct es_file *dir, const struct es_string *name) {
	c->file = dir;
	uint32_t dir_size = put_file(c, 0, dir), name_size = put(c, 2, name);
	if (name->length == 0) c->missing = 1;
	if (!dir_size || !name_size) {
		c->parts[2].size = 0;
		return;
	}
	c->parts[1] = (struct text){"/", c->parts[0].data[dir_size - 1] != '/'};
	c->path_size = dir_size + (uint32_t)c->parts[1].size + name_size;
	if (c->path_size > EST_PATH_MAX) c->bad = 1;
}

static inline void put_destination(struct change *c, uint32_t type, const union es_destination *d) {
	if (type == ES_EXISTING_FILE) {
		put_path(c, d->existing);
	} else if (type == ES_NEW_PATH) {
		put_named(c, d->new_path.dir, &d->new_path.name);
	} else {
		c->missing = 1;
	}
}

static inline void put_event(struct change *c, int shape, const union es_event *e) {
	switch (shape) {
	case ON_TARGET: put_path(c, e->target); break;
	case ON_CLOSE: put_path(c, e->close.target); break;
	case ON_SET: put_path(c, e->set.target); break;
	case ON_ATTRLIST: put_path(c, e->setattrlist.target); break;
	case ON_CREATE: put_destination(c, e->create.destination_type, &e->create.destination); break;
	case ON_RENAME:
		put_destination(c, e->rename.destination_type, &e->rename.destination);
		c->size = -1; // that of the victim
		put_source(c, e->rename.source);
		break;
	case ON_LINK:
		put_named(c, e->link.target_dir, &e->link.name);
		put_source(c, e->link.source);
		break;
	case ON_COPYFILE:
		put_named(c, e->copyfile.target_dir, &e->copyfile.name);
		put_source(c, e->copyfile.source);
		break;
	case ON_EXCHANGE:
		put_path(c, e->exchangedata.file2);
		put_source(c, e->exchangedata.file1);
		c->size = -1; // before or after?
		break;
	}
	if (c->size < 0) c->size = -1;
}

static const int64_t SECOND = 1000000000;

// Nanoseconds since the Unix epoch; 0 for what is out of range.
MUST_INLINE int in_range(int64_t sec, int64_t nsec) {
	return sec > INT64_MIN / SECOND && sec < INT64_MAX / SECOND && nsec >= 0 && nsec < SECOND;
}

// What tells process executions apart, and what of them may change.
struct identity {
	struct es_token token;
	int64_t start;
	int32_t ppid, responsible_pid;
	uint8_t cdhash[20];
	uint8_t platform, adhoc;
	uint8_t reserved[2];
};

// The first of two process ids that there is, or 0.
MUST_INLINE int32_t known(int32_t a, uint32_t b) { return a >= 0 ? a : b <= INT32_MAX ? (int32_t)b : 0; }

MUST_INLINE void identify(struct change *c, const struct es_message *m, struct identity *id) {
	const struct es_process *p = c->process;
	const uint32_t nobody = UINT32_MAX;
	int tokens = m->version >= ES_VERSION_RESPONSIBLE, started = m->version >= ES_VERSION_START_TIME;
	memset(id, 0, sizeof *id);
	if (!p || !p->executable || !p->executable->path.data) {
		c->missing = 1;
		return;
	}
	c->bad |= p->token.pid > INT32_MAX || p->executable->path.length > EST_PATH_MAX ||
		p->signing_id.length > EST_PATH_MAX || p->team_id.length > EST_PATH_MAX ||
		(started && !in_range(p->start_sec, p->start_usec * (int64_t)1000));
	if (c->bad) return;
	id->token = p->token;
	id->ppid = known(p->ppid, tokens ? p->parent.pid : nobody);
	id->responsible_pid = known(-1, tokens ? p->responsible.pid : nobody);
	id->start = started ? p->start_sec * SECOND + p->start_usec * (int64_t)1000 : 0;
	memcpy(id->cdhash, p->cdhash, sizeof id->cdhash);
	id->platform = p->is_platform_binary != 0;
	id->adhoc = (p->codesigning_flags & ES_CS_ADHOC) != 0;
}

#endif
