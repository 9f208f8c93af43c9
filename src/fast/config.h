/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_FAST_CONFIG_H
#define ENVIRO_FAST_CONFIG_H

/* What the runtime may keep and do ahead of time: /etc/enviro-oci/config.json (docs/configuration.md), and for one
 * container its annotations. Nothing here changes what a container is, only how fast it comes. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "libocispec-lite/table.h"

#define CONFIG_PATH "/etc/enviro-oci/config.json"
#define CONFIG_ANNOTATION "io.enviro-oci."

struct config_cache {
	bool has_enabled, enabled;
	bool has_max_bytes;
	uint64_t max_bytes;   /* of all entries of one state root */
	bool has_max_entries;
	uint32_t max_entries;
};

/* All values are in force; has_x says that x does not stand at its default. */
struct config {
	bool has_parallel_namespaces, parallel_namespaces; /* namespaces are made by several threads */
	bool has_use_namespace_cache, use_namespace_cache; /* templates of mount namespaces, and the pool's */
	bool has_prewarm, prewarm;			   /* what `prewarm` has put by is taken */
	bool has_metrics, metrics;			   /* verbs count what they do */
	bool has_max_cached_namespaces;
	uint32_t max_cached_namespaces;
	bool has_jail, jail; /* what a container sends is read by a process that can do nothing else */
	struct config_cache *cache; /* never NULL */
};

/* Reads the file, once a process: every verb that makes containers or changes what is kept calls it before anything
 * else. No file: defaults. -EPERM: not root's (nor ours), or others may write it; -EINVAL: its content, with line and
 * column; -EFBIG; other errors of open and read. */
int config_load(struct error *err);

/* From here on this process acts for one container, whose annotations io.enviro-oci.NAME ("true" or "false") win over
 * the file. NULL: none. -EINVAL names the annotation. */
int config_annotations(const struct oci_map *annotations, struct error *err);

/* What is in force. Never NULL; before config_load, or when that failed, the defaults. */
const struct config *config_get(void);

/* JSON in the form of the file: all that is in force, or with `given` only what the file or annotations say. len may be
 * NULL. */
int config_json(bool given, const char *indent, struct arena *a, char **ret, size_t *len, struct error *err);

#endif
