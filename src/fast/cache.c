/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/cache_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "fast/config.h"

/* A file: the head, the parts of the key with the length before each, the data. */
struct head {
	uint64_t magic;
	uint64_t kind;
	uint64_t parts;	   /* of the key, the maker's among them */
	uint64_t data;	   /* its offset, a multiple of 16 */
	uint64_t data_len;
	uint64_t checksum; /* of the data; the key is compared as a whole */
};

enum { ALIGN = 16, MAX_PARTS = 24, TOUCH_AFTER_S = 60, SMALLEST_SHARE = 4 };
static const uint64_t magic = 0x0131656863616365u;

static uint64_t checksum(const struct head *h, const void *data)
{
	return cache_hash(h->kind ^ h->parts << 8 ^ h->data << 16, data, h->data_len);
}

/* ---- reading ---- */

static bool part_is(const char **p, const char *end, const struct cache_part *want)
{
	uint64_t len;

	if ((size_t)(end - *p) < sizeof(len))
		return false;
	memcpy(&len, *p, sizeof(len));
	*p += sizeof(len);
	if (len != want->len || (size_t)(end - *p) < len || memcmp(*p, want->data, len) != 0)
		return false;
	*p += len;
	return true;
}

static bool key_is(const char *map, const struct head *h, const struct cache_key *k)
{
	const char *p = map + sizeof(*h), *end = map + h->data;
	bool same = h->kind == k->kind && h->parts == k->n + 1 && part_is(&p, end, cache_maker());

	for (size_t i = 0; same && i < k->n; i++)
		same = part_is(&p, end, &k->parts[i]);
	return same;
}

bool cache_entry_is(const char *map, size_t len, const struct cache_key *k)
{
	struct head h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, map, sizeof(h));
	return h.magic == magic && h.data >= sizeof(h) && h.data <= len && h.data % ALIGN == 0 &&
	       h.data_len == len - h.data && key_is(map, &h, k) && h.checksum == checksum(&h, map + h.data);
}

/* What was used longest ago goes first; a minute is fine enough for that. */
static void touch(int fd, const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec - st->st_mtim.tv_sec > TOUCH_AFTER_S || now.tv_sec < st->st_mtim.tv_sec)
		(void)futimens(fd, NULL);
}

