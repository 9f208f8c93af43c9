/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metrics.h"

#include "base/str.h"
#include "cli/json.h"

const char *metrics_histogram_name(unsigned id)
{
	return id < SPAN_IDS ? span_names[id] : "container_memory";
}

const char *metrics_histogram_unit(unsigned id)
{
	return id < SPAN_IDS ? "nanoseconds" : "bytes";
}

const char *metrics_histogram_kind(unsigned id)
{
	static const char *const kinds[] = {
		[SPAN_VERB] = "verb", [SPAN_PHASE] = "phase", [SPAN_WAIT] = "wait", [SPAN_PLUGIN] = "plugin"};

	return id < SPAN_IDS ? kinds[span_kinds[id]] : "memory";
}

/* ---- JSON ---- */

static void json_buckets(struct text *t, const struct histogram *h)
{
	json_open(t, "buckets", '[');
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->buckets[i])
			continue;
		json_open(t, NULL, '[');
		json_u64(t, NULL, histogram_bound(i));
		json_u64(t, NULL, h->buckets[i]);
		json_close(t, ']');
	}
	json_close(t, ']');
}

static void json_histogram(struct text *t, unsigned id, const struct histogram *h)
{
	json_open(t, metrics_histogram_name(id), '{');
	json_string(t, "kind", metrics_histogram_kind(id));
	json_string(t, "unit", metrics_histogram_unit(id));
	json_u64(t, "count", histogram_count(h));
	json_u64(t, "sum", h->sum);
	json_u64(t, "p50", histogram_quantile(h, 500));
	json_u64(t, "p90", histogram_quantile(h, 900));
	json_u64(t, "p99", histogram_quantile(h, 990));
	json_u64(t, "max", h->max);
	json_buckets(t, h);
	json_close(t, '}');
}

static void json_failures(struct text *t, const struct metrics *m)
{
	json_open(t, "failures", '[');
	for (unsigned step = 0; step < SPAN_IDS; step++)
		for (unsigned k = 0; k < METRIC_CLASSES; k++) {
			if (!m->failures[step][k])
				continue;
			json_open(t, NULL, '{');
			json_string(t, "step", span_names[step]);
			json_string(t, "class", metric_class_names[k]);
			json_u64(t, "count", m->failures[step][k]);
			json_close(t, '}');
		}
	json_close(t, ']');
}

void metrics_json(struct text *t, const struct metrics *m)
{
	json_open(t, NULL, '{');
	json_u64(t, "since", m->since);
	json_open(t, "counters", '{');
	for (unsigned i = 0; i < METRIC_IDS; i++) {
		const struct metric_name *n = &metric_names[i];

		if (i == 0 || !str_eq(metric_names[i - 1].family, n->family))
			json_open(t, n->family, '{');
		json_u64(t, n->value, m->counters[i]);
		if (i + 1 == METRIC_IDS || !str_eq(metric_names[i + 1].family, n->family))
			json_close(t, '}');
	}
	json_close(t, '}');
	json_failures(t, m);
	json_open(t, "histograms", '{');
	for (unsigned id = 0; id < METRICS_HISTOGRAMS; id++)
		if (histogram_count(&m->histograms[id]))
			json_histogram(t, id, &m->histograms[id]);
	json_close(t, '}');
	json_close(t, '}');
	text_add(t, "\n");
}

/* ---- OpenMetrics ---- */

#define PREFIX "enviro_oci_"

/* Counters have no TYPE line: the two formats want it for different names, and each refuses the other's. */
static void add_counters(struct text *t, const struct metrics *m)
{
	for (unsigned i = 0; i < METRIC_IDS; i++) {
		const struct metric_name *n = &metric_names[i];

		if (i == 0 || !str_eq(metric_names[i - 1].family, n->family))
			text_fmt(t, "# HELP " PREFIX "%s_total Events, by %s.\n", n->family, n->label);
		text_fmt(t, PREFIX "%s_total{%s=\"%s\"} %llu\n", n->family, n->label, n->value,
			(unsigned long long)m->counters[i]);
	}
	text_add(t, "# HELP " PREFIX "failures_total Verbs that failed, by the step that did and the kind of reason.\n");
	for (unsigned step = 0; step < SPAN_IDS; step++)
		for (unsigned k = 0; k < METRIC_CLASSES; k++)
			if (m->failures[step][k])
				text_fmt(t, PREFIX "failures_total{step=\"%s\",class=\"%s\"} %llu\n", span_names[step],
					metric_class_names[k], (unsigned long long)m->failures[step][k]);
}

