/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "fast/cache_internal.h"
#include "fast/config.h"

static const uint64_t magic = 0x0231746174736163u;

bool cache_ours(const struct stat *st, mode_t type)
{
	return (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() && !(st->st_mode & 077);
}

int cache_open_dir(int root, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_close_ int fd = openat(root, CACHE_DIR, flags);
	struct stat st;

	if (fd < 0 && errno == ENOENT && make) {
		if (mkdirat(root, CACHE_DIR, 0700) < 0 && errno != EEXIST)
			return -errno;
		fd = openat(root, CACHE_DIR, flags);
	}
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return cache_ours(&st, S_IFDIR) ? TAKE_FD(fd) : -EPERM;
}

/* The containers' own files lie on the same file system, and go first. */
bool cache_has_space(int dir, uint64_t bytes)
{
	const uint64_t enough = 64 << 20;
	uint64_t total, left;
	struct statfs fs;

	if (fstatfs(dir, &fs) < 0)
		return false;
	if (!fs.f_blocks) /* a tmpfs without a limit */
		return true;
	total = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
	left = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	return left >= bytes + (total / 2 < enough ? total / 2 : enough);
}

/* ---- the statistics ---- */

/* Written, not only made longer: a shared mapping must not find the file system full. */
static bool make_statistics(int dir)
{
	struct cache_statistics fresh = {.magic = magic};
	_cleanup_close_ int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[64];

	if (fd < 0 || !cache_has_space(fd, sizeof(fresh)) || fd_write_all(fd, &fresh, sizeof(fresh)) < 0)
		return false;
	fmt(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dir, CACHE_STATISTICS, AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST;
}

static struct cache_statistics *map_statistics(int dir)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	_cleanup_close_ int fd = openat(dir, CACHE_STATISTICS, flags);
	struct cache_statistics *s;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !cache_ours(&st, S_IFREG) || st.st_size != sizeof(*s))
		return NULL;
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED)
		return NULL;
	if (s->magic == magic)
		return s;
	munmap(s, sizeof(*s));
	return NULL;
}

void cache_open(struct cache *c, int root, bool make)
{
	if (!config_get()->cache->enabled || !cache_maker())
		return;
	if (c->dir < 0)
		c->dir = cache_open_dir(root, make);
	if (c->dir >= 0 && !c->statistics)
		c->statistics = map_statistics(c->dir);
	if (c->dir >= 0 && !c->statistics) {
		(void)unlinkat(c->dir, CACHE_STATISTICS, 0);
		c->statistics = make_statistics(c->dir) ? map_statistics(c->dir) : NULL;
	}
}

void cache_close(struct cache *c)
{
	if (c->statistics)
		munmap(c->statistics, sizeof(*c->statistics));
	fd_close(&c->dir);
	*c = CACHE_INIT;
}

/* ---- the entries ---- */

int cache_scan(int dir, struct arena *a, struct cache_entry **ret, size_t *n)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct cache_entry *list = NULL;
	size_t len = 0, room = 0;
	struct dirent *e;
	struct stat st;

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		unsigned kind = cache_kind_of(e->d_name);

		if (kind == CACHE_KINDS || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (len == room) {
			struct cache_entry *more = arena_array(a, room ? room * 2 : 64, sizeof(*more));

			if (!more) {
				closedir(d);
				return -ENOMEM;
			}
			if (len)
				memcpy(more, list, len * sizeof(*more));
			list = more;
			room = room ? room * 2 : 64;
		}
		list[len] = (struct cache_entry){.kind = kind, .bytes = (uint64_t)st.st_blocks * 512, .used = st.st_mtime};
		str_copy(list[len++].name, sizeof(list->name), e->d_name);
	}
	closedir(d);
	*ret = list;
	*n = len;
	return 0;
}

static int used_last_first(const void *a, const void *b)
{
	const struct cache_entry *x = a, *y = b;

	return x->used != y->used ? (x->used < y->used) - (x->used > y->used) : strcmp(x->name, y->name);
}

int cache_list(int root, struct arena *a, struct cache_entry **ret, size_t *n, struct error *err)
{
	_cleanup_close_ int dir = cache_open_dir(root, false);
	int r;

	*n = 0;
	if (dir == -ENOENT)
		return 0;
	r = dir < 0 ? dir : cache_scan(dir, a, ret, n);
	if (r < 0)
		return error_errno(err, r, "cache: " CACHE_DIR);
	if (*n)
		qsort(*ret, *n, sizeof(**ret), used_last_first);
	return 0;
}

int cache_clear(int root, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_close_ int dir = cache_open_dir(root, false);
	struct cache_entry *list;
	size_t n = 0;
	int r;

	if (dir == -ENOENT)
		return 0;
	r = dir < 0 ? dir : cache_scan(dir, &a, &list, &n);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (unlinkat(dir, list[i].name, 0) < 0 && errno != ENOENT)
			r = -errno;
	if (r == 0 && unlinkat(dir, CACHE_STATISTICS, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && unlinkat(root, CACHE_DIR, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? error_errno(err, r, "cache: " CACHE_DIR) : 0;
}

/* ---- the bounds ---- */

struct bounds {
	uint64_t bytes, entries;
};

static bool fits(const struct bounds *have, uint64_t bytes, const struct bounds *max)
{
	return have->bytes + bytes <= max->bytes && have->entries + 1 <= max->entries;
}

/* Down to three quarters, so that the directory is not read at each new entry. */
static bool evict(struct cache *c, struct arena *a, uint64_t bytes, const struct bounds *max)
{
	const struct bounds target = {max->bytes - max->bytes / 4, max->entries - max->entries / 4};
	struct cache_entry *list = NULL;
	struct bounds have = {0};
	size_t n = 0;

	if (cache_scan(c->dir, a, &list, &n) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		have.bytes += list[i].bytes;
	have.entries = n;
	if (n)
		qsort(list, n, sizeof(*list), used_last_first);
	while (n && !fits(&have, bytes, &target)) {
		struct cache_entry *e = &list[--n];

		if (unlinkat(c->dir, e->name, 0) < 0 && errno != ENOENT)
			continue;
		have.bytes -= e->bytes;
		have.entries--;
		cache_count(e->kind, METRIC_SECCOMP_EVICTED);
	}
	__atomic_store_n(&c->statistics->bytes, have.bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&c->statistics->entries, have.entries, __ATOMIC_RELAXED);
	return fits(&have, bytes, max);
}

bool cache_make_room(struct cache *c, uint64_t bytes)
{
	const struct config_cache *k = config_get()->cache;
	const struct bounds max = {k->max_bytes, k->max_entries};
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct bounds have = {
		__atomic_load_n(&c->statistics->bytes, __ATOMIC_RELAXED),
		__atomic_load_n(&c->statistics->entries, __ATOMIC_RELAXED),
	};
	bool room;

	if (fits(&have, bytes, &max))
		return true;
	if (!max.entries || flock(c->dir, LOCK_EX | LOCK_NB) < 0) /* one at a time */
		return false;
	room = evict(c, &a, bytes, &max);
	(void)flock(c->dir, LOCK_UN);
	return room;
}
