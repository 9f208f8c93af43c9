/* SPDX-License-Identifier: Apache-2.0 */

/* pool: how long it takes to get and put a buffer of the pool, beside malloc and free of the libc it is linked with:
 * with nothing written, and with one byte of each page written. Prints medians over 21 measurements of 1,000
 * buffers (at most 64 MiB that are written), one after another or 32 held at once, the contestants taking turns.
 *
 * What comes out depends on the libc: musl (as in the program that is shipped) maps large memory anew each time, glibc
 * keeps what is used again and again, and is then as fast as the pool or faster.
 *
 * --json: an object a line for each contestant instead. */

#include "base/pool.c"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 21, N = 1000, WHO = 2, PAGE = 4096, MOST = 64 << 20 };
enum who { POOL, MALLOC };

struct work {
	size_t size, held; /* held: how many at once */
	bool touch;
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void touch(char *p, size_t n)
{
	for (size_t i = 0; i < n; i += PAGE)
		((volatile char *)p)[i] = 1;
}

static void with_pool(const struct work *w)
{
	struct buffer b[POOL_PER_CLASS];

	for (size_t i = 0; i < w->held; i++) {
		if (pool_get(w->size, &b[i]) < 0)
			abort();
		if (w->touch)
			touch(b[i].data, w->size);
	}
	for (size_t i = 0; i < w->held; i++)
		pool_put(&b[i]);
}

static void with_malloc(const struct work *w)
{
	char *volatile p[POOL_PER_CLASS]; /* or the compiler would leave both calls out */

	for (size_t i = 0; i < w->held; i++) {
		p[i] = malloc(w->size);
		if (!p[i])
			abort();
		if (w->touch)
			touch(p[i], w->size);
	}
	for (size_t i = 0; i < w->held; i++)
		free(p[i]);
}

static double once(enum who who, const struct work *w)
{
	/* fewer of those that take as long as they are large */
	size_t n = w->touch && w->size > MOST / N ? MOST / w->size : N, rounds = (n + w->held - 1) / w->held;
	double begin = now_ns();

	for (size_t i = 0; i < rounds; i++)
		(who == POOL ? with_pool : with_malloc)(w);
	return (now_ns() - begin) / (double)(rounds * w->held);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct work *w, double median[WHO])
{
	double ns[WHO][ROUNDS];

	for (int r = -1; r < ROUNDS; r++) /* the first one does not count */
		for (int k = 0; k < WHO; k++)
			ns[k][r < 0 ? 0 : r] = once((enum who)((r + 1 + k) % WHO), w);
	/* who began changed with each round: sort them apart again */
	for (int r = 0; r < ROUNDS; r++)
		if ((r + 1) % WHO) {
			double t = ns[0][r];

			ns[0][r] = ns[1][r];
			ns[1][r] = t;
		}
	for (int k = 0; k < WHO; k++) {
		qsort(ns[k], ROUNDS, sizeof(double), compare);
		median[k] = ns[k][ROUNDS / 2];
	}
}

static void report(bool json, const struct work *w)
{
	char name[64];
	double m[WHO];

	measure(w, m);
	snprintf(name, sizeof(name), "%zu KiB%s%s", w->size >> 10, w->held > 1 ? ", 32 held" : "",
		w->touch ? ", written" : "");
	if (json)
		printf("{\"program\":\"pool\",\"measure\":\"%s\",\"ns\":%.1f}\n"
		       "{\"program\":\"malloc\",\"measure\":\"%s\",\"ns\":%.1f}\n",
			name, m[POOL], name, m[MALLOC]);
	else
		printf("%-30s %12.1f %12.1f %8.1f\n", name, m[POOL], m[MALLOC], m[MALLOC] / m[POOL]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;

	if (argc > 1 && !json) {
		fprintf(stderr, "Usage: %s [--json]\n", argv[0]);
		return 1;
	}
	if (!json)
		printf("%-30s %12s %12s %8s\n", "", "pool ns", "malloc ns", "ratio");
	for (int t = 0; t < 2; t++)
		for (size_t i = 0; i < POOL_CLASSES; i++)
			report(json, &(struct work){sizes[i], 1, t});
	for (size_t i = 0; i < 4; i++)
		report(json, &(struct work){sizes[i], POOL_PER_CLASS, true});
	return 0;
}
