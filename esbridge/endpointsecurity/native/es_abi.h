// The part of the Endpoint Security binary interface that the transport needs, written down
// from the published layout of its structures. Apple's headers are not needed to compile.
//
// Offsets are the same on arm64 and x86_64. Structures are only ever appended to: a field
// that came with a later message version is read only if es_message.version says it is there.
// Booleans are declared as bytes, so that no bit pattern of theirs is undefined.
#ifndef ES_ABI_H
#define ES_ABI_H

#include <stddef.h>
#include <stdint.h>

// The first message version that has a field.
enum {
	ES_VERSION_SEQ_NUM = 2,
	ES_VERSION_START_TIME = 3,
	ES_VERSION_GLOBAL_SEQ_NUM = 4,
	ES_VERSION_RESPONSIBLE = 4, // responsible and parent audit tokens
	ES_VERSION_MAPPED_WRITABLE = 6,
};

// Numbers of notify events.
enum {
	ES_EXEC = 9,
	ES_FORK = 11,
	ES_CLOSE = 12,
	ES_CREATE = 13,
	ES_EXCHANGEDATA = 14,
	ES_EXIT = 15,
	ES_LINK = 19,
	ES_RENAME = 25,
	ES_SETATTRLIST = 26,
	ES_SETEXTATTR = 27,
	ES_SETFLAGS = 28,
	ES_SETMODE = 29,
	ES_SETOWNER = 30,
	ES_UNLINK = 32,
	ES_WRITE = 33,
	ES_TRUNCATE = 41,
	ES_UTIMES = 59,
	ES_CLONE = 61,
	ES_DELETEEXTATTR = 70,
	ES_SETACL = 82,
	ES_COPYFILE = 110,
};

enum { ES_ACTION_NOTIFY = 1 };
enum { ES_RESULT_AUTH = 0, ES_AUTH_DENY = 1 };
enum { ES_EXISTING_FILE = 0, ES_NEW_PATH = 1 };
enum { ES_SUCCESS = 0, ES_ERROR = 1 };
enum { ES_MUTE_PREFIX = 0, ES_MUTE_LITERAL = 1, ES_MUTE_TARGET_PREFIX = 2, ES_MUTE_TARGET_LITERAL = 3 };
enum { ES_CS_ADHOC = 0x2 }; // of codesigning_flags: nobody vouches for the signature

struct es_string { // es_string_token_t
	uint64_t length;
	const char *data;
};

struct es_token { // audit_token_t
	uint32_t auid, euid, egid, ruid, rgid, pid, asid, pidversion;
};

struct es_time { // struct timespec
	int64_t sec, nsec;
};

struct es_stat { // struct stat
	int32_t dev;
	uint16_t mode, nlink;
	uint64_t ino;
	uint32_t uid, gid;
	int32_t rdev;
	struct es_time atime, mtime, ctime, birthtime;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen;
	int32_t spare;
	int64_t spares[2];
};

struct es_file { // es_file_t
	struct es_string path;
	uint8_t path_truncated;
	struct es_stat stat;
};

struct es_process { // es_process_t, as far as message version 9
	struct es_token token;
	int32_t ppid, original_ppid, group_id, session_id;
	uint32_t codesigning_flags;
	uint8_t is_platform_binary, is_es_client;
	uint8_t cdhash[20];
	struct es_string signing_id, team_id;
	const struct es_file *executable;
	const struct es_file *tty;
	int64_t start_sec;
	int32_t start_usec, reserved;
	struct es_token responsible, parent;
};

// Where an event happened that may make a new file: create and rename.
union es_destination {
	const struct es_file *existing;
	struct {
		const struct es_file *dir;
		struct es_string name;
	} new_path;
};

union es_event { // es_events_t
	const struct es_file *target; // write, truncate, unlink, utimes, setextattr, deleteextattr, setacl
	struct {
		uint8_t modified;
		const struct es_file *target;
		uint8_t was_mapped_writable;
	} close;
	struct {
		uint32_t destination_type;
		union es_destination destination;
	} create;
	struct {
		const struct es_file *source;
		uint32_t destination_type;
		union es_destination destination;
	} rename;
	struct {
		const struct es_file *source, *target_dir;
		struct es_string name;
	} link; // clone has the same layout
	struct {
		const struct es_file *source, *target_file, *target_dir;
		struct es_string name;
	} copyfile;
	struct {
		const struct es_file *file1, *file2;
	} exchangedata;
	struct {
		uint64_t value; // mode, flags, or uid and gid
		const struct es_file *target;
	} set; // setmode, setflags, setowner
	struct {
		uint8_t attrlist[24];
		const struct es_file *target;
	} setattrlist;
	struct {
		const struct es_process *target;
	} exec; // fork has its child there
	struct {
		int32_t status;
	} exit;
	uint8_t size[104];
};

