/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PERF_METRICS_H
#define ENVIRO_PERF_METRICS_H

/* What all invocations with one state root came to: counters and histograms in the file "@metrics" below it (no
 * container's id has an '@'), of a fixed size and mapped shared. A process counts for itself, and adds all of it at once
 * when its work is done; each addition is one atomic instruction, so processes do not wait for each other, and one that
 * is killed leaves a part of its own events out and nothing broken. The file holds the names of all that is in it: one
 * of another build, or a damaged one, is begun anew. It is a help and never a need: what cannot be read or written
 * counts as absent, and nothing here fails a container. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "perf/histogram.h"
#include "perf/span.h"

#define METRICS_FILE "@metrics"

/* Counters: a name, the family they belong to, what they are told apart by there, and what of it this is. The two caches
 * stand in the order of enum cache_kind, why they did not keep something in that of enum cache_reason. */
#define METRICS_CACHE(X, KIND, family)                                                                                 \
	X(KIND##_HITS, family, "result", "hits")                                                                       \
	X(KIND##_MISSES, family, "result", "misses")                                                                   \
	X(KIND##_STORED, family, "result", "stored")                                                                   \
	X(KIND##_EVICTED, family, "result", "evicted")                                                                 \
	X(KIND##_DAMAGED, family, "result", "damaged")                                                                 \
	X(KIND##_FIRST_TIME, family "_not_kept", "reason", "first time")                                               \
	X(KIND##_WARNED, family "_not_kept", "reason", "warned")                                                       \
	X(KIND##_HOST_STATE, family "_not_kept", "reason", "host state")                                               \
	X(KIND##_TOO_LARGE, family "_not_kept", "reason", "too large")                                                 \
	X(KIND##_NO_ROOM, family "_not_kept", "reason", "no room")
#define METRICS(X)                                                                                                     \
	X(CREATED, "containers", "event", "created")                                                                   \
	X(STARTED, "containers", "event", "started")                                                                   \
	X(STOPPED, "containers", "event", "stopped")                                                                   \
	X(DELETED, "containers", "event", "deleted")                                                                   \
	X(EXECUTED, "containers", "event", "exec")                                                                     \
	METRICS_CACHE(X, SECCOMP, "seccomp_cache")                                                                     \
	METRICS_CACHE(X, PLAN, "plan_cache")                                                                           \
	X(POOL_NET, "namespace_pool", "result", "net taken")                                                           \
	X(POOL_IPC, "namespace_pool", "result", "ipc taken")                                                           \
	X(POOL_UTS, "namespace_pool", "result", "uts taken")                                                           \
	X(POOL_NET_NONE, "namespace_pool", "result", "net missing")                                                    \
	X(POOL_IPC_NONE, "namespace_pool", "result", "ipc missing")                                                    \
	X(POOL_UTS_NONE, "namespace_pool", "result", "uts missing")                                                    \
	X(TEMPLATE_USED, "mount_template", "result", "used")                                                           \
	X(TEMPLATE_NOT, "mount_template", "result", "not used")                                                        \
	X(BUFFER_GETS, "buffers", "result", "gets")                                                                    \
	X(BUFFER_REUSES, "buffers", "result", "reuses")                                                                \
	X(BUFFER_MISSES, "buffers", "result", "misses")                                                                \
	X(SPANS_LOST, "spans", "result", "lost")

#define METRIC_ID(id, family, label, value) METRIC_##id,
enum metric_id { METRICS(METRIC_ID) METRIC_IDS };
#undef METRIC_ID
enum { METRICS_PER_CACHE = METRIC_PLAN_HITS - METRIC_SECCOMP_HITS };
struct metric_name {
	const char *family, *label, *value;
};
extern const struct metric_name metric_names[METRIC_IDS];

/* What kind of failure an errno is. */
#define METRICS_CLASSES(X)                                                                                             \
	X(INVALID, "invalid")	      /* what was asked for makes no sense, or is refused */                           \
	X(MISSING, "missing")	      /* no such file, process, device */                                              \
	X(PERMISSION, "permission")                                                                                    \
	X(CONFLICT, "conflict")	      /* exists, busy, in another state */                                             \
	X(RESOURCES, "resources")     /* memory, space, processes, files */                                            \
	X(UNSUPPORTED, "unsupported") /* by this kernel or file system */                                              \
	X(TIMEOUT, "timeout")                                                                                          \
	X(PEER, "peer")		      /* init, an agent, a service has gone or speaks otherwise */                     \
	X(OTHER, "other")
#define METRIC_CLASS(id, name) METRIC_CLASS_##id,
enum metric_class { METRICS_CLASSES(METRIC_CLASS) METRIC_CLASSES };
#undef METRIC_CLASS
extern const char *const metric_class_names[METRIC_CLASSES];
/* Takes either sign. */
enum metric_class metrics_class(int code);

/* Histograms: one a span, in nanoseconds, and then these, in bytes. */
enum { METRICS_CONTAINER_MEMORY = SPAN_IDS, METRICS_HISTOGRAMS };

/* ---- counting: metrics.c ---- */

void metrics_count(enum metric_id id, uint64_t n);
/* The most memory that a container had. */
void metrics_container_memory(uint64_t bytes);
/* Adds what was counted since the last time, and all spans that have ended since, to the file; root: an fd of the state
 * root, O_PATH will do. code: what the verb failed with, 0: it did not. last: the process is about to end, and unmaps the file by that. */
void metrics_save(int root, int code, bool last);

/* ---- the file: metrics_file.c ---- */

struct metrics {
	uint64_t since; /* seconds since 1970: when the file was begun */
	uint64_t counters[METRIC_IDS];
	uint64_t failures[SPAN_IDS][METRIC_CLASSES]; /* by the innermost step */
	struct histogram histograms[METRICS_HISTOGRAMS];
};
/* A copy. -ENOENT, with nothing said: there is none of this build; *ret is all zeros then. */
int metrics_read(int root, struct metrics *ret, struct error *err);
/* All to zero, in place. Where there is no file, nothing. */
int metrics_reset(int root, struct error *err);

/* What lies in the file. All that is counted is an aligned word of its own. */
struct metrics_file {
	uint64_t magic;
	uint64_t size; /* of this struct */
	char names[4096]; /* in the order of what follows, a line each */
	uint64_t since;
	uint64_t counters[METRIC_IDS];
	uint64_t failures[SPAN_IDS][METRIC_CLASSES];
	uint64_t sums[METRICS_HISTOGRAMS], maxima[METRICS_HISTOGRAMS];
	/* The events of one start lie near each other: a page holds the neighbours of a duration in all histograms. */
	uint64_t buckets[HISTOGRAM_BUCKETS][METRICS_HISTOGRAMS];
};
/* Maps it, made where it is missing, begun anew where it is not of this build or damaged. NULL: there can be none. */
struct metrics_file *metrics_map(int root);
void metrics_unmap(struct metrics_file *f);

#endif
