/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "perf/trace.h"
#include "perf/trace_format.h"

enum {
	MAX_EVENTS = 10000,
	MAX_TRACKS = 1000,
};

struct reading {
	const struct trace_file *file;
	struct arena *a;
	struct trace *t;
	size_t room; /* for tracks */
	size_t last; /* the track that was found last */
	struct error *err;
};

static char *printable(char *s)
{
	for (char *p = s; p && *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return s;
}

static struct trace_track *track_of(struct reading *r, const struct trace_event *e)
{
	struct trace *t = r->t;
	size_t i = r->last;

	if (i < t->n && t->tracks[i].pid == e->pid && t->tracks[i].tid == e->tid)
		return &t->tracks[i];
	for (i = 0; i < t->n; i++)
		if (t->tracks[i].pid == e->pid && t->tracks[i].tid == e->tid)
			break;
	r->last = i;
	if (i == r->room)
		return NULL;
	if (i == t->n)
		t->tracks[t->n++] = (struct trace_track){.pid = e->pid, .tid = e->tid};
	return &t->tracks[i];
}

static int refuse(struct reading *r, size_t i, const char *member, const char *reason)
{
	return error_set(r->err, EINVAL, "traceEvents[%zu].%s: %s", i, member, reason);
}

/* First round: the tracks there are, and how many spans each has. */
static int count(struct reading *r, size_t i)
{
	const struct trace_event *e = &r->file->events[i];
	struct trace_track *t;

	if (str_eq(e->ph, "M"))
		return 0;
	if (!str_eq(e->ph, "X"))
		return refuse(r, i, "ph", "only events of the kinds X and M are drawn");
	if (!e->has_ts || !e->has_dur)
		return refuse(r, i, e->has_ts ? "dur" : "ts", "missing");
	if (!e->name)
		return refuse(r, i, "name", "missing");
	if (e->dur.thousandths < 0)
		return refuse(r, i, "dur", "less than 0");
	if (e->ts.thousandths < 0 || e->ts.thousandths > INT64_MAX / 4 || e->dur.thousandths > INT64_MAX / 4)
		return refuse(r, i, "ts", "out of range"); /* what is drawn may go on a little behind it */
	t = track_of(r, e);
	if (!t)
		return error_set(r->err, EINVAL, "more than %d threads", MAX_TRACKS);
	t->n++;
	return 0;
}

static int make_room(struct reading *r)
{
	struct trace *t = r->t;

	for (size_t i = 0; i < t->n; i++) {
		t->tracks[i].spans = arena_array(r->a, t->tracks[i].n, sizeof(struct trace_span));
		if (!t->tracks[i].spans)
			return error_errno(r->err, ENOMEM, "read trace");
		t->tracks[i].n = 0;
	}
	return 0;
}

static void name_track(struct trace *t, const struct trace_event *e)
{
	const char *name = e->args ? e->args->name : NULL;
	bool process = str_eq(e->name, "process_name"), thread = str_eq(e->name, "thread_name");

	for (size_t i = 0; name && (process || thread) && i < t->n; i++) {
		struct trace_track *k = &t->tracks[i];

		if (k->pid == e->pid && process)
			k->process = name;
		else if (k->pid == e->pid && k->tid == e->tid)
			k->thread = name;
	}
}

/* Second round. */
static void take(struct reading *r, const struct trace_event *e)
{
	struct trace_track *k;

	printable(e->name);
	printable(e->cat);
	if (e->args)
		printable(e->args->name);
	if (str_eq(e->ph, "M")) {
		name_track(r->t, e);
		return;
	}
	k = track_of(r, e);
	if (!k)
		return;
	k->spans[k->n++] = (struct trace_span){
		.name = e->name,
		.category = e->cat ? e->cat : "",
		.start = e->ts.thousandths,
		.length = e->dur.thousandths,
	};
}

static int by_start(const void *a, const void *b)
{
	const struct trace_span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->length == y->length ? 0 : x->length > y->length ? -1 : 1;
}

static int64_t end_of(const struct trace_span *s)
{
	return s->start + s->length;
}

/* A span is a part of those before it that have not ended when it begins. */
static void nest(struct trace_track *k)
{
	qsort(k->spans, k->n, sizeof(*k->spans), by_start);
	k->spans->up = NULL;
	k->spans->depth = 0;
	for (size_t i = 1; i < k->n; i++) {
		struct trace_span *s = &k->spans[i];

		s->up = s - 1;
		while (s->up && end_of(s->up) <= s->start)
			s->up = s->up->up;
		s->depth = s->up ? s->up->depth + 1 : 0;
	}
}

static void find_ends(struct trace *t)
{
	t->start = INT64_MAX;
	for (size_t i = 0; i < t->n; i++) {
		const struct trace_track *k = &t->tracks[i];

		if (k->spans[0].start < t->start)
			t->start = k->spans[0].start;
		for (size_t j = 0; j < k->n; j++)
			if (end_of(&k->spans[j]) > t->end)
				t->end = end_of(&k->spans[j]);
	}
}

int trace_read(const char *text, size_t len, struct arena *a, struct trace *ret, struct error *err)
{
	struct reading r = {.a = a, .t = ret, .err = err};
	struct trace_file *file;
	int status = oci_table_read(&trace_file_type, text, len, a, (void **)&file, NULL, err);

	if (status < 0)
		return error_prefix(err, "not a trace");
	if (file->events_len > MAX_EVENTS)
		return error_set(err, EFBIG, "more than %d events", MAX_EVENTS);
	r.file = file;
	r.room = file->events_len < MAX_TRACKS ? file->events_len : MAX_TRACKS;
	*ret = (struct trace){.tracks = arena_array(a, r.room, sizeof(*ret->tracks))};
	if (!ret->tracks)
		return error_errno(err, ENOMEM, "read trace");
	for (size_t i = 0; status == 0 && i < file->events_len; i++)
		status = count(&r, i);
	if (status == 0)
		status = ret->n ? make_room(&r) : error_set(err, EINVAL, "no spans in it");
	if (status < 0)
		return status;
	for (size_t i = 0; i < file->events_len; i++)
		take(&r, &file->events[i]);
	for (size_t i = 0; i < ret->n; i++)
		nest(&ret->tracks[i]);
	find_ends(ret);
	return 0;
}

static int join_track(struct trace_track *k, const struct trace_track *more, struct arena *a)
{
	struct trace_span *both = arena_array(a, k->n + more->n, sizeof(*both));

	if (!both)
		return -ENOMEM;
	memcpy(both, k->spans, k->n * sizeof(*both));
	memcpy(both + k->n, more->spans, more->n * sizeof(*both));
	k->spans = both;
	k->n += more->n;
	nest(k);
	return 0;
}

int trace_add(struct trace *t, const struct trace *more, struct arena *a, struct error *err)
{
	struct trace_track *tracks = arena_array(a, t->n + more->n, sizeof(*tracks));
	size_t before = t->n, found;
	int r = tracks ? 0 : -ENOMEM;

	if (r == 0 && before)
		memcpy(tracks, t->tracks, before * sizeof(*tracks));
	for (size_t i = 0; r == 0 && i < more->n; i++) {
		const struct trace_track *k = &more->tracks[i];

		for (found = 0; found < before; found++)
			if (tracks[found].pid == k->pid && tracks[found].tid == k->tid)
				break;
		if (found < before)
			r = join_track(&tracks[found], k, a);
		else
			tracks[t->n++] = *k;
	}
	if (r < 0)
		return error_errno(err, r, "read trace");
	t->tracks = tracks;
	t->start = before && t->start < more->start ? t->start : more->start;
	t->end = t->end > more->end ? t->end : more->end;
	return 0;
}

static bool is_verb(const struct trace_span *s)
{
	return str_eq(s->category, "verb");
}

struct trace_sum trace_sum(const struct trace_track *k)
{
	struct trace_sum sum = {0};
	int64_t waited = INT64_MIN; /* the end of the last wait that was counted */

	for (size_t i = 0; i < k->n; i++) {
		const struct trace_span *s = &k->spans[i];

		if (s->joined)
			continue;
		if (!s->up)
			sum.total += s->length;
		if (str_eq(s->category, TRACE_WAIT) && s->start >= waited) {
			sum.waiting += s->length;
			waited = end_of(s);
		}
		if (is_verb(s))
			sum.unnamed += s->length;
		if (s->up && is_verb(s->up))
			sum.unnamed -= s->length;
	}
	if (sum.unnamed < 0) /* parts that overlap */
		sum.unnamed = 0;
	return sum;
}
