/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/path.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

enum { MAX_KEY = 100 };

static bool is_word(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++) {
		char c = s[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return i > 0 && i <= MAX_KEY;
}

void path_index(struct path *p, size_t index)
{
	p->len += fmt(p->text + p->len, sizeof(p->text) - p->len, "[%zu]", index);
}

void path_key(struct path *p, const char *key)
{
	size_t n = strlen(key), from;
	bool cut = n > MAX_KEY;

	if (cut)
		for (n = MAX_KEY; n && ((unsigned char)key[n] & 0xc0) == 0x80; n--)
			;
	from = p->len;
	p->len += fmt(p->text + p->len, sizeof(p->text) - p->len, "[\"%.*s%s\"]", (int)n, key, cut ? "..." : "");
	for (; from < p->len; from++)
		if ((unsigned char)p->text[from] < 0x20 || p->text[from] == 0x7f)
			p->text[from] = '?';
}

void path_member(struct path *p, const char *name)
{
	if (is_word(name))
		p->len += fmt(p->text + p->len, sizeof(p->text) - p->len, "%s%s", p->len ? "." : "", name);
	else
		path_key(p, name);
}

const char *path_colon(const struct path *p)
{
	return p->len ? ": " : "";
}
