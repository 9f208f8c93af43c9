/* SPDX-License-Identifier: Apache-2.0 */

/* The template cache as a library: what is found is what was put, and nothing else ever. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "fast/cache_internal.h"
#include "fast/config.h"
#include "tap.h"

static int root = -1; /* a state root */

static struct config_cache *bounds(void)
{
	return config_get()->cache;
}

#define KEY(name, kind, ...)                                                                                           \
	const struct cache_part name##_parts[] = {__VA_ARGS__};                                                        \
	struct cache_key name;                                                                                         \
	cache_key(&name, kind, name##_parts, sizeof(name##_parts) / sizeof(name##_parts[0]))
#define PART(s) {(s), sizeof(s) - 1}

static bool finds(struct cache *c, const struct cache_key *k, const char *data)
{
	struct cache_blob b;
	bool good = cache_get(c, k, &b) && b.len == strlen(data) && !memcmp(b.data, data, b.len);

	good = good && (uintptr_t)b.data % 16 == 0;
	cache_release(&b);
	return good;
}

static bool misses(struct cache *c, const struct cache_key *k)
{
	struct cache_blob b;
	bool hit = cache_get(c, k, &b);

	cache_release(&b);
	return !hit;
}

static bool put(struct cache *c, const struct cache_key *k, const char *data)
{
	if (!cache_wants(c, k))
		return false;
	cache_put(c, k, data, strlen(data));
	return true;
}

static struct cache fresh(void)
{
	struct cache c = CACHE_INIT;
	struct error err = {0};

	tap_ok(cache_clear(root, &err) == 0, "cleared %s", err.msg);
	cache_open(&c, root, true);
	return c;
}

/* How often, since this was asked for the last time. */
static uint64_t counted(enum metric_id id)
{
	static uint64_t before[METRIC_IDS];
	struct metrics *m = calloc(1, sizeof(*m));
	uint64_t n = 0;

	metrics_save(root, 0, false);
	if (m && metrics_read(root, m, NULL) == 0) {
		n = m->counters[id] - before[id];
		before[id] = m->counters[id];
	}
	free(m);
	return n;
}

static void keys(void)
{
	struct cache c = fresh();

	KEY(a, CACHE_SECCOMP, PART("ab"), PART("c"));
	KEY(b, CACHE_SECCOMP, PART("a"), PART("bc"));
	KEY(d, CACHE_SECCOMP, PART("ab"), PART("d"));
	KEY(e, CACHE_SECCOMP, PART("ab"), PART("c"), PART(""));
	KEY(p, CACHE_PLAN, PART("ab"), PART("c"));
	tap_ok(misses(&c, &a), "nothing is found in an empty cache");
	tap_ok(put(&c, &a, "one") && finds(&c, &a, "one"), "what was put is found");
	tap_ok(misses(&c, &b), "parts are delimited");
	tap_ok(misses(&c, &d), "one byte makes another key");
	tap_ok(misses(&c, &e), "an empty part is a part");
	tap_ok(misses(&c, &p), "another kind is another key");
	tap_ok(put(&c, &d, "two") && finds(&c, &d, "two") && finds(&c, &a, "one"), "both are there");
	cache_put(&c, &a, "three", 5);
	tap_ok(finds(&c, &a, "one"), "what is there stays");
	tap_ok(put(&c, &b, "") && finds(&c, &b, ""), "no data are data");
	tap_is_int(c.statistics->entries, 3, "entries are counted");
	tap_is_int((int)counted(METRIC_SECCOMP_STORED), 3, "so is what was stored");
	cache_close(&c);
	tap_ok(misses(&c, &a) && !cache_wants(&c, &a), "a closed cache has nothing and wants nothing");
}

static void second_time(void)
{
	struct cache c = fresh();

	KEY(p, CACHE_PLAN, PART("x"));
	KEY(q, CACHE_PLAN, PART("y"));
	tap_ok(!cache_wants(&c, &p), "a plan is not kept the first time");
	tap_ok(!cache_wants(&c, &q), "nor is another");
	tap_ok(put(&c, &p, "plan") && finds(&c, &p, "plan"), "but the second time");
	tap_ok(misses(&c, &q), "the other is not there");
	tap_is_int((int)counted(METRIC_PLAN_FIRST_TIME), 2, "counted");
	cache_close(&c);
}

/* ---- damage ---- */

enum damage { TRUNCATED, EMPTY, LONGER, FLIPPED, MODE, OWNER, SYMLINK, FIFO, RENAMED, DAMAGES };
static const char *const damages[] = {"truncated", "empty", "longer", "one bit flipped", "readable by others",
	"somebody else's", "a symbolic link", "a fifo", "another entry under its name"};

static void flip(int dir, const char *name, off_t at)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDWR);
	char byte = 0;

	tap_ok(pread(fd, &byte, 1, at) == 1, "byte %ld is there", (long)at);
	byte ^= 4;
	tap_ok(pwrite(fd, &byte, 1, at) == 1, "byte %ld is another", (long)at);
}