struct es_message { // es_message_t
	uint32_t version;
	struct es_time time;
	uint64_t mach_time, deadline;
	const struct es_process *process;
	uint64_t seq_num;
	uint32_t action_type, result_type, auth;
	uint8_t result[28];
	uint32_t event_type;
	union es_event event;
	const void *thread;
	uint64_t global_seq_num;
};

#define ES_AT(record, field, offset) \
	_Static_assert(offsetof(struct record, field) == (offset), #record "." #field " is not where Endpoint Security has it")
#define ES_SIZE(record, size) _Static_assert(sizeof(struct record) == (size), #record " has another size")

ES_SIZE(es_string, 16);
ES_SIZE(es_token, 32);
ES_AT(es_token, euid, 4);
ES_AT(es_token, pid, 20);
ES_AT(es_token, pidversion, 28);
ES_SIZE(es_stat, 144);
ES_AT(es_stat, ino, 8);
ES_AT(es_stat, atime, 32);
ES_AT(es_stat, size, 96);
ES_SIZE(es_file, 168);
ES_AT(es_file, path_truncated, 16);
ES_AT(es_file, stat, 24);
ES_SIZE(es_process, 208);
ES_AT(es_process, ppid, 32);
ES_AT(es_process, codesigning_flags, 48);
ES_AT(es_process, is_platform_binary, 52);
ES_AT(es_process, cdhash, 54);
ES_AT(es_process, signing_id, 80);
ES_AT(es_process, team_id, 96);
ES_AT(es_process, executable, 112);
ES_AT(es_process, tty, 120);
ES_AT(es_process, start_sec, 128);
ES_AT(es_process, start_usec, 136);
ES_AT(es_process, responsible, 144);
ES_AT(es_process, parent, 176);
ES_SIZE(es_message, 224);
ES_AT(es_message, time, 8);
ES_AT(es_message, mach_time, 24);
ES_AT(es_message, process, 40);
ES_AT(es_message, seq_num, 48);
ES_AT(es_message, action_type, 56);
ES_AT(es_message, result_type, 60);
ES_AT(es_message, auth, 64);
ES_AT(es_message, event_type, 96);
ES_AT(es_message, event.target, 104);
ES_AT(es_message, event.close.target, 112);
ES_AT(es_message, event.close.was_mapped_writable, 120);
ES_AT(es_message, event.create.destination_type, 104);
ES_AT(es_message, event.create.destination.existing, 112);
ES_AT(es_message, event.create.destination.new_path.name, 120);
ES_AT(es_message, event.rename.source, 104);
ES_AT(es_message, event.rename.destination_type, 112);
ES_AT(es_message, event.rename.destination.new_path.dir, 120);
ES_AT(es_message, event.rename.destination.new_path.name, 128);
ES_AT(es_message, event.link.target_dir, 112);
ES_AT(es_message, event.link.name, 120);
ES_AT(es_message, event.copyfile.target_dir, 120);
ES_AT(es_message, event.copyfile.name, 128);
ES_AT(es_message, event.exchangedata.file2, 112);
ES_AT(es_message, event.set.target, 112);
ES_AT(es_message, event.setattrlist.target, 128);
ES_AT(es_message, thread, 208);
ES_AT(es_message, global_seq_num, 216);

// A block (clang.llvm.org/docs/Block-ABI-Apple.html) with one variable behind its head.
// Marked global, it is neither copied nor freed by who keeps it.
struct es_block {
	const void *isa;
	int32_t flags, reserved;
	void (*invoke)(struct es_block *, void *client, const struct es_message *);
	const struct es_block_size {
		uint64_t reserved, size;
	} *descriptor;
	void *context;
};

enum { ES_BLOCK_IS_GLOBAL = 1 << 28 };

extern void *_NSConcreteGlobalBlock[32];

// libEndpointSecurity. A client is deleted by the thread that made it.
typedef struct es_client es_client_t;

uint32_t es_new_client(es_client_t **client, struct es_block *handler);
uint32_t es_delete_client(es_client_t *client);
uint32_t es_subscribe(es_client_t *client, const uint32_t *events, uint32_t count);
uint32_t es_unsubscribe_all(es_client_t *client);
uint32_t es_mute_process(es_client_t *client, const struct es_token *process);
uint32_t es_mute_path(es_client_t *client, const char *path, uint32_t type);
uint32_t es_unmute_all_target_paths(es_client_t *client);

// es_mute_inversion_type_t, es_mute_inverted_return_t
enum { ES_INVERT_TARGET_PATH = 2 };
enum { ES_MUTE_INVERTED = 0, ES_MUTE_NOT_INVERTED = 1, ES_MUTE_INVERTED_ERROR = 2 };

uint32_t es_invert_muting(es_client_t *client, uint32_t type);
uint32_t es_muting_inverted(es_client_t *client, uint32_t type);

#endif
