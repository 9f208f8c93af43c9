/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_CRIU_MESSAGE_H
#define ENVIRO_CONTAINER_CRIU_MESSAGE_H

/* Protocol buffers as far as CRIU's RPC uses them: numbers, and strings and messages with their length in front. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message that is being written. Memory that runs out is remembered: criu_message_ok tells at the end. */
struct criu_message {
	char *data;
	size_t len, size;
	bool failed;
};
#define CRIU_MESSAGE_INIT ((struct criu_message){0})

void criu_put_number(struct criu_message *m, uint32_t field, uint64_t value);
/* A flag that is false is left out: it is the default of all. */
void criu_put_flag(struct criu_message *m, uint32_t field, bool value);
/* NULL and "" are left out. */
void criu_put_text(struct criu_message *m, uint32_t field, const char *text);
void criu_put_message(struct criu_message *m, uint32_t field, const struct criu_message *value);
/* A message of two strings, as maps are sent. */
void criu_put_pair(struct criu_message *m, uint32_t field, const char *first, const char *second);
bool criu_message_ok(const struct criu_message *m);
void criu_message_done(struct criu_message *m);
#define _cleanup_message_ __attribute__((cleanup(criu_message_done)))

/* A field that was read: a number, or the `len` bytes at `data`. */
struct criu_field {
	uint32_t number;
	uint64_t value;
	const char *data;
	size_t len;
};
/* The next field of what lies between *p and end, and moves *p behind it. 1; 0 at the end; -EBADMSG. */
int criu_next_field(const char **p, const char *end, struct criu_field *ret);

#endif