static off_t size_of(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) < 0 ? -1 : st.st_size;
}

static void do_damage(int dir, const char *name, enum damage how)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDWR);
	off_t size = size_of(dir, name);
	int r = 0;

	switch (how) {
	case TRUNCATED:
		r = ftruncate(fd, size - 1);
		break;
	case EMPTY:
		r = ftruncate(fd, 0);
		break;
	case LONGER:
		r = ftruncate(fd, size + 16);
		break;
	case MODE:
		r = fchmod(fd, 0644);
		break;
	case OWNER:
		r = fchown(fd, 1000, 1000);
		break;
	case SYMLINK:
		r = renameat(dir, name, dir, "elsewhere") || symlinkat("elsewhere", dir, name);
		break;
	case FIFO:
		r = unlinkat(dir, name, 0) || mkfifoat(dir, name, 0600);
		break;
	default:
		break;
	}
	tap_ok(r == 0, "done: %s", damages[how]);
}

static void survives(enum damage how)
{
	struct cache c = fresh();
	char name[40], other[40];

	KEY(a, CACHE_SECCOMP, PART("profile"));
	KEY(b, CACHE_SECCOMP, PART("another"));
	put(&c, &a, "the filter");
	put(&c, &b, "another one");
	cache_name(&a, name, sizeof(name));
	cache_name(&b, other, sizeof(other));
	if (how == RENAMED)
		tap_ok(renameat(c.dir, other, c.dir, name) == 0, "done: %s", damages[how]);
	else if (how == FLIPPED)
		flip(c.dir, name, size_of(c.dir, name) - 3);
	else
		do_damage(c.dir, name, how);
	(void)counted(METRIC_SECCOMP_DAMAGED);
	tap_ok(misses(&c, &a) && counted(METRIC_SECCOMP_DAMAGED) == 1, "%s: not taken", damages[how]);
	tap_ok(size_of(c.dir, name) < 0, "%s: gone", damages[how]);
	tap_ok(put(&c, &a, "the filter") && finds(&c, &a, "the filter"), "%s: made again", damages[how]);
	(void)unlinkat(c.dir, "elsewhere", 0);
	cache_close(&c);
}

/* Wherever a bit is wrong, it is noticed. */
static void every_bit(void)
{
	struct cache c = fresh();
	char name[40];
	off_t size;
	int bad = 0;

	KEY(a, CACHE_SECCOMP, PART("profile"));
	put(&c, &a, "data");
	cache_name(&a, name, sizeof(name));
	size = size_of(c.dir, name);
	for (off_t at = 0; at < size; at++) {
		_cleanup_close_ int fd = openat(c.dir, name, O_RDWR);
		char byte = 0;

		bad += pread(fd, &byte, 1, at) != 1;
		byte ^= (char)(1 << at % 8);
		bad += pwrite(fd, &byte, 1, at) != 1;
		bad += !misses(&c, &a) && !finds(&c, &a, "data"); /* the padding may be anything */
		put(&c, &a, "data");
	}
	tap_ok(size > 0 && !bad, "a bit flipped anywhere never gives other data (%d of %ld bytes)", bad, (long)size);
	cache_close(&c);
}

