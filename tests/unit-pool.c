/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "tests/tap.h"

static const size_t sizes[POOL_CLASSES] = {4096, 65536, 262144, 1048576, 4194304, 16777216};

static struct pool_stats stats(unsigned class)
{
	struct pool_stats s;

	pool_stats_read(class, &s);
	return s;
}

static long long in_use(unsigned class)
{
	struct pool_stats s = stats(class);

	return (long long)(s.fresh + s.reused + s.mapped - s.put);
}

/* Pages of [p, p + n) that are there. */
static size_t resident(const char *p, size_t n)
{
	size_t pages = n / 4096, found = 0;
	unsigned char *v = malloc(pages);

	if (mincore((void *)p, n, v) == 0)
		for (size_t i = 0; i < pages; i++)
			found += v[i] & 1;
	free(v);
	return found;
}

static void test_sizes(void)
{
	for (unsigned i = 0; i < POOL_CLASSES; i++) {
		struct buffer b, c;
		char *first;

		tap_ok(pool_get(sizes[i], &b) == 0 && b.size == sizes[i], "a buffer of %zu bytes", sizes[i]);
		tap_ok((uintptr_t)b.data % 4096 == 0, "is aligned to a page");
		tap_ok(b.zero && b.data[0] == 0 && b.data[b.size - 1] == 0, "is zero at first");
		first = b.data;
		b.data[0] = b.data[b.size - 1] = 1;
		pool_put(&b);
		tap_ok(!b.data && pool_put(&b) == 0, "nothing is left after put, which may be called again");
		tap_ok(pool_get(sizes[i], &c) == 0 && c.data == first && !c.zero, "the same one comes back");
		pool_put(&c);
		if (i == 0)
			continue;
		tap_ok(pool_get(sizes[i - 1] + 1, &c) == 0 && c.size == sizes[i], "one byte more than %zu",
			sizes[i - 1]);
		pool_put(&c);
	}
}

static void test_lifo(void)
{
	struct buffer b[3];
	char *data[3];

	for (int i = 0; i < 3; i++) {
		pool_get(1, &b[i]);
		data[i] = b[i].data;
	}
	pool_put(&b[1]);
	pool_put(&b[0]);
	pool_put(&b[2]);
	for (int i = 0; i < 3; i++)
		pool_get(1, &b[i]);
	tap_ok(b[0].data == data[2] && b[1].data == data[0] && b[2].data == data[1],
		"the last one put back comes first");
	for (int i = 0; i < 3; i++)
		pool_put(&b[i]);
}

static void test_untouched(void)
{
	struct buffer b[4];
	size_t pages = 0;

	for (int i = 0; i < 4; i++) {
		pool_get(sizes[3], &b[i]);
		if (i) {
			b[i].data[0] = 1;
			pages += resident(b[i].data, b[i].size);
		}
	}
	tap_is_int(pages, 3, "only the pages that are touched are there");
	for (int i = 0; i < 4; i++)
		pool_put(&b[i]);
}

static void test_overflow(void)
{
	struct buffer b[POOL_PER_CLASS + 2], large;
	uint64_t before = stats(2).mapped;
	bool distinct = true;
	char *data;

	for (int i = 0; i < POOL_PER_CLASS + 2; i++) {
		distinct &= pool_get(sizes[2], &b[i]) == 0;
		memset(b[i].data, i, b[i].size);
	}
	for (int i = 0; i < POOL_PER_CLASS + 2; i++)
		distinct &= b[i].data[0] == (char)i && b[i].data[b[i].size - 1] == (char)i;
	tap_ok(distinct, "buffers do not overlap");
	tap_is_int(stats(2).mapped - before, 2, "those beyond 32 are mappings of their own");
	data = b[POOL_PER_CLASS].data;
	for (int i = 0; i < POOL_PER_CLASS + 2; i++)
		pool_put(&b[i]);
	tap_ok(msync(data, 4096, MS_ASYNC) < 0 && errno == ENOMEM, "which are gone when put back");
	tap_is_int(in_use(2), 0, "none is in use");
	tap_ok(pool_get(sizes[5] + 1, &large) == 0 && large.size == sizes[5] + 1, "larger than the largest");
	large.data[sizes[5]] = 1;
	pool_put(&large);
	tap_ok(pool_get(SIZE_MAX / 2, &large) == -ENOMEM && !large.data, "too large");
}

static void test_put_twice(void)
{
	struct buffer b, copy;
	uint64_t before = stats(1).refused;

	pool_get(sizes[1], &b);
	copy = b;
	tap_is_int(pool_put(&b), 0, "put back");
	b = copy;
	tap_is_int(pool_put(&b), -EALREADY, "the same buffer a second time is refused");
	pool_get(sizes[1], &b);
	tap_ok(b.data == copy.data && pool_put(&copy) == -EALREADY, "also when it has been handed out again since");
	tap_is_int(stats(1).refused - before, 2, "which is counted");
	tap_is_int(pool_put(&b), 0, "whose owner can still put it back");
}

