/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/config.h"

#include <errno.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/text.h"

struct config_options {
	const char *format;
};

static const struct option options[] = {
	OPTION(struct config_options, format, "format", 'f', "table or json (default: \"table\")"),
};

static void add_row(struct text *t, const char *name, const char *value, const char *from)
{
	enum { NAME_WIDTH = 25, VALUE_WIDTH = 22 };

	text_left(t, name, NAME_WIDTH);
	text_left(t, value, VALUE_WIDTH);
	text_add(t, from);
	text_add(t, "\n");
}

static void add_bool(struct text *t, const char *name, bool value, bool given)
{
	add_row(t, name, value ? "true" : "false", given ? CONFIG_PATH : "default");
}

static void add_number(struct text *t, const char *name, uint64_t value, bool given)
{
	char number[24];

	fmt(number, sizeof(number), "%llu", (unsigned long long)value);
	add_row(t, name, number, given ? CONFIG_PATH : "default");
}

static void add_table(struct text *t)
{
	const struct config *c = config_get();

	add_row(t, "NAME", "VALUE", "FROM");
	add_bool(t, "parallel_namespaces", c->parallel_namespaces, c->has_parallel_namespaces);
	add_bool(t, "use_namespace_cache", c->use_namespace_cache, c->has_use_namespace_cache);
	add_bool(t, "prewarm", c->prewarm, c->has_prewarm);
	add_number(t, "max_cached_namespaces", c->max_cached_namespaces, c->has_max_cached_namespaces);
	add_bool(t, "metrics", c->metrics, c->has_metrics);
	add_bool(t, "jail", c->jail, c->has_jail);
	add_bool(t, "cache.enabled", c->cache->enabled, c->cache->has_enabled);
	add_number(t, "cache.max_bytes", c->cache->max_bytes, c->cache->has_max_bytes);
	add_number(t, "cache.max_entries", c->cache->max_entries, c->cache->has_max_entries);
}

static int add_json(struct text *t, struct arena *a, struct error *err)
{
	char *all, *given;
	int r = config_json(false, NULL, a, &all, NULL, err);

	if (r >= 0)
		r = config_json(true, NULL, a, &given, NULL, err);
	if (r < 0)
		return r;
	text_add(t, "{\"file\":\"" CONFIG_PATH "\",\"in_force\":");
	text_add(t, all);
	text_add(t, ",\"given\":");
	text_add(t, given);
	text_add(t, "}\n");
	return 0;
}

static int run(struct cli *c, struct error *err)
{
	const struct config_options *o = c->options;
	bool json = str_eq(o->format, "json");
	struct text t = TEXT_INIT(c->arena);
	int r;

	if (o->format && !json && !str_eq(o->format, "table"))
		return error_set(err, EINVAL, "invalid format option: %s (table or json)", o->format);
	r = config_load(err);
	if (r == 0 && json)
		r = add_json(&t, c->arena, err);
	else if (r == 0)
		add_table(&t);
	return r < 0 ? r : text_print(&t, err);
}

const struct verb verb_config = {
	.name = "config",
	.summary = "show what " CONFIG_PATH " and the defaults come to",
	.usage = "",
	.description = "Each setting, its value and where that comes from. Annotations " CONFIG_ANNOTATION "NAME of a\n"
		       "container, \"true\" or \"false\", win over these for that container.",
	.examples = "%s config",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct config_options),
	.stateless = true,
	.run = run,
};
