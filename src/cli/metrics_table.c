/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metrics.h"

#include "base/date.h"
#include "base/str.h"

/* A spark is an octave: the same one in all lines. */
enum { NAME_WIDTH = 24, CELL_WIDTH = 9, SPARKS = 27, LEVELS = 8 };

static void add_since(struct text *t, uint64_t since)
{
	char date[DATE_MAX];

	text_fmt(t, "since %s\n", date_text(date, &(struct timespec){.tv_sec = (time_t)since}, false));
}

/* Families that follow each other share a line. */
static void add_counters(struct text *t, const struct metrics *m)
{
	const char *family = NULL;

	for (unsigned i = 0; i < METRIC_IDS; i++) {
		const struct metric_name *n = &metric_names[i];

		if (!m->counters[i])
			continue;
		if (!str_eq(family, n->family)) {
			text_add(t, "\n");
			text_left(t, n->family, NAME_WIDTH);
		} else {
			text_add(t, ", ");
		}
		text_fmt(t, "%s %llu", n->value, (unsigned long long)m->counters[i]);
		family = n->family;
	}
	text_add(t, family ? "\n" : "\nnothing has been counted\n");
}

/* Three digits that count, and the unit. */
static void add_value(struct text *t, unsigned id, uint64_t v)
{
	static const char *const times[] = {"ns", "us", "ms", "s"}, *const sizes[] = {"B", "KiB", "MiB", "GiB"};
	const char *const *units = id < SPAN_IDS ? times : sizes;
	const uint64_t step = id < SPAN_IDS ? 1000 : 1024;
	uint64_t unit = 1, whole;
	unsigned i = 0, digits;
	char cell[32];

	for (; i < 3 && v / unit >= step; i++)
		unit *= step;
	whole = v / unit;
	digits = unit == 1 || whole >= 100 ? 0 : whole >= 10 ? 1 : 2;
	if (digits == 0)
		fmt(cell, sizeof(cell), "%llu%s", (unsigned long long)whole, units[i]);
	else if (digits == 1)
		fmt(cell, sizeof(cell), "%llu.%llu%s", (unsigned long long)whole,
			(unsigned long long)(v % unit * 10 / unit), units[i]);
	else
		fmt(cell, sizeof(cell), "%llu.%02llu%s", (unsigned long long)whole,
			(unsigned long long)(v % unit * 100 / unit), units[i]);
	text_right(t, cell, CELL_WIDTH);
}

static void add_sparks(struct text *t, const struct histogram *h)
{
	uint64_t of[SPARKS] = {0}, most = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		unsigned octave = i ? (i - 1) / HISTOGRAM_PER_OCTAVE : 0;

		of[octave < SPARKS ? octave : SPARKS - 1] += h->buckets[i];
	}
	for (unsigned i = 0; i < SPARKS; i++)
		most = of[i] > most ? of[i] : most;
	text_add(t, "  ");
	for (unsigned i = 0; i < SPARKS; i++) {
		/* U+2581 and on: blocks of an eighth to the whole height */
		const char spark[] = {'\xe2', '\x96',
			(char)(0x80 + (most ? of[i] / most * LEVELS + (of[i] % most * LEVELS + most - 1) / most : 0)), '\0'};

		text_add(t, of[i] ? spark : " ");
	}
}

static void add_head(struct text *t, const char *kind, bool sparks)
{
	static const char *const cells[] = {"COUNT", "P50", "P90", "P99", "MAX"};

	text_add(t, "\n");
	text_left(t, kind, NAME_WIDTH);
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		text_right(t, cells[i], CELL_WIDTH);
	if (sparks) /* where the octaves of 2^9, 2^19 and 2^29 are */
		text_add(t, str_eq(kind, "memory") ? "  0.5K      512K      512M  " : "  0.5us     0.5ms     0.5s  ");
	text_add(t, "\n");
}

static void add_row(struct text *t, unsigned id, const struct histogram *h, bool sparks)
{
	static const unsigned quantiles[] = {500, 900, 990};
	char n[24];

	text_left(t, metrics_histogram_name(id), NAME_WIDTH);
	fmt(n, sizeof(n), "%llu", (unsigned long long)histogram_count(h));
	text_right(t, n, CELL_WIDTH);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		add_value(t, id, histogram_quantile(h, quantiles[i]));
	add_value(t, id, h->max);
	if (sparks)
		add_sparks(t, h);
	text_add(t, "\n");
}

static void add_histograms(struct text *t, const struct metrics *m, const char *kind, bool sparks)
{
	bool begun = false;

	for (unsigned id = 0; id < METRICS_HISTOGRAMS; id++) {
		if (!str_eq(metrics_histogram_kind(id), kind) || !histogram_count(&m->histograms[id]))
			continue;
		if (!begun)
			add_head(t, kind, sparks);
		begun = true;
		add_row(t, id, &m->histograms[id], sparks);
	}
}

static void add_failures(struct text *t, const struct metrics *m)
{
	bool begun = false;

	for (unsigned step = 0; step < SPAN_IDS; step++)
		for (unsigned k = 0; k < METRIC_CLASSES; k++) {
			if (!m->failures[step][k])
				continue;
			text_add(t, begun ? "" : "\nfailed at               because\n");
			begun = true;
			text_left(t, span_names[step], NAME_WIDTH);
			text_fmt(t, "%s %llu\n", metric_class_names[k], (unsigned long long)m->failures[step][k]);
		}
}

void metrics_table(struct text *t, const struct metrics *m, bool sparks)
{
	static const char *const kinds[] = {"verb", "phase", "wait", "plugin", "memory"};

	if (m->since)
		add_since(t, m->since);
	add_counters(t, m);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		add_histograms(t, m, kinds[i], sparks);
	add_failures(t, m);
}
