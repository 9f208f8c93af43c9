/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/path.h"

#include <string.h>

/* Adds the parts of s behind the n bytes of out; returns the new length. */
static size_t add_parts(char *out, size_t n, const char *s)
{
	while (*s) {
		size_t len = strcspn(s, "/");

		if (len == 2 && s[0] == '.' && s[1] == '.') {
			while (n && out[--n] != '/')
				;
		} else if (len && !(len == 1 && *s == '.')) {
			out[n++] = '/';
			memcpy(out + n, s, len);
			n += len;
		}
		s += len + (s[len] == '/');
	}
	return n;
}

char *path_clean(struct arena *a, const char *dir, const char *path)
{
	char *out = arena_alloc(a, strlen(dir) + strlen(path) + 3);
	size_t n;

	if (!out)
		return NULL;
	n = add_parts(out, add_parts(out, 0, dir), path);
	if (!n)
		out[n++] = '/';
	out[n] = '\0';
	return out;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && path[n] == '/' && path[n + 1];
}
