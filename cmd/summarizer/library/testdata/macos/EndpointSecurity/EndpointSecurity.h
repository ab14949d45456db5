// What docs/embedding.md uses of <EndpointSecurity/EndpointSecurity.h>, declared by us so that
// its example can be compiled where there is no SDK of Apple.
#pragma once
#include <stdint.h>

typedef struct es_client_s es_client_t;
typedef struct es_message_s es_message_t;

typedef enum {
	ES_EVENT_TYPE_NOTIFY_CLOSE = 12,
	ES_EVENT_TYPE_NOTIFY_CREATE = 13,
	ES_EVENT_TYPE_NOTIFY_EXCHANGEDATA = 14,
	ES_EVENT_TYPE_NOTIFY_LINK = 19,
	ES_EVENT_TYPE_NOTIFY_RENAME = 25,
	ES_EVENT_TYPE_NOTIFY_SETATTRLIST = 26,
	ES_EVENT_TYPE_NOTIFY_SETEXTATTR = 27,
	ES_EVENT_TYPE_NOTIFY_SETFLAGS = 28,
	ES_EVENT_TYPE_NOTIFY_SETMODE = 29,
	ES_EVENT_TYPE_NOTIFY_SETOWNER = 30,
	ES_EVENT_TYPE_NOTIFY_UNLINK = 32,
	ES_EVENT_TYPE_NOTIFY_WRITE = 33,
	ES_EVENT_TYPE_NOTIFY_TRUNCATE = 41,
	ES_EVENT_TYPE_NOTIFY_UTIMES = 59,
	ES_EVENT_TYPE_NOTIFY_CLONE = 61,
	ES_EVENT_TYPE_NOTIFY_DELETEEXTATTR = 70,
	ES_EVENT_TYPE_NOTIFY_SETACL = 82,
	ES_EVENT_TYPE_NOTIFY_COPYFILE = 110,
} es_event_type_t;

typedef enum { ES_RETURN_SUCCESS, ES_RETURN_ERROR } es_return_t;
typedef enum { ES_NEW_CLIENT_RESULT_SUCCESS } es_new_client_result_t;
typedef void (^es_handler_block_t)(es_client_t *, const es_message_t *);

es_new_client_result_t es_new_client(es_client_t **client, es_handler_block_t handler);
es_return_t es_subscribe(es_client_t *client, const es_event_type_t *events, uint32_t count);
es_return_t es_delete_client(es_client_t *client);
