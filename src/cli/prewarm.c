/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "container/store.h"
#include "fast/config.h"
#include "fast/nspool.h"

struct prewarm_options {
	const char *count, *namespaces, *format;
	bool status, clear;
};

static const struct option options[] = {
	{OPTION_FIELDS(struct prewarm_options, count, "count", 'n',
		 "so many of each kind wait afterwards (default: max_cached_namespaces, shared among the kinds)"),
		.nonempty = true},
	{OPTION_FIELDS(struct prewarm_options, namespaces, "namespaces", 0, "kinds: net, ipc, uts (default: \"net\")"),
		.nonempty = true},
	OPTION(struct prewarm_options, status, "status", 0, "only show what waits"),
	OPTION(struct prewarm_options, clear, "clear", 0, "only remove what waits"),
	OPTION(struct prewarm_options, format, "format", 'f', "for --status: table or json (default: \"table\")"),
};

/* "net,ipc" → flags. */
static int parse_kinds(const char *list, uint32_t *flags, uint32_t *n, struct error *err)
{
	*flags = *n = 0;
	for (const char *s = list, *end;; s = end + 1) {
		size_t len, i = 0;

		end = str_chr(s, ',');
		len = end ? (size_t)(end - s) : str_len(s);
		while (i < NSPOOL_KINDS &&
			!(str_len(nspool_kinds[i].name) == len && str_starts(s, nspool_kinds[i].name)))
			i++;
		if (i == NSPOOL_KINDS)
			return error_set(
				err, EINVAL, "--namespaces: \"%.*s\" is none of net, ipc and uts", (int)len, s);
		*n += !(*flags & nspool_kinds[i].flag);
		*flags |= nspool_kinds[i].flag;
		if (!end)
			return 0;
	}
}

enum { CELL_WIDTH = 12 };

static void add_number(struct text *t, uint32_t n)
{
	char s[12];

	fmt(s, sizeof(s), "%u", n);
	text_left(t, s, CELL_WIDTH);
}

static int show(struct cli *c, int root, bool json, struct error *err)
{
	struct text t = TEXT_INIT(c->arena);
	struct nspool_counts n = {0};
	int r = root < 0 ? 0 : nspool_count(root, &n, err);

	if (r < 0)
		return r;
	text_add(&t, json ? "{" : "NAMESPACE   WAITING     UNSEEN      LEFTOVER\n");
	for (size_t i = 0; i < NSPOOL_KINDS; i++) {
		if (json) {
			text_fmt(&t, "%s\"%s\":{\"waiting\":%u,\"unseen\":%u,\"leftover\":%u}", i ? "," : "",
				nspool_kinds[i].name, n.waiting[i], n.unseen[i], n.leftover[i]);
			continue;
		}
		text_left(&t, nspool_kinds[i].name, CELL_WIDTH);
		add_number(&t, n.waiting[i]);
		add_number(&t, n.unseen[i]);
		text_fmt(&t, "%u\n", n.leftover[i]);
	}
	text_add(&t, json ? "}\n" : "");
	return text_print(&t, err);
}

static int fill(struct cli *c, const struct prewarm_options *o, struct error *err)
{
	const struct config *config = config_get();
	_cleanup_progress_ struct progress p = PROGRESS_NONE;
	uint32_t flags, kinds, count;
	int r = parse_kinds(o->namespaces ? o->namespaces : "net", &flags, &kinds, err);

	if (r < 0)
		return r;
	count = config->max_cached_namespaces / kinds;
	if (o->count && !str_to_u32(o->count, &count))
		return error_set(err, EINVAL, "--count: \"%s\" is no number", o->count);
	if (!config->prewarm || !config->use_namespace_cache)
		return error_set(err, EPERM, "prewarm: " CONFIG_PATH ": %s is off",
			config->prewarm ? "use_namespace_cache" : "prewarm");
	if (c->context.rootless)
		return error_set(err, EPERM, "prewarm: only root of the host can make namespaces for others to join");
	_cleanup_close_ int root = store_open_root(&c->context, true, err);
	if (root < 0)
		return root;
	progress_begin(&p, "prewarm", NULL);
	return nspool_fill(root, flags, count, config->max_cached_namespaces, err);
}

static int run(struct cli *c, struct error *err)
{
	const struct prewarm_options *o = c->options;
	bool json = str_eq(o->format, "json");
	int r;

	if (o->status && o->clear)
		return error_set(err, EINVAL, "prewarm: --status and --clear exclude each other");
	if ((o->status || o->clear) && (o->count || o->namespaces))
		return error_set(err, EINVAL, "prewarm: --%s takes neither --count nor --namespaces",
			o->status ? "status" : "clear");
	if (o->format && !o->status)
		return error_set(err, EINVAL, "prewarm: --format is for --status");
	if (o->format && !json && !str_eq(o->format, "table"))
		return error_set(err, EINVAL, "invalid format option: %s (table or json)", o->format);
	r = config_load(err);
	if (r < 0)
		return r;
	if (!o->status && !o->clear)
		return fill(c, o, err);
	_cleanup_close_ int root = store_open_root(&c->context, false, err);
	if (root < 0 && root != -ENOENT)
		return root;
	if (o->status)
		return show(c, root, json, err);
	return root < 0 ? 0 : nspool_clear(root, err);
}

const struct verb verb_prewarm = {
	.name = "prewarm",
	.summary = "make namespaces ahead of time, for containers to come",
	.usage = "",
	.description = "Namespaces are made till as many wait as asked for. A container with a new namespace\n"
		       "of that kind takes one that was never used; when none is left it makes its own. What\n"
		       "containers have taken is not touched by --clear.",
	.examples = "%s prewarm --count 16 --namespaces net\n"
		    "%s prewarm --status",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct prewarm_options),
	.run = run,
};
