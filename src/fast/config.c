/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "kernel/userns.h"
#include "perf/span.h"

enum { MAX_BYTES = 64 * 1024 };

static const struct oci_field cache_fields[] = {
	OCI_OPTIONAL(struct config_cache, "enabled", enabled),
	OCI_OPTIONAL(struct config_cache, "max_bytes", max_bytes),
	OCI_OPTIONAL(struct config_cache, "max_entries", max_entries),
};
static const struct oci_type cache_type = OCI_TYPE_CLOSED(struct config_cache, cache_fields);

static const struct oci_field config_fields[] = {
	OCI_OPTIONAL(struct config, "parallel_namespaces", parallel_namespaces),
	OCI_OPTIONAL(struct config, "use_namespace_cache", use_namespace_cache),
	OCI_OPTIONAL(struct config, "prewarm", prewarm),
	OCI_OPTIONAL(struct config, "max_cached_namespaces", max_cached_namespaces),
	OCI_OPTIONAL(struct config, "metrics", metrics),
	OCI_OPTIONAL(struct config, "jail", jail),
	OCI_OBJECT(struct config, "cache", cache, struct config_cache, cache_type, 0),
};
static const struct oci_type config_type = OCI_TYPE_CLOSED(struct config, config_fields);

static struct config_cache config_cache;
static struct config config;

static void set_defaults(const struct config *c)
{
#define DEFAULT(from, to, m, value)                                                                                    \
	((to).has_##m = (from)->has_##m, (to).m = (to).has_##m ? (from)->m : (value))
	static const struct config_cache no_cache;
	const struct config_cache *k = c->cache ? c->cache : &no_cache;

	DEFAULT(c, config, parallel_namespaces, true);
	DEFAULT(c, config, use_namespace_cache, true);
	DEFAULT(c, config, prewarm, true);
	DEFAULT(c, config, max_cached_namespaces, 32);
	DEFAULT(c, config, metrics, true);
	DEFAULT(c, config, jail, true);
	DEFAULT(k, config_cache, enabled, true);
	DEFAULT(k, config_cache, max_bytes, 16 << 20);
	DEFAULT(k, config_cache, max_entries, 1024);
	config.cache = &config_cache;
#undef DEFAULT
}

/* In a user namespace the host's root is one of the ids that are not mapped. */
static bool trusted_owner(uid_t uid)
{
	return uid == 0 || uid == geteuid() || (!userns_is_first() && uid == userns_overflow_uid());
}

static int read_file(struct arena *a, char **text, size_t *len, struct error *err)
{
	_cleanup_close_ int fd = open(CONFIG_PATH, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : error_errno(err, errno, "open: " CONFIG_PATH);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "stat: " CONFIG_PATH);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EPERM, CONFIG_PATH ": no regular file");
	if (!trusted_owner(st.st_uid) || (st.st_mode & 022))
		return error_set(err, EPERM, CONFIG_PATH ": must belong to root and be writable by nobody else");
	return file_read_fd(a, fd, CONFIG_PATH, MAX_BYTES, text, len, err);
}

static int load(struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct config *c;
	size_t len;
	char *text;
	int r = read_file(&a, &text, &len, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = oci_table_read(&config_type, text, len, &a, (void **)&c, NULL, err);
	if (r < 0)
		return error_prefix(err, CONFIG_PATH);
	set_defaults(c);
	return 0;
}

int config_load(struct error *err)
{
	static bool loaded;
	struct span span;
	int r;

	if (loaded)
		return 0;
	span = span_begin(SPAN_ID_CONFIGURATION);
	r = span_end(&span, load(err));
	loaded = r == 0;
	return r;
}

const struct config *config_get(void)
{
	if (!config.cache)
		set_defaults(&(struct config){0});
	return &config;
}

int config_annotations(const struct oci_map *annotations, struct error *err)
{
	const struct {
		const char *key;
		bool *has, *value;
	} known[] = {
		{CONFIG_ANNOTATION "parallel_namespaces", &config.has_parallel_namespaces, &config.parallel_namespaces},
		{CONFIG_ANNOTATION "use_namespace_cache", &config.has_use_namespace_cache, &config.use_namespace_cache},
		{CONFIG_ANNOTATION "prewarm", &config.has_prewarm, &config.prewarm},
		{CONFIG_ANNOTATION "cache", &config_cache.has_enabled, &config_cache.enabled},
	};

	(void)config_get();
	for (size_t i = 0; annotations && i < sizeof(known) / sizeof(known[0]); i++) {
		const char *value = oci_map_get(annotations, known[i].key);

		if (!value)
			continue;
		if (!str_eq(value, "true") && !str_eq(value, "false"))
			return error_set(
				err, EINVAL, "annotations.%s: \"%s\" is not true or false", known[i].key, value);
		*known[i].has = true;
		*known[i].value = str_eq(value, "true");
	}
	return 0;
}

int config_json(bool given, const char *indent, struct arena *a, char **ret, size_t *len, struct error *err)
{
	struct config_cache k;
	struct config c = *config_get();

	k = *c.cache;
	c.cache = &k;
	if (!given) {
		c.has_parallel_namespaces = c.has_use_namespace_cache = c.has_prewarm = true;
		c.has_max_cached_namespaces = c.has_metrics = c.has_jail = true;
		k.has_enabled = k.has_max_bytes = k.has_max_entries = true;
	} else if (!k.has_enabled && !k.has_max_bytes && !k.has_max_entries) {
		c.cache = NULL;
	}
	return oci_table_write(&config_type, &c, indent, a, ret, len, err);
}
