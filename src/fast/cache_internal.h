/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_FAST_CACHE_INTERNAL_H
#define ENVIRO_FAST_CACHE_INTERNAL_H

/* What the files of the cache share. */

#include <sys/stat.h>

#include "fast/cache.h"
#include "perf/metrics.h"

#define CACHE_STATISTICS "statistics"

/* The program with its libraries, and the kernel: an entry made by others is never taken. NULL: there is no way to tell,
 * and so no cache. */
const struct cache_part *cache_maker(void);

/* Words of 64 bits, each mixed into what came before; good enough for names and against rot, not against an attacker. */
uint64_t cache_hash(uint64_t h, const void *data, size_t len);

/* Whether it belongs to us alone. */
bool cache_ours(const struct stat *st, mode_t type);

/* -ENOENT; -EPERM: it is not ours alone; other errors of open. */
int cache_open_dir(int root, bool make);

/* One event: METRIC_SECCOMP_… stands for the same of each kind. */
static inline void cache_count(unsigned kind, enum metric_id of_seccomp)
{
	metrics_count(of_seccomp + kind * METRICS_PER_CACHE, 1);
}

/* Whether len bytes at map, the whole of a file, are an undamaged entry for k. */
bool cache_entry_is(const char *map, size_t len, const struct cache_key *k);

/* "seccomp-0123456789abcdef"; its kind, or CACHE_KINDS for what is no entry's name. */
void cache_name(const struct cache_key *k, char *buf, size_t n);
unsigned cache_kind_of(const char *name);

/* Whether so much can be written and ample space is left: half the file system, or 64 MiB. */
bool cache_has_space(int dir, uint64_t bytes);

/* Whether `bytes` more are within the bounds; removes what was used longest ago until they are. */
bool cache_make_room(struct cache *c, uint64_t bytes);

/* All entries, in the order of the directory. */
int cache_scan(int dir, struct arena *a, struct cache_entry **ret, size_t *n);

#endif
