/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"
#include "cgroup/systemd.h"

enum { MAX_FILE = 65536 };

/* What a write would change, as the text that brings it back. */
struct before {
	const struct cgroup_write *w;
	const char *text; /* NULL: not known, or back already */
};

/* Files with a line for each device, interface or resource have its name in front of the value. Two numbers, or "max"
 * and a number, are cpu.max. Returns the length of the name, or 0. */
static size_t key_length(const char *value)
{
	size_t word = strcspn(value, " \t"), digits = strspn(value, "0123456789");

	if (!value[word] || digits == word || (word == 3 && str_starts(value, "max")))
		return 0;
	return word;
}

static const char *find_line(struct arena *a, const char *text, const char *key, size_t key_len)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, key, key_len) == 0 && line[key_len] == ' ')
			return arena_strndup(a, line, strcspn(line, "\n"));
	return NULL;
}

/* A device without a line has no value of its own; this is how it gets none again. */
static const char *no_value(struct arena *a, const struct cgroup_write *w, size_t key_len)
{
	const char *name = w->value + key_len + 1, *equals = strchr(name, '=');

	if (equals)
		return arena_fmt(a, "%.*s%.*s=max", (int)key_len + 1, w->value, (int)(equals - name), name);
	return arena_fmt(a, "%.*s %s", (int)key_len, w->value, strstr(w->file, "weight") ? "default" : "0");
}

static const char *read_before(const struct cgroup *cg, const struct cgroup_write *w, struct arena *a)
{
	size_t key_len = key_length(w->value);
	const char *line;
	char *text;

	if (file_read_at(a, cg->d[w->dir].fd, w->file, MAX_FILE, &text, NULL, NULL) < 0)
		return NULL;
	if (str_eq(w->file, "memory.oom_control")) {
		line = find_line(a, text, "oom_kill_disable", strlen("oom_kill_disable"));
		return line ? line + strlen("oom_kill_disable ") : NULL;
	}
	if (key_len && !w->keep_quota) {
		line = find_line(a, text, w->value, key_len);
		return line ? line : no_value(a, w, key_len);
	}
	text[strcspn(text, "\n")] = '\0';
	return *text ? text : "\n"; /* an empty write(2) does not reach the file */
}

static bool put_back(const struct cgroup *cg, const struct before *b, struct arena *a)
{
	const char *now = read_before(cg, b->w, a);

	if (now && str_eq(now, b->text))
		return true;
	return file_write_at(cg->d[b->w->dir].fd, b->w->file, b->text) == 0;
}

/* In reverse; once more as long as that helps, since the kernel takes some values in one order only. */
static void undo(const struct cgroup *cg, struct before *b, size_t n, struct arena *a)
{
	bool helped;

	do {
		helped = false;
		for (size_t i = n; i-- > 0;) {
			if (b[i].text && put_back(cg, &b[i], a)) {
				b[i].text = NULL;
				helped = true;
			}
		}
	} while (helped);
	for (size_t i = 0; i < n; i++)
		if (b[i].text)
			log_warn("%s: %s: could not be put back to \"%s\"", b[i].w->what, b[i].w->file, b[i].text);
}

int cgroup_update(struct cgroup *cg, const struct cgroup_settings *s, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct before *b = arena_array(&a, s->n + 1, sizeof(*b));
	int r = b ? cgroup_check(cg, s, err) : error_errno(err, ENOMEM, "linux.resources");

	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n; i++) {
		b[i].w = &s->w[i];
		if (cg->d[s->w[i].dir].fd >= 0)
			b[i].text = read_before(cg, &s->w[i], &a);
	}
	/* systemd first: what it rounds is then written as it was asked for */
	r = s->unit ? cgroup_unit_set(cg, s->unit, err) : 0;
	if (r < 0)
		return r;
	r = cgroup_apply(cg, s, err);
	if (r < 0)
		undo(cg, b, s->n, &a);
	if (r < 0 && s->unit)
		cgroup_unit_put_back(cg, s);
	return r;
}
