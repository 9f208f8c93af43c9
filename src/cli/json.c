/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"

#include "base/str.h"
#include "libocispec-lite/scan.h"

/* What is not UTF-8 becomes U+FFFD, as with Go. */
static void add_string(struct text *t, const char *s)
{
	bool utf8 = scan_utf8(s);

	text_add(t, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			text_fmt(t, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			text_fmt(t, "\\u%04x", c);
		else if (c >= 0x80 && !utf8)
			text_add(t, "\\ufffd");
		else
			text_add_n(t, s, 1);
	}
	text_add(t, "\"");
}

static void begin(struct text *t, const char *name)
{
	char last = t->len ? t->s[t->len - 1] : '\n';

	if (last != '{' && last != '[' && last != '\n')
		text_add(t, ",");
	if (name) {
		add_string(t, name);
		text_add(t, ":");
	}
}

void json_open(struct text *t, const char *name, char bracket)
{
	begin(t, name);
	text_add_n(t, &bracket, 1);
}

void json_close(struct text *t, char bracket)
{
	text_add_n(t, &bracket, 1);
}

void json_u64(struct text *t, const char *name, uint64_t v)
{
	begin(t, name);
	text_fmt(t, "%lu", (unsigned long)v);
}

void json_i64(struct text *t, const char *name, int64_t v)
{
	begin(t, name);
	text_fmt(t, "%ld", (long)v);
}

void json_string(struct text *t, const char *name, const char *v)
{
	begin(t, name);
	add_string(t, v);
}

void json_hundredths(struct text *t, const char *name, uint64_t v)
{
	begin(t, name);
	text_fmt(t, "%lu", (unsigned long)(v / 100));
	if (v % 100)
		text_fmt(t, v % 10 ? ".%02u" : ".%u", (unsigned)(v % 10 ? v % 100 : v % 100 / 10));
}

void json_bool(struct text *t, const char *name, bool v)
{
	begin(t, name);
	text_add(t, v ? "true" : "false");
}

void json_null(struct text *t, const char *name)
{
	begin(t, name);
	text_add(t, "null");
}