/* 0, or -ENOENT; -EBADMSG for what should not be there like this. */
static int load(struct cache *c, const char *name, const struct cache_key *k, struct cache_blob *ret)
{
	_cleanup_close_ int fd = openat(c->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	struct head h;
	char *map;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : -EBADMSG;
	if (fstat(fd, &st) < 0 || !cache_ours(&st, S_IFREG) || st.st_size < (off_t)sizeof(h) || st.st_size > INT32_MAX)
		return -EBADMSG;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -ENOENT;
	if (!cache_entry_is(map, (size_t)st.st_size, k)) {
		munmap(map, (size_t)st.st_size);
		return -EBADMSG;
	}
	memcpy(&h, map, sizeof(h));
	*ret = (struct cache_blob){map + h.data, h.data_len, map, (size_t)st.st_size};
	touch(fd, &st);
	return 0;
}

bool cache_get(struct cache *c, const struct cache_key *k, struct cache_blob *ret)
{
	char name[40];
	int r;

	*ret = (struct cache_blob){0};
	if (c->dir < 0)
		return false;
	cache_name(k, name, sizeof(name));
	r = load(c, name, k, ret);
	if (r == -EBADMSG) { /* a directory stays, and so there is no such entry */
		cache_count(k->kind, METRIC_SECCOMP_DAMAGED);
		(void)unlinkat(c->dir, name, 0);
	}
	cache_count(k->kind, r == 0 ? METRIC_SECCOMP_HITS : METRIC_SECCOMP_MISSES);
	return r == 0;
}

void cache_release(struct cache_blob *b)
{
	if (b->map)
		munmap(b->map, b->map_len);
	*b = (struct cache_blob){0};
}

/* ---- writing ---- */

/* Whether the key was missed before; from now on it has been. */
static bool seen(struct cache *c, uint64_t hash)
{
	const size_t places = sizeof(c->statistics->seen) / sizeof(c->statistics->seen[0]);
	uint32_t *place = &c->statistics->seen[hash % places], mark = (uint32_t)(hash >> 32) | 1;

	return __atomic_exchange_n(place, mark, __ATOMIC_RELAXED) == mark;
}

bool cache_wants(struct cache *c, const struct cache_key *k)
{
	if (c->dir < 0 || !c->statistics || k->n + 1 > MAX_PARTS)
		return false;
	if (k->kind != CACHE_PLAN || seen(c, k->hash))
		return true;
	cache_not_kept(k->kind, CACHE_FIRST_TIME);
	return false;
}

struct writing {
	struct head h;
	uint64_t lens[MAX_PARTS];
	struct iovec v[4 * MAX_PARTS];
	int n;
	size_t len;
};

static void add(struct writing *w, const void *p, size_t len)
{
	w->v[w->n++] = (struct iovec){(void *)(uintptr_t)p, len};
	w->len += len;
}

static void pad(struct writing *w)
{
	static const char zeros[ALIGN];

	add(w, zeros, -w->len % ALIGN);
}

static void add_key(struct writing *w, const struct cache_key *k)
{
	for (size_t i = 0; i < k->n + 1; i++) {
		const struct cache_part *part = i ? &k->parts[i - 1] : cache_maker();

		w->lens[i] = part->len;
		add(w, &w->lens[i], sizeof(w->lens[i]));
		add(w, part->data, part->len);
	}
}

/* One piece: the checksum is that of the data as it will be read. */
static void fill_head(struct writing *w, const struct cache_key *k, const void *data, size_t len)
{
	w->h = (struct head){.magic = magic, .kind = k->kind, .parts = k->n + 1};
	add(w, &w->h, sizeof(w->h));
	add_key(w, k);
	pad(w);
	w->h.data = w->len;
	w->h.data_len = len;
	w->h.checksum = checksum(&w->h, data);
	add(w, data, len);
}

/* It gets its name when it is whole: readers never see a part of it, and nothing is left of a writer that was killed. */
static int write_file(int dir, const char *name, const struct iovec *v, int n, size_t len)
{
	_cleanup_close_ int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	char path[64];
	ssize_t r;

	if (fd < 0)
		return -errno;
	do
		r = writev(fd, v, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if ((size_t)r != len)
		return -ENOSPC;
	fmt(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static void change(struct cache *c, uint64_t bytes, uint64_t entries)
{
	if (!c->statistics)
		return;
	__atomic_fetch_add(&c->statistics->bytes, bytes, __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->statistics->entries, entries, __ATOMIC_RELAXED);
}

void cache_put(struct cache *c, const struct cache_key *k, const void *data, size_t len)
{
	struct writing w = {.n = 0};
	char name[40];
	uint64_t bytes;
	int r;

	fill_head(&w, k, data, len);
	bytes = (w.len + 4095) & ~(uint64_t)4095;
	if (bytes > config_get()->cache->max_bytes / SMALLEST_SHARE) {
		cache_not_kept(k->kind, CACHE_TOO_LARGE);
		return;
	}
	if (!cache_has_space(c->dir, bytes) || !cache_make_room(c, bytes)) {
		cache_not_kept(k->kind, CACHE_NO_ROOM);
		return;
	}
	cache_name(k, name, sizeof(name));
	change(c, bytes, 1); /* first, so that it is never less than there is */
	r = write_file(c->dir, name, w.v, w.n, w.len);
	if (r == 0) {
		cache_count(k->kind, METRIC_SECCOMP_STORED);
		return;
	}
	change(c, -bytes, (uint64_t)-1);
	if (r != -EEXIST)
		cache_not_kept(k->kind, CACHE_NO_ROOM);
}

void cache_not_kept(enum cache_kind kind, enum cache_reason why)
{
	cache_count(kind, METRIC_SECCOMP_FIRST_TIME + why);
}