static void in_the_way(void)
{
	struct cache c = fresh();
	struct error err = {0};
	char name[40];

	KEY(a, CACHE_SECCOMP, PART("profile"));
	cache_name(&a, name, sizeof(name));
	tap_ok(mkdirat(c.dir, name, 0700) == 0, "a directory has the entry's name");
	tap_ok(misses(&c, &a) && put(&c, &a, "x") && misses(&c, &a), "there is no such entry then");
	tap_is_int(unlinkat(c.dir, name, AT_REMOVEDIR), 0, "and it is left alone");
	cache_close(&c);

	c = fresh();
	tap_ok(fchmod(c.dir, 0755) == 0, "the directory is open to others");
	cache_close(&c);
	cache_open(&c, root, true);
	tap_ok(c.dir < 0, "and so there is no cache");
	tap_ok(cache_clear(root, &err) == -EPERM, "nor is it cleared: %s", err.msg);
	tap_is_int(unlinkat(root, CACHE_DIR "/" CACHE_STATISTICS, 0), 0, "statistics by hand");
	tap_is_int(unlinkat(root, CACHE_DIR, AT_REMOVEDIR), 0, "directory by hand");
	tap_is_int(symlinkat("/tmp", root, CACHE_DIR), 0, "a symbolic link has its name");
	cache_open(&c, root, true);
	tap_ok(c.dir < 0, "and so there is no cache");
	tap_is_int(unlinkat(root, CACHE_DIR, 0), 0, "link by hand");
}

static void damaged_statistics(void)
{
	struct cache c = fresh();
	const int dir = dup(c.dir);

	KEY(a, CACHE_SECCOMP, PART("profile"));
	put(&c, &a, "data");
	cache_close(&c);
	do_damage(dir, CACHE_STATISTICS, TRUNCATED);
	cache_open(&c, root, false);
	tap_ok(c.statistics && finds(&c, &a, "data") && !c.statistics->entries, "new ones begin at 0");
	cache_close(&c);
	tap_ok(unlinkat(dir, CACHE_STATISTICS, 0) == 0 && mkdirat(dir, CACHE_STATISTICS, 0700) == 0, "a directory instead");
	cache_open(&c, root, true);
	tap_ok(finds(&c, &a, "data"), "without statistics entries are found");
	tap_ok(!cache_wants(&c, &a), "but none is kept");
	unlinkat(dir, CACHE_STATISTICS, AT_REMOVEDIR);
	cache_close(&c);
	close(dir);
}

/* ---- bounds ---- */

static void make_older(const struct cache *c, const char *name, long seconds)
{
	struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - seconds}};

	utimensat(c->dir, name, t, 0);
}

static size_t count(struct arena *a, uint64_t *bytes)
{
	struct cache_entry *e;
	size_t n;

	if (cache_list(root, a, &e, &n, NULL) < 0)
		return 0;
	*bytes = 0;
	for (size_t i = 0; i < n; i++)
		*bytes += e[i].bytes;
	return n;
}

