/* SPDX-License-Identifier: Apache-2.0 */
#include "perf/span.h"

#include <time.h>

#include "base/str.h"
#include "kernel/sys.h"

#define NAME(id, name, kind) name,
const char *const span_names[SPAN_IDS] = {SPANS(NAME)};
#define KIND(id, name, kind) SPAN_##kind,
const uint8_t span_kinds[SPAN_IDS] = {SPANS(KIND)};

static struct span_record records[SPAN_MAX];
static size_t n_records, n_lost;
static enum span_id failed = SPAN_IDS;
static struct span verb = {.id = SPAN_IDS};

uint64_t span_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void add(enum span_id id, enum span_track track, uint16_t step, uint64_t begin, uint64_t end)
{
	if (n_records == SPAN_MAX) {
		n_lost++;
		return;
	}
	records[n_records++] = (struct span_record){
		.begin = begin, .end = end < begin ? begin : end, .id = (uint8_t)id, .track = (uint8_t)track, .step = step};
}

void span_add(enum span_id id, enum span_track track, uint64_t begin, uint64_t end)
{
	add(id, track, 0, begin, end);
}

void span_add_step(enum span_id id, uint16_t step, uint64_t begin, uint64_t end)
{
	add(id, TRACK_INIT, step, begin, end);
}

int span_end(const struct span *s, int r)
{
	if (r < 0)
		span_failed(s->id);
	add(s->id, TRACK_HOST, 0, s->begin, span_now());
	return r;
}

void span_failed(enum span_id id)
{
	if (failed == SPAN_IDS)
		failed = id;
}

enum span_id span_failed_step(void)
{
	return failed;
}

bool span_verb_begin(const char *name, uint64_t since)
{
	for (unsigned id = 0; id < SPAN_IDS && span_kinds[id] == SPAN_VERB; id++)
		if (str_eq(span_names[id], name))
			verb = (struct span){(enum span_id)id, since};
	return verb.id != SPAN_IDS;
}

int span_verb_end(int r)
{
	if (verb.id != SPAN_IDS)
		(void)span_end(&verb, r);
	verb.id = SPAN_IDS;
	return r;
}

const struct span_record *span_records(size_t *n, size_t *lost)
{
	*n = n_records;
	*lost = n_lost;
	return records;
}

/* ---- the counter ---- */

void span_clock_begin(struct span_clock *c)
{
	c->ticks[0] = sys_ticks();
	c->ns[0] = span_now();
}

void span_clock_done(struct span_clock *c)
{
	c->ns[1] = span_now();
	c->ticks[1] = sys_ticks();
}

uint64_t span_clock_ns(const struct span_clock *c, uint64_t ticks)
{
	uint64_t whole = c->ticks[1] - c->ticks[0], part = ticks - c->ticks[0];

	if (c->ticks[1] <= c->ticks[0] || ticks <= c->ticks[0])
		return c->ns[0];
	if (part >= whole)
		return c->ns[1];
	return c->ns[0] + (uint64_t)((double)part / (double)whole * (double)(c->ns[1] - c->ns[0]));
}
