/* SPDX-License-Identifier: Apache-2.0 */
#include "container/criu_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum wire { WIRE_NUMBER = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
enum { FIRST_SIZE = 1024 };

static void put_bytes(struct criu_message *m, const void *data, size_t len)
{
	if (!m->failed && m->len + len > m->size) {
		size_t size = m->size ? m->size : FIRST_SIZE;
		char *more;

		while (size < m->len + len)
			size *= 2;
		more = realloc(m->data, size);
		m->failed = !more;
		if (more) {
			m->data = more;
			m->size = size;
		}
	}
	if (m->failed || !len)
		return;
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

/* Seven bits a byte, the lowest first; the eighth says that there are more. */
static void put_varint(struct criu_message *m, uint64_t v)
{
	unsigned char bytes[10];
	size_t n = 0;

	for (; v > 0x7f; v >>= 7)
		bytes[n++] = (unsigned char)(v | 0x80);
	bytes[n++] = (unsigned char)v;
	put_bytes(m, bytes, n);
}

static void put_bytes_field(struct criu_message *m, uint32_t field, const void *data, size_t len)
{
	put_varint(m, (uint64_t)field << 3 | WIRE_BYTES);
	put_varint(m, len);
	put_bytes(m, data, len);
}

void criu_put_number(struct criu_message *m, uint32_t field, uint64_t value)
{
	put_varint(m, (uint64_t)field << 3 | WIRE_NUMBER);
	put_varint(m, value);
}

void criu_put_flag(struct criu_message *m, uint32_t field, bool value)
{
	if (value)
		criu_put_number(m, field, 1);
}

void criu_put_text(struct criu_message *m, uint32_t field, const char *text)
{
	if (text && *text)
		put_bytes_field(m, field, text, strlen(text));
}

void criu_put_message(struct criu_message *m, uint32_t field, const struct criu_message *value)
{
	m->failed |= value->failed;
	put_bytes_field(m, field, value->data, value->len);
}

void criu_put_pair(struct criu_message *m, uint32_t field, const char *first, const char *second)
{
	_cleanup_message_ struct criu_message pair = CRIU_MESSAGE_INIT;

	criu_put_text(&pair, 1, first);
	criu_put_text(&pair, 2, second);
	criu_put_message(m, field, &pair);
} /* NOLINT(clang-analyzer-unix.Malloc): the cleanup of `pair` frees it */

bool criu_message_ok(const struct criu_message *m)
{
	return !m->failed;
}

void criu_message_done(struct criu_message *m)
{
	free(m->data);
	*m = CRIU_MESSAGE_INIT;
}

static int get_varint(const char **p, const char *end, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
		unsigned char c = (unsigned char)*(*p)++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80)) {
			*ret = v;
			return 0;
		}
	}
	return -EBADMSG;
}

int criu_next_field(const char **p, const char *end, struct criu_field *ret)
{
	uint64_t tag, len = 0;

	if (*p == end)
		return 0;
	if (get_varint(p, end, &tag) < 0)
		return -EBADMSG;
	*ret = (struct criu_field){.number = (uint32_t)(tag >> 3)};
	switch (tag & 7) {
	case WIRE_NUMBER:
		return get_varint(p, end, &ret->value) < 0 ? -EBADMSG : 1;
	case WIRE_BYTES:
		if (get_varint(p, end, &len) < 0)
			return -EBADMSG;
		break;
	case WIRE_32:
		len = 4;
		break;
	case WIRE_64:
		len = 8;
		break;
	default:
		return -EBADMSG;
	}
	if (len > (size_t)(end - *p))
		return -EBADMSG;
	ret->data = *p;
	ret->len = (size_t)len;
	*p += len;
	return 1;
}
