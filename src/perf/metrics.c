/* SPDX-License-Identifier: Apache-2.0 */
#include "perf/metrics.h"

#include <errno.h>

#include "base/pool.h"

#define METRIC_NAME(id, family, label, value) {family, label, value},
const struct metric_name metric_names[METRIC_IDS] = {METRICS(METRIC_NAME)};
#define CLASS_NAME(id, name) name,
const char *const metric_class_names[METRIC_CLASSES] = {METRICS_CLASSES(CLASS_NAME)};

static uint64_t counts[METRIC_IDS], container_memory;
static size_t saved, saved_lost; /* spans */
static bool failure_saved;

enum metric_class metrics_class(int code)
{
	switch (code < 0 ? -code : code) {
	case EINVAL:
	case E2BIG:
	case EBADMSG:
	case EFBIG:
	case ELOOP:
	case ENAMETOOLONG:
	case ENOEXEC:
	case ERANGE:
		return METRIC_CLASS_INVALID;
	case ENOENT:
	case ENODEV:
	case ENOTDIR:
	case ENXIO:
	case ESRCH:
		return METRIC_CLASS_MISSING;
	case EACCES:
	case EPERM:
	case EROFS:
		return METRIC_CLASS_PERMISSION;
	case EALREADY:
	case EBUSY:
	case EEXIST:
	case EISDIR:
	case ENOTEMPTY:
	case ETXTBSY:
		return METRIC_CLASS_CONFLICT;
	case EAGAIN:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
	case EUSERS:
		return METRIC_CLASS_RESOURCES;
	case EAFNOSUPPORT:
	case ENOSYS:
	case ENOTSUP:
	case EPROTONOSUPPORT:
		return METRIC_CLASS_UNSUPPORTED;
	case ETIME:
	case ETIMEDOUT:
		return METRIC_CLASS_TIMEOUT;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case EPROTO:
		return METRIC_CLASS_PEER;
	default:
		return METRIC_CLASS_OTHER;
	}
}

void metrics_count(enum metric_id id, uint64_t n)
{
	counts[id] += n;
}

void metrics_container_memory(uint64_t bytes)
{
	container_memory = bytes;
}

/* ---- saving ---- */

static void add_to(uint64_t *to, uint64_t n)
{
	if (n)
		__atomic_fetch_add(to, n, __ATOMIC_RELAXED);
}

static void raise_to(uint64_t *to, uint64_t value)
{
	uint64_t old = __atomic_load_n(to, __ATOMIC_RELAXED);

	while (old < value && !__atomic_compare_exchange_n(to, &old, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void observe(struct metrics_file *f, unsigned id, uint64_t value)
{
	add_to(&f->buckets[histogram_bucket(value)][id], 1);
	add_to(&f->sums[id], value);
	raise_to(&f->maxima[id], value);
}

/* Init's steps of a kind count together: "mounts" is all mounts of a start. How long it took a verb to fail says nothing
 * of how long it takes. */
static void save_spans(struct metrics_file *f, bool failed)
{
	uint64_t of_init[SPAN_IDS] = {0};
	bool seen[SPAN_IDS] = {false};
	size_t n, lost;
	const struct span_record *r = span_records(&n, &lost);

	for (; saved < n; saved++) {
		const struct span_record *s = &r[saved];

		if (s->track == TRACK_INIT && span_kinds[s->id] != SPAN_PLUGIN) {
			of_init[s->id] += s->end - s->begin;
			seen[s->id] = true;
		} else if (!failed || span_kinds[s->id] != SPAN_VERB) {
			observe(f, s->id, s->end - s->begin);
		}
	}
	for (unsigned id = 0; id < SPAN_IDS; id++)
		if (seen[id])
			observe(f, id, of_init[id]);
	add_to(&f->counters[METRIC_SPANS_LOST], lost - saved_lost);
	saved_lost = lost;
}

static void count_buffers(void)
{
	static uint64_t reused, all, mapped; /* that were saved */
	uint64_t now_reused = 0, now_all = 0, now_mapped = 0;
	struct pool_stats s;

	for (unsigned kind = 0; kind < POOL_CLASSES; kind++) {
		pool_stats_read(kind, &s);
		now_reused += s.reused;
		now_mapped += s.mapped;
		now_all += s.reused + s.mapped + s.fresh;
	}
	counts[METRIC_BUFFER_GETS] += now_all - all;
	counts[METRIC_BUFFER_REUSES] += now_reused - reused;
	counts[METRIC_BUFFER_MISSES] += now_mapped - mapped;
	all = now_all;
	reused = now_reused;
	mapped = now_mapped;
}

void metrics_save(int root, int code, bool last)
{
	struct metrics_file *f = metrics_map(root);

	if (!f)
		return;
	count_buffers();
	for (unsigned i = 0; i < METRIC_IDS; i++) {
		add_to(&f->counters[i], counts[i]);
		counts[i] = 0;
	}
	save_spans(f, code != 0);
	if (container_memory)
		observe(f, METRICS_CONTAINER_MEMORY, container_memory);
	container_memory = 0;
	if (code && !failure_saved && span_failed_step() != SPAN_IDS) {
		add_to(&f->failures[span_failed_step()][metrics_class(code)], 1);
		failure_saved = true;
	}
	if (!last)
		metrics_unmap(f);
}
