/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_EVENTS_H
#define ENVIRO_CONTAINER_EVENTS_H

/* What happens to a running container, and what it uses. */

#include "cgroup/stats.h"
#include "container/container.h"

/* Seen from inside the container. */
struct net_interface {
	const char *name;
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped;
};

/* What resctrl counts in one cache domain. */
struct intel_rdt_domain {
	uint64_t mbm_total_bytes, mbm_local_bytes, llc_occupancy;
};

/* Strings are NULL where the machine has no such resource. */
struct intel_rdt_stats {
	const char *l3_cbm_mask; /* NULL: no cache allocation */
	uint64_t l3_min_cbm_bits, l3_num_closids;
	const char *l3_schema_root, *l3_schema;
	bool has_mb;
	uint64_t mb_gran, mb_delay_linear, mb_min, mb_num_closids;
	const char *mb_schema_root, *mb_schema;
	const char **schemata; /* all lines of the container's group */
	size_t schemata_n;
	bool has_mbm, has_cmt;
	struct intel_rdt_domain *domains;
	size_t domains_n;
};

struct container_stats {
	struct cgroup_stats cgroup;
	struct intel_rdt_stats *intel_rdt; /* NULL: the container has no linux.intelRdt */
	struct net_interface *interfaces;  /* all but loopback, where the network namespace is not the host's */
	size_t interfaces_n;
};

enum event_type { EVENT_STATS, EVENT_OOM };
struct event {
	enum event_type type;
	const char *id;
	const struct container_stats *stats; /* of EVENT_STATS */
};
/* 0 to go on, 1 to end, or a negative errno with *err filled. */
typedef int event_fn(const struct event *e, void *data, struct error *err);

struct events_options {
	uint64_t interval; /* nanoseconds between two statistics */
	bool once;         /* the statistics of this moment, and nothing more */
	int output;        /* a descriptor: ends when nobody reads at its other end any more; -1: none */
};

/* Calls fn for each event until the container has ended. An OOM is told of before that end. -ESRCH: "container with id
 * ID is not running". */
int container_events(const struct context *x, const char *id, const struct events_options *o, event_fn *fn, void *data,
	struct error *err);

/* ---- parts, by themselves for the sake of tests ---- */
/* root: the resctrl file system; group, monitor: of the container (monitor may be NULL). */
int intel_rdt_stats(const char *root, const char *group, const char *monitor, struct arena *a,
	struct intel_rdt_stats **ret, struct error *err);
/* text: /proc/PID/net/dev, which is cut up. */
int net_interfaces(char *text, struct arena *a, struct net_interface **ret, size_t *n);

#endif
