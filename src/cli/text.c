/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static bool grow(struct text *t, size_t n)
{
	size_t room = t->room ? t->room : 1024;
	char *s;

	while (room - t->len < n) {
		if (__builtin_mul_overflow(room, 2, &room))
			return false;
	}
	if (room == t->room)
		return true;
	s = arena_alloc(t->a, room);
	if (!s)
		return false;
	if (t->len)
		memcpy(s, t->s, t->len);
	t->s = s;
	t->room = room;
	return true;
}

void text_add_n(struct text *t, const char *s, size_t n)
{
	if (t->failed || !n)
		return;
	if (!grow(t, n)) {
		t->failed = true;
		return;
	}
	memcpy(t->s + t->len, s, n);
	t->len += n;
}

void text_add(struct text *t, const char *s)
{
	text_add_n(t, s, str_len(s));
}

void text_fmt(struct text *t, const char *f, ...)
{
	char buf[1024];
	va_list ap;
	size_t n;

	va_start(ap, f);
	n = fmt_v(buf, sizeof(buf), f, ap);
	va_end(ap);
	text_add_n(t, buf, n);
}

void text_blanks(struct text *t, size_t n)
{
	while (n--)
		text_add_n(t, " ", 1);
}

size_t text_columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void fill(struct text *t, const char *s, size_t width)
{
	size_t n = text_columns(s);

	text_blanks(t, n < width ? width - n : 1);
}

void text_left(struct text *t, const char *s, size_t width)
{
	text_add(t, s);
	fill(t, s, width);
}

void text_right(struct text *t, const char *s, size_t width)
{
	fill(t, s, width);
	text_add(t, s);
}

int text_print(const struct text *t, struct error *err)
{
	int r = t->failed ? -ENOMEM : fd_write_all(STDOUT_FILENO, t->s, t->len);

	return r < 0 ? error_errno(err, r, "write to stdout") : 0;
}

bool text_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = getenv(names[i]);

		if (v && *v)
			return str_ends(v, "UTF-8") || str_ends(v, "utf8");
	}
	return false;
}
