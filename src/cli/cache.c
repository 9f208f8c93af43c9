/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/cache.h"

#include <errno.h>

#include "base/date.h"
#include "base/fd.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"
#include "container/store.h"
#include "fast/config.h"
#include "fast/nspool.h"
#include "fast/template.h"
#include "perf/metrics.h"

/* All that is kept below a state root beside the containers, and how it goes: root is an fd of it. A new kind of thing
 * is a line here. */
static const struct {
	int (*clear)(int root, struct error *err);
} kept[] = {
	{cache_clear},
	{nspool_clear},
};

struct cache_options {
	const char *format;
};

static const struct option options[] = {
	OPTION(struct cache_options, format, "format", 'f', "for list and stats: table or json (default: \"table\")"),
};

/* A line of the table: one number for each kind of entry. */
static void add_row(struct text *t, const char *name, const uint64_t *n)
{
	enum { NAME_WIDTH = 23, COLUMN_WIDTH = 12 };
	char number[24];

	text_left(t, name, NAME_WIDTH);
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++) {
		const char *cell = number;

		if (n)
			fmt(number, sizeof(number), "%llu", (unsigned long long)n[kind]);
		else
			cell = cache_kind_name(kind);
		if (kind + 1 < CACHE_KINDS)
			text_left(t, cell, COLUMN_WIDTH);
		else
			text_fmt(t, "%s\n", cell);
	}
}

/* What the metrics have of a kind, in their order. */
static const struct metric_name *count_name(unsigned i)
{
	return &metric_names[METRIC_SECCOMP_HITS + i];
}

static uint64_t count_of(const struct metrics *m, unsigned kind, unsigned i)
{
	return m->counters[METRIC_SECCOMP_HITS + kind * METRICS_PER_CACHE + i];
}

enum { COUNTS = METRIC_SECCOMP_FIRST_TIME - METRIC_SECCOMP_HITS };

static void add_table(struct text *t, const struct metrics *m)
{
	uint64_t row[CACHE_KINDS];
	char name[40];

	add_row(t, "", NULL);
	for (unsigned i = 0; i < METRICS_PER_CACHE; i++) {
		for (unsigned kind = 0; kind < CACHE_KINDS; kind++)
			row[kind] = count_of(m, kind, i);
		fmt(name, sizeof(name), "%s%s", i < COUNTS ? "" : "not kept: ", count_name(i)->value);
		add_row(t, name, row);
	}
}

static void add_json(struct text *t, const struct metrics *m)
{
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++) {
		json_open(t, cache_kind_name(kind), '{');
		for (unsigned i = 0; i < METRICS_PER_CACHE; i++) {
			if (i == COUNTS)
				json_open(t, "not_kept", '{');
			json_u64(t, count_name(i)->value, count_of(m, kind, i));
		}
		json_close(t, '}');
		json_close(t, '}');
	}
}

static int stats(struct cli *c, int root, bool json, struct text *t, struct error *err)
{
	const struct config_cache *max = config_get()->cache;
	struct metrics *m = arena_new(c->arena, struct metrics);
	struct cache_entry *list = NULL;
	uint64_t bytes = 0;
	size_t n = 0;
	int r = root < 0 ? 0 : cache_list(root, c->arena, &list, &n, err);

	if (!m)
		return error_errno(err, ENOMEM, "cache");
	if (r == 0 && root >= 0)
		r = metrics_read(root, m, err);
	if (r < 0 && r != -ENOENT)
		return r;
	for (size_t i = 0; i < n; i++)
		bytes += list[i].bytes;
	text_fmt(t, json ? "{\"entries\":%zu,\"max_entries\":%u,\"bytes\":%llu,\"max_bytes\":%llu"
			 : "%zu entries of at most %u, %llu bytes of at most %llu\n\n",
		n, max->max_entries, (unsigned long long)bytes, (unsigned long long)max->max_bytes);
	if (json)
		add_json(t, m);
	else
		add_table(t, m);
	text_add(t, json ? "}\n" : "");
	return 0;
}

static int list(struct cli *c, int root, bool json, struct text *t, struct error *err)
{
	enum { NAME_WIDTH = 27, BYTES_WIDTH = 10 };
	struct cache_entry *e = NULL;
	char bytes[24], used[DATE_MAX];
	size_t n = 0;
	int r = root < 0 ? 0 : cache_list(root, c->arena, &e, &n, err);

	if (r < 0)
		return r;
	text_add(t, json ? "[" : "NAME                       BYTES     USED\n");
	for (size_t i = 0; i < n; i++, e++) {
		fmt(bytes, sizeof(bytes), "%llu", (unsigned long long)e->bytes);
		if (json) {
			text_fmt(t, "%s{\"name\":\"%s\",\"kind\":\"%s\",\"bytes\":%s,\"used\":\"", i ? "," : "", e->name,
				cache_kind_name(e->kind), bytes);
		} else {
			text_left(t, e->name, NAME_WIDTH);
			text_left(t, bytes, BYTES_WIDTH);
		}
		text_add(t, date_text(used, &(struct timespec){.tv_sec = (time_t)e->used}, false));
		text_add(t, json ? "\"}" : "\n");
	}
	if (json)
		text_add(t, "]\n");
	return 0;
}

static int clear(int root, struct error *err)
{
	for (size_t i = 0; root >= 0 && i < sizeof(kept) / sizeof(kept[0]); i++) {
		int r = kept[i].clear(root, err);

		if (r < 0)
			return r;
	}
	return template_clear(err); /* these are of no state root */
}

static int run(struct cli *c, struct error *err)
{
	const struct cache_options *o = c->options;
	bool json = str_eq(o->format, "json"), is_clear = str_eq(c->args[0], "clear");
	struct text t = TEXT_INIT(c->arena);
	int r;

	if (!is_clear && !str_eq(c->args[0], "list") && !str_eq(c->args[0], "stats"))
		return error_set(err, EINVAL, "cache: \"%s\" is none of list, stats and clear", c->args[0]);
	if (o->format && is_clear)
		return error_set(err, EINVAL, "cache: clear takes no --format");
	if (o->format && !json && !str_eq(o->format, "table"))
		return error_set(err, EINVAL, "invalid format option: %s (table or json)", o->format);
	r = config_load(err);
	if (r < 0)
		return r;
	_cleanup_close_ int root = store_open_root(&c->context, false, err);
	if (root < 0 && root != -ENOENT)
		return root;
	if (is_clear)
		return clear(root, err);
	r = str_eq(c->args[0], "list") ? list(c, root, json, &t, err) : stats(c, root, json, &t, err);
	return r < 0 ? r : text_print(&t, err);
}

const struct verb verb_cache = {
	.name = "cache",
	.summary = "show or clear what is kept below the state root to start containers faster",
	.usage = "list|stats|clear",
	.description = "list: compiled seccomp filters and launch plans, the one used last first.\n"
		       "stats: how often they were found, and why others were not kept.\n"
		       "clear: removes them, and everything else that was made ahead of time. Containers\n"
		       "do not mind.",
	.examples = "%s cache list\n"
		    "%s cache clear",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct cache_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
