/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/poison.h"
#include "base/pool.h"
#include "base/str.h"

enum { ALIGN = 16, FIRST_BLOCK = 64 * 1024, LARGEST_BLOCK = 1024 * 1024 };

/* At the beginning of its buffer. */
struct arena_block {
	struct arena_block *next;
	struct buffer buffer;
	size_t used;
} __attribute__((aligned(ALIGN)));

/* Each block is four times as large as the one before: what is not touched costs nothing. */
static struct arena_block *add_block(struct arena *a, size_t n)
{
	size_t size = a->head ? a->head->buffer.size * 4 : FIRST_BLOCK;
	struct arena_block *b;
	struct buffer buffer;

	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < sizeof(*b) + n)
		size = sizeof(*b) + n;
	if (pool_get(size, &buffer) < 0)
		return NULL;
	b = (struct arena_block *)(void *)buffer.data;
	*b = (struct arena_block){.next = a->head, .buffer = buffer, .used = sizeof(*b)};
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t asked)
{
	struct arena_block *b = a->head;
	size_t n;
	char *p;

	if (asked > SIZE_MAX / 2)
		return NULL;
	n = ((asked + ALIGN - 1) & ~(size_t)(ALIGN - 1)) + POISON_ZONE;
	if (!b || b->buffer.size - b->used < n) {
		b = add_block(a, n);
		if (!b)
			return NULL;
	}
	p = b->buffer.data + b->used;
	b->used += n;
	a->used += n;
	if (!b->buffer.zero)
		memset(p, 0, n);
	poison(p + asked, n - asked);
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = n == SIZE_MAX ? NULL : arena_alloc(a, n + 1);

	if (p)
		memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_fmt(struct arena *a, const char *f, ...)
{
	static char buf[8192]; /* stacks may be small; no thread of ours formats */
	va_list ap;
	size_t n;

	va_start(ap, f);
	n = fmt_v(buf, sizeof(buf), f, ap);
	va_end(ap);
	return n + 1 < sizeof(buf) ? arena_strndup(a, buf, n) : NULL;
}

void arena_done(struct arena *a)
{
	if (!a)
		return;
	while (a->head) {
		struct buffer last = a->head->buffer;

		a->head = a->head->next;
		poison_end(last.data, last.size); /* what comes after it in the address space may be another's */
		pool_put(&last);
	}
	a->used = 0;
}
