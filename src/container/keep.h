/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_KEEP_H
#define ENVIRO_CONTAINER_KEEP_H

/* A whole launch in the template cache: the plan, and config.json as oci_config_read gives it, which need not be read as
 * JSON again. The key is the file's bytes and everything else that plan_compile goes by. */

#include "container/container.h"
#include "fast/cache.h"
#include "plan/compile.h"
#include "seccomp/seccomp.h"

/* What prepare.c knows when it has read the file and nothing of it. */
struct keep_input {
	const char *text; /* the file's */
	size_t len;
	const char *id, *bundle, *notify_dir;
	const struct create_options *o;
	uint32_t listen_fds;
	bool rootless;
};

enum { KEEP_PARTS = 5 };

struct keep {
	struct cache cache;
	struct cache_key key;
	struct cache_part parts[KEEP_PARTS];
	struct keep_facts *facts;
	struct cache_blob blob; /* a hit's, as long as its plan and config are used */
	struct keep_data *hit;
	const char *cgroup;	      /* what the plan has of it; NULL: it has none */
	struct seccomp_keep *seccomp; /* set by the caller: seccomp_compile_kept's */
	bool used;		      /* the plan is that of the entry */
};
#define KEEP_INIT ((struct keep){.cache = CACHE_INIT})

/* Looks the launch up. *ret: its config, or NULL when the file is to be read. Fails only without memory. */
int keep_find(struct keep *k, const struct context *x, const struct keep_input *in, struct arena *a,
	struct oci_config **ret, struct error *err);

/* The plan of a launch that was found, when it is good for this cgroup and the host as it is now; else NULL. *filter:
 * what it says of its seccomp filter, for seccomp_report. */
struct plan *keep_plan(struct keep *k, const struct cgroup *cg, const char *notify_dir, struct arena *a,
	struct seccomp_filter *filter);

/* From here on nothing is kept: the container's annotations say so. */
void keep_nothing(struct keep *k);

struct keep_output {
	const struct plan *plan;
	const struct seccomp_filter *filter;
	bool warned; /* plan_compile warned of something */
};

/* Once the container is there: keeps what had to be made. */
void keep_store(struct keep *k, const struct context *x, const struct keep_output *out, struct arena *a);

void keep_done(struct keep *k);

#endif