static void evicts(const char *what, uint32_t max_entries, uint64_t max_bytes)
{
	_cleanup_arena_ struct arena arena = ARENA_INIT;
	struct cache c = fresh();
	uint64_t bytes = 0, most_bytes = 0;
	size_t most = 0;
	char name[40];

	bounds()->max_entries = max_entries;
	bounds()->max_bytes = max_bytes;
	KEY(used, CACHE_SECCOMP, PART("used"));
	put(&c, &used, "used");
	cache_name(&used, name, sizeof(name));
	for (int i = 0; i < 40; i++) {
		char key[16], old[40];
		size_t n = fmt(key, sizeof(key), "%d", i), have;
		KEY(k, CACHE_SECCOMP, {key, n});

		put(&c, &k, "data");
		cache_name(&k, old, sizeof(old));
		make_older(&c, old, 100000 - i);
		make_older(&c, name, 200000);
		if (misses(&c, &used)) /* which makes it the one used last */
			break;
		have = count(&arena, &bytes);
		most = have > most ? have : most;
		most_bytes = bytes > most_bytes ? bytes : most_bytes;
	}
	tap_ok(most > 3 && most <= max_entries && most_bytes <= max_bytes, "%s hold: %zu entries, %llu bytes", what, most,
		(unsigned long long)most_bytes);
	tap_ok(finds(&c, &used, "used"), "%s: what is used stays", what);
	tap_ok(counted(METRIC_SECCOMP_EVICTED) > 20, "%s: counted", what);
	bounds()->max_entries = 1024;
	bounds()->max_bytes = 16 << 20;
	cache_close(&c);
}

static void too_large(void)
{
	struct cache c = fresh();
	char *large = calloc(1, 64 * 1024);

	bounds()->max_bytes = 128 * 1024;
	KEY(a, CACHE_SECCOMP, PART("large"));
	cache_put(&c, &a, large, 64 * 1024);
	tap_ok(misses(&c, &a), "one entry must not drive out all others");
	tap_is_int((int)counted(METRIC_SECCOMP_TOO_LARGE), 1, "counted");
	bounds()->max_bytes = 16 << 20;
	bounds()->max_entries = 0;
	tap_ok(put(&c, &a, "x") && misses(&c, &a), "a bound of 0 keeps nothing");
	bounds()->max_entries = 1024;
	bounds()->enabled = false;
	cache_close(&c);
	cache_open(&c, root, true);
	tap_ok(c.dir < 0, "a cache that is not enabled is none");
	bounds()->enabled = true;
	free(large);
}

/* ---- many at once ---- */

static void many(void)
{
	struct cache c = fresh();
	int failed = 0;

	(void)counted(METRIC_SECCOMP_DAMAGED);

	for (int child = 0; child < 8; child++) {
		if (fork() == 0) {
			struct cache own = CACHE_INIT;
			int bad = 0;

			cache_open(&own, root, true);
			for (int i = 0; i < 100; i++) {
				char key[16], data[32];
				size_t n = fmt(key, sizeof(key), "%d", i);
				KEY(k, CACHE_SECCOMP, {key, n});

				fmt(data, sizeof(data), "data of %d", i);
				if (!misses(&own, &k))
					bad += !finds(&own, &k, data);
				else
					put(&own, &k, data);
				bad += !finds(&own, &k, data);
			}
			metrics_save(root, 0, false);
			_exit(bad != 0);
		}
	}
	for (int child = 0; child < 8; child++) {
		int status;

		failed += wait(&status) < 0 || status != 0;
	}
	tap_is_int(failed, 0, "eight writers and readers at once find what belongs there");
	tap_is_int(c.statistics->entries, 100, "each entry is there once");
	tap_is_int((int)counted(METRIC_SECCOMP_DAMAGED), 0, "none was seen half");
	cache_close(&c);
}

int main(void)
{
	char dir[] = "/tmp/unit-cache.XXXXXX";

	if (!mkdtemp(dir))
		return 1;
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	keys();
	second_time();
	for (unsigned how = 0; how < DAMAGES; how++)
		if (how != OWNER || geteuid() == 0)
			survives((enum damage)how);
	every_bit();
	in_the_way();
	damaged_statistics();
	evicts("entries", 8, 16 << 20);
	evicts("bytes", 1024, 12 * 4096);
	too_large();
	many();
	cache_clear(root, NULL);
	rmdir(dir);
	return tap_done();
}