static void add_value(struct text *t, unsigned id, uint64_t v)
{
	const uint64_t second = 1000000000;

	if (id < SPAN_IDS)
		text_fmt(t, "%llu.%09llu", (unsigned long long)(v / second), (unsigned long long)(v % second));
	else
		text_fmt(t, "%llu.0", (unsigned long long)v);
}

/* A family of histograms. The bounds are those of octaves; a value that is equal to one counts as above it. */
struct family {
	const char *name, *unit, *help;
};

/* NAME_SUFFIX{LABEL="VALUE",le=" or, without more, NAME_SUFFIX{LABEL="VALUE"}. */
static void add_name(struct text *t, const struct family *f, unsigned id, const char *suffix, const char *more)
{
	const char *kind = metrics_histogram_kind(id);

	text_fmt(t, PREFIX "%s_%s_%s", f->name, f->unit, suffix);
	if (id < SPAN_IDS)
		text_fmt(t, "{%s=\"%s\"%s%s", kind, span_names[id], *more ? "," : "}", more);
	else
		text_fmt(t, "%s%s", *more ? "{" : "", more);
}

static void add_histogram(struct text *t, const struct family *f, unsigned id, const struct histogram *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		n += h->buckets[i];
		if (i % HISTOGRAM_PER_OCTAVE)
			continue;
		add_name(t, f, id, "bucket", "le=\"");
		add_value(t, id, histogram_bound(i + 1));
		text_fmt(t, "\"} %llu\n", (unsigned long long)n);
	}
	n += h->buckets[HISTOGRAM_BUCKETS - 1];
	add_name(t, f, id, "bucket", "le=\"+Inf\"}");
	text_fmt(t, " %llu\n", (unsigned long long)n);
	add_name(t, f, id, "count", "");
	text_fmt(t, " %llu\n", (unsigned long long)n);
	add_name(t, f, id, "sum", "");
	text_add(t, " ");
	add_value(t, id, h->sum);
	text_add(t, "\n");
}

static void add_family(struct text *t, const struct metrics *m, const char *kind, const struct family *f)
{
	text_fmt(t, "# HELP " PREFIX "%s_%s %s\n", f->name, f->unit, f->help);
	text_fmt(t, "# TYPE " PREFIX "%s_%s histogram\n", f->name, f->unit);
	text_fmt(t, "# UNIT " PREFIX "%s_%s %s\n", f->name, f->unit, f->unit);
	for (unsigned id = 0; id < METRICS_HISTOGRAMS; id++)
		if (str_eq(metrics_histogram_kind(id), kind) && histogram_count(&m->histograms[id]))
			add_histogram(t, f, id, &m->histograms[id]);
}

void metrics_openmetrics(struct text *t, const struct metrics *m)
{
	static const struct {
		const char *kind;
		struct family family;
	} families[] = {
		{"verb", {"verb_duration", "seconds", "Time of a verb; of run and exec until their program is executed."}},
		{"phase", {"phase_duration", "seconds", "Work that a verb is made of."}},
		{"wait", {"wait_duration", "seconds", "Waiting for somebody else within a verb."}},
		{"plugin", {"plugin_duration", "seconds", "Hooks, and handing over to seccomp agents."}},
		{"memory", {"container_memory_peak", "bytes", "The most memory that a container had, seen when it was deleted."}},
	};

	add_counters(t, m);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		add_family(t, m, families[i].kind, &families[i].family);
	text_add(t, "# HELP " PREFIX "metrics_since_timestamp_seconds When counting began.\n"
		    "# TYPE " PREFIX "metrics_since_timestamp_seconds gauge\n"
		    "# UNIT " PREFIX "metrics_since_timestamp_seconds seconds\n");
	text_fmt(t, PREFIX "metrics_since_timestamp_seconds %llu\n# EOF\n", (unsigned long long)m->since);
}
