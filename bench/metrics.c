/* SPDX-License-Identifier: Apache-2.0 */

/* metrics: what counting costs, in nanoseconds: medians over 21 measurements, and one with eight processes at once. The
 * file is made in the directory that is given.
 *
 * --json: an object a line instead. */

#include "perf/histogram.c"
#include "perf/metrics.c"
#include "perf/metrics_file.c"
#include "perf/span.c"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { ROUNDS = 21, SPANS_OF_A_RUN = 40, COUNTERS_OF_A_RUN = 8, PROCESSES = 8, SAVES = 4000 };

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double (*measure)(int dir), int dir)
{
	double v[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		v[i] = measure(dir);
	qsort(v, ROUNDS, sizeof(*v), by_size);
	return v[ROUNDS / 2];
}

static double span(int dir)
{
	uint64_t since;

	(void)dir;
	n_records = 0;
	since = span_now();
	for (int i = 0; i < SPAN_MAX; i++) {
		struct span s = span_begin(SPAN_ID_PLAN);

		(void)span_end(&s, 0);
	}
	return (double)(span_now() - since) / SPAN_MAX;
}

static double counter(int dir)
{
	uint64_t since = span_now();

	(void)dir;
	for (int i = 0; i < 1000; i++) {
		metrics_count(METRIC_CREATED, 1);
		__asm__ volatile("" ::: "memory");
	}
	return (double)(span_now() - since) / 1000;
}

static double stamp(int dir)
{
	uint64_t since = span_now();

	(void)dir;
	for (int i = 0; i < 1000; i++)
		(void)sys_ticks();
	return (double)(span_now() - since) / 1000;
}

/* As a run has them: each of another kind, from a microsecond to some milliseconds. */
static void make_events(unsigned seed)
{
	n_records = saved = 0;
	for (unsigned i = 0; i < SPANS_OF_A_RUN; i++)
		span_add((enum span_id)(i % SPAN_IDS), TRACK_HOST, 0, 1000 + ((i * 2654435761u + seed * 40503u) >> (12 + i % 9)));
	for (unsigned i = 0; i < COUNTERS_OF_A_RUN; i++)
		metrics_count((enum metric_id)(i % METRIC_IDS), 1);
}

static double save(int dir)
{
	static unsigned seed;
	uint64_t since;

	make_events(seed++);
	since = span_now();
	metrics_save(dir, 0, false);
	return (double)(span_now() - since);
}

static double all_at_once(int dir)
{
	uint64_t since = span_now();

	for (int p = 0; p < PROCESSES; p++)
		if (fork() == 0) {
			for (unsigned i = 0; i < SAVES; i++) {
				make_events(i);
				metrics_save(dir, 0, false);
			}
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	return (double)PROCESSES * SAVES * (SPANS_OF_A_RUN + COUNTERS_OF_A_RUN) / ((double)(span_now() - since) / 1e9);
}

int main(int argc, char **argv)
{
	int json = argc == 3 && str_eq(argv[1], "--json");
	int dir = argc == 2 + json ? open(argv[argc - 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir < 0) {
		fputs("usage: metrics [--json] DIRECTORY\n", stderr);
		return 2;
	}
	metrics_save(dir, 0, false); /* makes the file */
	const struct {
		const char *what;
		double ns;
	} v[] = {
		{"a span begun and ended", median(span, dir)},
		{"a counter", median(counter, dir)},
		{"a stamp of init", median(stamp, dir)},
		{"a run's 40 spans and 8 counters added to the file", median(save, dir)},
		{"an event, eight processes adding at once", 1e9 / all_at_once(dir)},
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		printf(json ? "{\"measure\":\"%s\",\"program\":\"metrics\",\"ns\":%.1f}\n" : "%s: %.1f ns\n", v[i].what,
			v[i].ns);
	(void)unlinkat(dir, METRICS_FILE, 0);
	return 0;
}