static void test_steady(void)
{
	struct pool_stats before = {0}, after;

	for (int i = 0; i < 1001; i++) {
		_cleanup_buffer_ struct buffer b, c;

		pool_get(sizes[1], &b);
		pool_get(sizes[1], &c);
		if (i == 0)
			before = stats(1);
	}
	after = stats(1);
	tap_is_int(after.reused - before.reused, 2000, "steady use: every buffer is handed out again");
	tap_is_int(after.fresh - before.fresh + (after.mapped - before.mapped), 0, "and none is new");
	tap_is_int(after.put - before.put, 2002, "and every one is put back by the end of its scope");
}

/* LazyFree of the mapping that holds p, in KiB. */
static long lazy_free(const char *p)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from = 0, to = 0;
	long kb = -1;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "%lx-%lx ", &from, &to);
		if ((uintptr_t)p >= from && (uintptr_t)p < to && sscanf(line, "LazyFree: %ld", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb;
}

static void test_given_back(void)
{
	struct buffer b[2];
	char *data;

	for (int i = 0; i < 2; i++) {
		pool_get(sizes[4], &b[i]);
		memset(b[i].data, 1, b[i].size);
	}
	data = b[0].data;
	pool_put(&b[0]);
	tap_is_int(lazy_free(data), 0, "the first large buffer put back keeps its pages");
	pool_put(&b[1]);
	/* but for a few pages that the kernel has not sorted yet */
	tap_ok(lazy_free(data) > (long)sizes[4] / 1024 * 9 / 10, "the kernel may have those of the second");
}

/* ---- many threads ---------------------------------------------------------------------------------------------------
 */

enum { THREADS = 8, ROUNDS = 100000, HELD = 96 };
static pthread_barrier_t all_there;
static _Atomic unsigned wrong;

static void *hammer(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg, seed = me * 7919 + 1;
	struct buffer held[HELD] = {0};

	pthread_barrier_wait(&all_there);
	for (unsigned n = 0; n < ROUNDS; n++) {
		unsigned k = (unsigned)rand_r(&seed) % HELD;
		struct buffer *b = &held[k];
		unsigned *mark;

		if (b->data) {
			mark = (unsigned *)(void *)b->data;
			if (mark[0] != me || mark[1] != k || mark[1023] != (me ^ k) || pool_put(b) < 0)
				wrong++;
			continue;
		}
		if (pool_get(sizes[n % 2], b) < 0) {
			wrong++;
			continue;
		}
		mark = (unsigned *)(void *)b->data;
		mark[0] = me;
		mark[1] = k;
		mark[1023] = me ^ k;
	}
	for (unsigned k = 0; k < HELD; k++)
		pool_put(&held[k]);
	return NULL;
}

static void test_threads(void)
{
	pthread_t t[THREADS];
	uint64_t refused = stats(0).refused + stats(1).refused;

	pthread_barrier_init(&all_there, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, hammer, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	tap_is_int(wrong, 0, "8 threads: nobody gets what another has");
	tap_is_int(in_use(0) + in_use(1), 0, "as many are put back as were handed out");
	tap_is_int(stats(0).refused + stats(1).refused - refused, 0, "none is refused");
	tap_ok(stats(0).fresh <= POOL_PER_CLASS && stats(1).fresh <= POOL_PER_CLASS, "none comes twice as new");
}

/* ---- a small address space
 * ------------------------------------------------------------------------------------------- */

static int limited(void)
{
	struct rlimit l = {256 << 20, 256 << 20};
	struct buffer b;

	if (setrlimit(RLIMIT_AS, &l) < 0 || pool_get(sizes[5], &b) < 0)
		return 1;
	b.data[0] = b.data[b.size - 1] = 1;
	if (stats(5).mapped != 1 || stats(5).fresh != 0)
		return 2;
	pool_put(&b);
	return in_use(5) == 0 ? 0 : 3;
}

static void test_limit(void)
{
	static const char name[] = "where 512 MiB of addresses are not to be had, a buffer of 16 MiB still is";
#ifdef __SANITIZE_ADDRESS__
	tap_skip(name, "the sanitizer itself needs them");
	(void)limited;
#else
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(limited());
	waitpid(pid, &status, 0);
	tap_is_int(status, 0, "%s", name);
#endif
}

static void test_arena(void)
{
	struct arena a = ARENA_INIT;
	struct buffer b;
	bool zero = true;
	long long before = in_use(1);

	pool_get(sizes[1], &b); /* the arena's first block will not be fresh */
	memset(b.data, 0xff, b.size);
	pool_put(&b);
	for (int i = 0; i < 2000; i++) {
		char *p = arena_alloc(&a, 100);

		for (int k = 0; k < 100; k++)
			zero &= p[k] == 0;
		memset(p, 0xff, 100);
	}
	tap_ok(zero, "an arena's memory is zeroed");
	tap_ok(in_use(1) == before + 1 && in_use(2) == 1, "its blocks come from the pool, and grow");
	arena_done(&a);
	tap_is_int(in_use(1) + in_use(2) - before, 0, "they go back");
}

int main(void)
{
	test_limit(); /* before anything is reserved */
	test_sizes();
	test_lifo();
	test_untouched();
	test_overflow();
	test_put_twice();
	test_steady();
	test_given_back();
	test_arena();
	test_threads();
	return tap_done();
}
