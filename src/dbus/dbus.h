/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_DBUS_DBUS_H
#define ENVIRO_DBUS_DBUS_H

/* As much of D-Bus as it takes to ask a service for something: values are put into and taken from messages, one call is
 * made at a time, signals are read. Messages are in the byte order of this machine, which has to be little-endian. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* ---- values into bytes (marshal.c) ---- */

/* Grows in the arena; begins at an offset that is a multiple of 8. Once memory is out `failed` stays set and nothing
 * more is put in, so that it is asked once at the end. */
struct dbus_buf {
	struct arena *a;
	uint8_t *p;
	size_t n, cap;
	bool failed;
};
#define DBUS_BUF(arena) ((struct dbus_buf){.a = (arena)})

/* Zeros up to the next multiple of `to` (1, 2, 4, 8). Each of those below aligns what it puts in. */
void dbus_align(struct dbus_buf *b, size_t to);
void dbus_bytes(struct dbus_buf *b, const void *p, size_t n);
void dbus_byte(struct dbus_buf *b, uint8_t v);
void dbus_u16(struct dbus_buf *b, uint16_t v);
void dbus_u32(struct dbus_buf *b, uint32_t v);          /* types u, i, b */
void dbus_u64(struct dbus_buf *b, uint64_t v);          /* types t, x, d */
void dbus_string(struct dbus_buf *b, const char *s);    /* types s, o */
void dbus_signature(struct dbus_buf *b, const char *s); /* type g, and what a variant begins with */
/* An array: begin, the elements, end. align: of the elements (8 for structs and 64 bits). */
struct dbus_array {
	size_t length_at, first;
};
struct dbus_array dbus_array_begin(struct dbus_buf *b, size_t align);
void dbus_array_end(struct dbus_buf *b, struct dbus_array at);
/* Aligns to 8 and copies all of `from`, which began at such an offset, too. */
void dbus_append(struct dbus_buf *b, const struct dbus_buf *from);

/* ---- values out of bytes (marshal.c) ---- */

/* `failed` as above: what is read from then on is 0 and "". Strings stay in the bytes. */
struct dbus_reader {
	const uint8_t *p;
	size_t n, at;
	bool failed;
};
void dbus_read_align(struct dbus_reader *r, size_t to);
uint8_t dbus_read_byte(struct dbus_reader *r);
uint32_t dbus_read_u32(struct dbus_reader *r);
const char *dbus_read_string(struct dbus_reader *r);    /* s, o */
const char *dbus_read_signature(struct dbus_reader *r); /* g */

/* ---- values from text (text.c) ---- */

enum { DBUS_SIGNATURE_MAX = 64 };

/* A value in GVariant's text format: true, 5, uint64 5, 1.5, 'text', ['a', 'b'], (1, 'a'), <'variant'>, @as []. Numbers
 * without a type are int32 or double. Puts its signature and then the value into b, as a variant does, and the
 * signature into ret_type. Dictionaries, byte strings and "nothing" are refused. -EINVAL: "EXPLANATION at offset N". */
int dbus_value_from_text(struct dbus_buf *b, const char *text, char ret_type[DBUS_SIGNATURE_MAX], struct error *err);

/* ---- a connection (connection.c) ---- */

struct dbus {
	int fd;
	uint32_t serial;
	int64_t deadline_ms; /* CLOCK_MONOTONIC; for all that is done with it */
	uint8_t *in;         /* received, malloc */
	size_t in_len, in_cap, in_used;
};
#define DBUS_INIT ((struct dbus){.fd = -1})

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN, DBUS_ERROR, DBUS_SIGNAL };

/* One that was received: its strings live until the next is. Absent ones are NULL, but signature "". */
struct dbus_message {
	enum dbus_type type;
	uint32_t reply_to;
	const char *path, *interface, *member, *error, *sender, *signature;
	struct dbus_reader body;
};

struct dbus_call {
	const char *destination, *path, *interface, *member;
	const char *signature; /* "": no arguments */
	const struct dbus_buf *body;
};

/* Connects to a socket ("@NAME" in the abstract name space) and authenticates by the credentials of the socket. */
int dbus_open(struct dbus *c, const char *path, int64_t deadline_ms, struct error *err);
/* The same with a socket that is connected already and becomes the connection's. */
int dbus_open_fd(struct dbus *c, int fd, int64_t deadline_ms, struct error *err);
/* To a message bus: the first of the addresses ("unix:path=…;unix:abstract=…") that answers, and says hello. */
int dbus_open_bus(struct dbus *c, const char *addresses, int64_t deadline_ms, struct error *err);
void dbus_close(struct dbus *c);
#define _cleanup_dbus_ __attribute__((cleanup(dbus_close)))

/* Sends a call and waits for its answer; other messages that come before are dropped. -EREMOTEIO: the answer was an
 * error, reply->error is its name and err says "NAME: TEXT". */
int dbus_call(struct dbus *c, const struct dbus_call *call, struct dbus_message *reply, struct error *err);
/* The next message; -ETIMEDOUT when the deadline is over, -ECONNRESET when the other side has closed. */
int dbus_next(struct dbus *c, struct dbus_message *ret, struct error *err);

int64_t dbus_now_ms(void);

#endif
