// What docs/embedding.md uses of <xpc/xpc.h>, declared by us.
#pragma once
#include <dispatch/dispatch.h>
#include <stddef.h>
#include <stdint.h>

typedef void *xpc_object_t;
typedef struct xpc_connection_s *xpc_connection_t;
typedef const struct xpc_type_s *xpc_type_t;
typedef void (^xpc_handler_t)(xpc_object_t);

extern const xpc_type_t XPC_TYPE_CONNECTION, XPC_TYPE_DICTIONARY, XPC_TYPE_ERROR;

#define XPC_CONNECTION_MACH_SERVICE_LISTENER (1 << 0)

xpc_object_t xpc_retain(xpc_object_t object);
void xpc_release(xpc_object_t object);
xpc_type_t xpc_get_type(xpc_object_t object);
xpc_object_t xpc_data_create(const void *bytes, size_t length);
xpc_object_t xpc_dictionary_create(const char *const *keys, const xpc_object_t *values, size_t count);
void xpc_dictionary_set_uint64(xpc_object_t dictionary, const char *key, uint64_t value);
void xpc_dictionary_set_value(xpc_object_t dictionary, const char *key, xpc_object_t value);
uint64_t xpc_dictionary_get_uint64(xpc_object_t dictionary, const char *key);
xpc_connection_t xpc_connection_create_mach_service(const char *name, dispatch_queue_t queue, uint64_t flags);
void xpc_connection_set_event_handler(xpc_connection_t connection, xpc_handler_t handler);
void xpc_connection_set_target_queue(xpc_connection_t connection, dispatch_queue_t queue);
int xpc_connection_set_peer_code_signing_requirement(xpc_connection_t connection, const char *requirement);
void xpc_connection_resume(xpc_connection_t connection);
void xpc_connection_cancel(xpc_connection_t connection);
void xpc_connection_send_message(xpc_connection_t connection, xpc_object_t message);
void xpc_connection_send_message_with_reply(xpc_connection_t connection, xpc_object_t message, dispatch_queue_t queue, xpc_handler_t handler);
void xpc_connection_send_barrier(xpc_connection_t connection, dispatch_block_t barrier);
