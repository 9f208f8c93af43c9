/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/findings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { MAX_WORD = 48 };

void oci_findings_add(struct oci_findings *fs, const struct oci_finding *f)
{
	struct oci_finding *to;

	if (fs->len == fs->room) {
		size_t room = fs->room ? fs->room * 2 : 16;
		struct oci_finding *v = arena_array(fs->arena, room, sizeof(*v));

		if (!v) {
			fs->failed = true;
			return;
		}
		if (fs->len)
			memcpy(v, fs->v, fs->len * sizeof(*v));
		fs->v = v;
		fs->room = room;
	}
	to = &fs->v[fs->len++];
	*to = *f;
	to->path = arena_strdup(fs->arena, f->path);
	to->reason = arena_strdup(fs->arena, f->reason);
	to->hint = f->hint ? arena_strdup(fs->arena, f->hint) : NULL;
	if (to->path && to->reason)
		return;
	fs->len--;
	fs->failed = true;
}

/* Whether b is a or something in it. */
static bool holds(const char *a, const char *b)
{
	size_t n = strlen(a);

	return strncmp(a, b, n) == 0 && (n == 0 || b[n] == '\0' || b[n] == '.' || b[n] == '[');
}

bool oci_findings_concern(const struct oci_findings *fs, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (fs->v[i].severity == OCI_ERROR && (holds(fs->v[i].path, path) || holds(path, fs->v[i].path)))
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct oci_finding *x = a, *y = b;

	if (x->line != y->line)
		return !x->line ? 1 : !y->line ? -1 : x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

void oci_findings_sort(struct oci_findings *fs)
{
	if (fs->len)
		qsort(fs->v, fs->len, sizeof(*fs->v), compare);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, replacements and exchanges of neighbours from a to b, without regard to case. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), rows[3][MAX_WORD + 1], *row = rows[0];

	if (n > MAX_WORD || m > MAX_WORD)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		const size_t *above = row, *above_that = rows[(i + 1) % 3]; /* which is read from i = 2 on */

		row = rows[i % 3];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = least(row[j], above_that[j - 2] + 1, row[j]);
		}
	}
	return row[m];
}

void oci_nearest_try(struct oci_nearest *n, const char *candidate)
{
	size_t d = edit_distance(n->word, candidate), len = strlen(n->word);

	if (d > (len < 4 ? 1 : len < 8 ? 2 : 3) || d >= len || (n->best && d >= n->distance))
		return;
	n->best = candidate;
	n->distance = d;
}
