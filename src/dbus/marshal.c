/* SPDX-License-Identifier: Apache-2.0 */
#include "dbus/dbus.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "messages are written as they are in memory");

/* Room for n more bytes; NULL when there is none. */
static uint8_t *grow(struct dbus_buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (b->cap - b->n < n) {
		size_t cap = (b->cap + n) * 2 + 64;
		uint8_t *p = arena_alloc(b->a, cap);

		if (!p) {
			b->failed = true;
			return NULL;
		}
		if (b->n)
			memcpy(p, b->p, b->n);
		b->p = p;
		b->cap = cap;
	}
	b->n += n;
	return b->p + b->n - n;
}

void dbus_bytes(struct dbus_buf *b, const void *p, size_t n)
{
	uint8_t *to = n ? grow(b, n) : NULL;

	if (to)
		memcpy(to, p, n);
}

void dbus_align(struct dbus_buf *b, size_t to)
{
	static const uint8_t zeros[8];

	dbus_bytes(b, zeros, -b->n & (to - 1));
}

void dbus_byte(struct dbus_buf *b, uint8_t v)
{
	dbus_bytes(b, &v, sizeof(v));
}

void dbus_u16(struct dbus_buf *b, uint16_t v)
{
	dbus_align(b, sizeof(v));
	dbus_bytes(b, &v, sizeof(v));
}

void dbus_u32(struct dbus_buf *b, uint32_t v)
{
	dbus_align(b, sizeof(v));
	dbus_bytes(b, &v, sizeof(v));
}

void dbus_u64(struct dbus_buf *b, uint64_t v)
{
	dbus_align(b, sizeof(v));
	dbus_bytes(b, &v, sizeof(v));
}

void dbus_string(struct dbus_buf *b, const char *s)
{
	size_t n = strlen(s);

	dbus_u32(b, (uint32_t)n);
	dbus_bytes(b, s, n + 1);
}

void dbus_signature(struct dbus_buf *b, const char *s)
{
	size_t n = strlen(s);

	dbus_byte(b, (uint8_t)n);
	dbus_bytes(b, s, n + 1);
}

struct dbus_array dbus_array_begin(struct dbus_buf *b, size_t align)
{
	struct dbus_array at;

	dbus_align(b, 4);
	at.length_at = b->n;
	dbus_u32(b, 0);
	dbus_align(b, align);
	at.first = b->n;
	return at;
}

void dbus_array_end(struct dbus_buf *b, struct dbus_array at)
{
	uint32_t n = (uint32_t)(b->n - at.first);

	if (!b->failed)
		memcpy(b->p + at.length_at, &n, sizeof(n));
}

void dbus_append(struct dbus_buf *b, const struct dbus_buf *from)
{
	b->failed |= from->failed;
	if (!from->n)
		return;
	dbus_align(b, 8);
	dbus_bytes(b, from->p, from->n);
}

/* n bytes of what is left, or NULL. */
static const uint8_t *take(struct dbus_reader *r, size_t n)
{
	if (r->failed || r->n - r->at < n) {
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return r->p + r->at - n;
}

void dbus_read_align(struct dbus_reader *r, size_t to)
{
	(void)take(r, -r->at & (to - 1));
}

uint8_t dbus_read_byte(struct dbus_reader *r)
{
	const uint8_t *p = take(r, 1);

	return p ? *p : 0;
}

uint32_t dbus_read_u32(struct dbus_reader *r)
{
	const uint8_t *p;
	uint32_t v = 0;

	dbus_read_align(r, sizeof(v));
	p = take(r, sizeof(v));
	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

static const char *read_text(struct dbus_reader *r, size_t n)
{
	const uint8_t *p = n < SIZE_MAX ? take(r, n + 1) : NULL;

	if (p && p[n] == '\0' && strlen((const char *)p) == n)
		return (const char *)p;
	r->failed = true;
	return "";
}

const char *dbus_read_string(struct dbus_reader *r)
{
	return read_text(r, dbus_read_u32(r));
}

const char *dbus_read_signature(struct dbus_reader *r)
{
	return read_text(r, dbus_read_byte(r));
}
