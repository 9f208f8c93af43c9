/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_TEXT_H
#define ENVIRO_CLI_TEXT_H

/* What a verb prints: put together in an arena, written to stdout at once, so that a verb that fails prints nothing. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct text {
	struct arena *a;
	char *s;
	size_t len, room;
	bool failed; /* memory ran out: text_print says so */
};

#define TEXT_INIT(arena) ((struct text){.a = (arena)})

void text_add(struct text *t, const char *s);
void text_add_n(struct text *t, const char *s, size_t n);
/* fmt_v's formats (base/str.h), at most 1023 bytes. */
void text_fmt(struct text *t, const char *f, ...) __attribute__((format(printf, 2, 3)));
/* n blanks. */
void text_blanks(struct text *t, size_t n);
/* A cell of a table: s, and blanks behind or before it up to `width` columns, but one at least. */
void text_left(struct text *t, const char *s, size_t width);
void text_right(struct text *t, const char *s, size_t width);
/* The length in code points, as columns are counted. */
size_t text_columns(const char *s);
/* Whether the locale says that who reads takes UTF-8. */
bool text_utf8(void);
/* -ENOMEM, or the errno of write(2). */
int text_print(const struct text *t, struct error *err);

#endif
