/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_FAST_CACHE_H
#define ENVIRO_FAST_CACHE_H

/* What was compiled once, kept below the state root in the directory "@cache" (no container's id has an '@'), one file an
 * entry, shared by all runtimes with this root. An entry holds all that it was made from, and is taken only where every
 * byte of that is the same. The cache is a help and never a need: what cannot be read or written, is not ours alone, or
 * is damaged, counts as absent, and nothing here fails a container. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

#define CACHE_DIR "@cache"

enum cache_kind {
	CACHE_SECCOMP,
	CACHE_PLAN, /* kept only when it is asked for a second time: most containers are started once */
	CACHE_KINDS
};
const char *cache_kind_name(unsigned kind);

/* What an entry is made from, part by part; the kind, the program with its libraries, and the kernel always belong to
 * it. The parts stay the caller's. */
struct cache_part {
	const void *data;
	size_t len;
};
struct cache_key {
	enum cache_kind kind;
	const struct cache_part *parts;
	size_t n;
	uint64_t hash;
};
void cache_key(struct cache_key *ret, enum cache_kind kind, const struct cache_part *parts, size_t n);

/* Why something that could have been kept was not; in the order of the metrics, which have the words. */
enum cache_reason {
	CACHE_FIRST_TIME,
	CACHE_WARNED,	   /* making it warned of something, and that is due at each start */
	CACHE_HOST_STATE,  /* it holds what may be otherwise on this host at the next start */
	CACHE_TOO_LARGE,
	CACHE_NO_ROOM,	   /* the file system's, mostly */
	CACHE_REASONS
};

/* One file, shared by all processes, changed atomically: what they have to know of each other. What they did counts among
 * the metrics (perf/metrics.h). */
struct cache_statistics {
	uint64_t magic;
	uint64_t bytes, entries; /* never less than there are, unless two evictions met */
	uint32_t seen[960]; /* keys that were asked for and are not kept, by their hash */
};
_Static_assert(sizeof(struct cache_statistics) <= 4096, "one page");

struct cache {
	int dir; /* -1: no cache */
	struct cache_statistics *statistics;
};
#define CACHE_INIT ((struct cache){.dir = -1})

/* root: an fd of the state root, O_PATH will do; the configuration says whether there is a cache at all. `make`: the
 * directory too, where it is missing. Opening one that is open does nothing. */
void cache_open(struct cache *c, int root, bool make);
void cache_close(struct cache *c);

/* An entry's data, mapped privately: it may be written to. cache_release ends it. */
struct cache_blob {
	void *data; /* aligned to 16; NULL: none */
	size_t len;
	void *map;
	size_t map_len;
};
bool cache_get(struct cache *c, const struct cache_key *k, struct cache_blob *ret);
void cache_release(struct cache_blob *b);

/* Whether an entry for k would be kept now; to be asked once, by whoever missed it. */
bool cache_wants(struct cache *c, const struct cache_key *k);
/* What is there already stays. */
void cache_put(struct cache *c, const struct cache_key *k, const void *data, size_t len);
void cache_not_kept(enum cache_kind kind, enum cache_reason why);

/* ---- for `cache` ---- */
struct cache_entry {
	char name[40];
	unsigned kind;
	uint64_t bytes; /* on disk */
	int64_t used;	/* seconds since 1970; up to a minute late */
};
/* Sorted, the one used last first; none where there is no cache. -EPERM: the directory is not ours alone. */
int cache_list(int root, struct arena *a, struct cache_entry **ret, size_t *n, struct error *err);
/* Removes all entries, the statistics and the directory. The same errors. */
int cache_clear(int root, struct error *err);

#endif
